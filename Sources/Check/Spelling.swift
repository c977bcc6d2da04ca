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

  /// The number that Lua takes a text for (Lua 5.4 manual §3.4.3); nil when it takes it for none.
  static func number(in text: String) -> Double? {
    let isBlank = { (byte: UInt8) in byte == 0x20 || (9...13).contains(byte) }
    let bytes = text.utf8.drop(while: isBlank)
    let word = String(decoding: bytes.prefix { !isBlank($0) }, as: UTF8.self)
    guard bytes.dropFirst(word.utf8.count).allSatisfy(isBlank) else { return nil }
    // Swift knows "inf" and "nan", Lua does not.
    return word.contains { "nN".contains($0) } ? nil : Double(word)
  }

  /// How many letters may be wrong.
  private static func farthest(_ count: Int) -> Int { count < 3 ? 0 : count < 5 ? 1 : count < 8 ? 2 : 3 }

  private static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8CString), Array(other.utf8CString))
    return unsafe Int(clamping: lh_name_distance(one, one.count - 1, other, other.count - 1))
  }
}
