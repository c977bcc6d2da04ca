import Bytes

extension Fuzzer {
  /// Whatever scans as an object can be spliced: the result is an object again, in which the replaced members
  /// are found once with their new values and the removed one is gone.
  public static let splice = Fuzzer(name: "splice") { input in
    // The scan's callers have checked UTF-8 before.
    guard String(validating: input, as: UTF8.self) != nil else { return nil }
    var index = JSONIndex()
    guard index.scan(input) == .object else { return nil }
    if let broken = nested(input, &index) { return broken }
    index.scan(input)
    let edited = spliced(input, &index) { splice in
      named("id") { _ = splice.replace($0, integer: -7) }
      named("data") { key in named("q\"\n") { _ = splice.replace(key, string: $0) } }
      named("type") { _ = splice.remove($0) }
    }
    guard let edited else { return "No plan for an object" }
    let broken = edited.withUnsafeBytes { text -> String? in
      guard String(validating: text, as: UTF8.self) != nil else { return "The result is not UTF-8" }
      guard index.scan(text) == .object else { return "The result is no object" }
      guard named("id", { index.field($0, in: text) })?.integer(in: text) == -7 else { return "id is not replaced" }
      guard named("type", { index.field($0, in: text) }) == nil else { return "type is still there" }
      var queue = ByteQueue()
      guard named("data", { index.field($0, in: text) })?.string(in: text, into: &queue) == .appended,
        queue.withBytes({ $0.elementsEqual("q\"\n".utf8) })
      else { return "data is not replaced" }
      // Taking out what was put in leaves no trace of it.
      guard let shorter = spliced(text, &index, { splice in named("id") { _ = splice.remove($0) } }) else {
        return "No plan for what was spliced"
      }
      return shorter.withUnsafeBytes { text in
        guard index.scan(text) == .object else { return "What is left is no object" }
        return named("id") { index.field($0, in: text) } == nil ? nil : "id is still there"
      }
    }
    return broken.map { "\($0): \(String(decoding: edited, as: UTF8.self))" }
  }

  /// The same for members of nested objects, together with one of the outermost.
  private static func nested(_ input: UnsafeRawBufferPointer, _ index: inout JSONIndex) -> String? {
    for path in ["data.id", "id.data.type", "data.0.id"] {
      let edited = named(path) { path -> [UInt8]? in
        guard let parent = index.parent(of: path, in: input) else { return [] }
        return spliced(input, &index) { splice in
          splice.enter(parent)
          splice.replace(parent.name, integer: -7)
          splice.leave()
          named("new") { _ = splice.replace($0, integer: 7) }
        }
      }
      guard let edited else { return "No plan for \(path)" }
      if edited.isEmpty { continue }
      let holds = edited.withUnsafeBytes { text in
        guard String(validating: text, as: UTF8.self) != nil, index.scan(text) == .object else { return false }
        let found = named(path) { index.field(path: $0, in: text) }?.integer(in: text)
        // A member that is called all of the path would be found first.
        let isHidden = named(path) { index.field($0, in: text) } != nil
        return (isHidden || found == -7) && named("new") { index.field($0, in: text) }?.integer(in: text) == 7
      }
      if !holds { return "\(path) is not replaced: \(String(decoding: edited, as: UTF8.self))" }
      index.scan(input)
    }
    return nil
  }

  private static func spliced(
    _ text: UnsafeRawBufferPointer, _ index: inout JSONIndex, _ edit: (inout JSONSplice) -> Void
  ) -> [UInt8]? {
    var splice = JSONSplice()
    splice.begin()
    edit(&splice)
    guard let count = splice.plan(text, index) else { return nil }
    var output = [UInt8](repeating: 0, count: count)
    output.withUnsafeMutableBytes { splice.write(text, into: $0) }
    return output
  }

  private static func named<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(name.utf8).withUnsafeBytes(body)
  }
}
