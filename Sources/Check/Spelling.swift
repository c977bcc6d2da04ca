import LuaHost

/// Which name may have been meant.
enum Spelling {
  /// The nearest of `names`, if any is near: the first of equally near ones in their order by alphabet.
  static func nearest(to name: String, in names: [String]) -> String? {
    let found = names.filter { $0 != name }.map { ($0, distance(name, $0)) }
      .min { ($0.1, $0.0) < ($1.1, $1.0) }
    guard let found, found.1 <= farthest(name.utf8.count) else { return nil }
    return found.0
  }

  /// How many letters may be wrong.
  private static func farthest(_ count: Int) -> Int { count < 3 ? 0 : count < 5 ? 1 : count < 8 ? 2 : 3 }

  private static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8CString), Array(other.utf8CString))
    return unsafe Int(clamping: lh_name_distance(one, one.count - 1, other, other.count - 1))
  }
}
