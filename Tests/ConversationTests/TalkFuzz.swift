import FuzzBodies

@testable import Conversation

/// Reads any bytes as a `.talk` file, plays what can be read, and tries them as a shape.
func fuzzTalk(_ bytes: UnsafeRawBufferPointer) {
  if let broken = Fuzzer.talk.body(bytes) { preconditionFailure(broken) }
  let input = Array(bytes)
  if let shape = try? Shape(input) { _ = shape.matches(input) }
}
