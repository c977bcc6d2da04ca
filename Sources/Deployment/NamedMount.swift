/// What a mount is called.
public protocol NamedMount {
  var key: MountKey { get }
  /// Other names that it answers to.
  var names: [String] { get }
}

extension Array where Element: NamedMount {
  /// The position of the mount that is meant; nil is the only one.
  public func position(of name: String?) throws(DeployRefusal) -> Int {
    let keys = map(\.key.text).joined(separator: ", ")
    guard let name else {
      if count == 1 { return 0 }
      throw DeployRefusal(400, "say which mount: there are \(keys)")
    }
    if let exact = firstIndex(where: { $0.key.text == name }) { return exact }
    let found = indices.filter { self[$0].names.contains(name) }
    if found.count == 1 { return found[0] }
    let problem = found.isEmpty ? "there is no mount '\(name)': there are \(keys)" : "'\(name)' may be \(keys)"
    throw DeployRefusal(404, problem)
  }
}
