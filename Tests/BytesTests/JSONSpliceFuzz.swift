import Testing

@testable import Bytes

/// One fuzz case: any bytes. Whatever scans as an object is spliced; the result must be an object again, in
/// which the replaced members are found once with their new values and the removed one is gone.
func fuzzJSONSplice(_ text: UnsafeRawBufferPointer) {
  // The scan's callers have checked UTF-8 before.
  guard String(validating: text, as: UTF8.self) != nil else { return }
  var index = JSONIndex()
  var splice = JSONSplice()
  guard index.scan(text) == .object else { return }
  let id = Array("id".utf8)
  let data = Array("data".utf8)
  let type = Array("type".utf8)
  splice.begin()
  id.withUnsafeBytes { key in precondition(splice.replace(key, integer: -7)) }
  data.withUnsafeBytes { key in
    "q\"\n".utf8.withContiguousStorageIfAvailable {
      precondition(splice.replace(key, string: UnsafeRawBufferPointer($0)))
    }
  }
  type.withUnsafeBytes { key in precondition(splice.remove(key)) }
  guard let count = splice.plan(text, index) else { preconditionFailure("no plan for an object") }
  let output = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { output.deallocate() }
  splice.write(text, into: output)

  let result = UnsafeRawBufferPointer(output)
  precondition(String(validating: result, as: UTF8.self) != nil)
  precondition(index.scan(result) == .object)
  let found = id.withUnsafeBytes { index.field($0, in: result) }
  precondition(found?.integer(in: result) == -7)
  precondition(type.withUnsafeBytes { index.field($0, in: result) } == nil)
  var queue = ByteQueue()
  precondition(data.withUnsafeBytes { index.field($0, in: result) }?.string(in: result, into: &queue) == .appended)
  precondition(queue.withBytes { $0.elementsEqual("q\"\n".utf8) })

  // Taking out what was put in leaves no trace of it.
  splice.begin()
  id.withUnsafeBytes { key in precondition(splice.remove(key)) }
  guard let less = splice.plan(result, index) else { preconditionFailure("no plan for an object") }
  let shorter = UnsafeMutableRawBufferPointer.allocate(byteCount: less, alignment: 1)
  defer { shorter.deallocate() }
  splice.write(result, into: shorter)
  precondition(index.scan(UnsafeRawBufferPointer(shorter)) == .object)
  precondition(id.withUnsafeBytes { index.field($0, in: UnsafeRawBufferPointer(shorter)) } == nil)
}

@Suite struct JSONSpliceFuzzTests {
  @Test func holdsForMutatedSeeds() {
    var dice = Dice(5)
    for _ in 0..<1500 {
      var text = Array(dice.object(depth: 3, members: 8).utf8)
      withExact(text, fuzzJSONSplice)
      for _ in 0..<3 where !text.isEmpty {
        let at = Int.random(in: 0..<text.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: text[at] = UInt8.random(in: 0...0xFF, using: &dice)
        case 1: text.remove(at: at)
        case 2: text.insert(contentsOf: text[at...].prefix(9), at: at)
        default: text[at] = Array("\"\\{}[],:0".utf8).randomElement(using: &dice)!
        }
        withExact(text, fuzzJSONSplice)
      }
    }
  }
}
