import Lobby
import LuaHost

/// What C is given for the time of one test: what it may ask, and bytes lent to it.
@safe
final class TestAsking {
  struct Found {
    let name: String
    let line: Int
  }

  private let answer: TestFile.Answer
  fileprivate(set) var found: [Found] = []
  /// Lent until this goes; the answers to a question until the next.
  private var lent: [UnsafeMutablePointer<UInt8>] = unsafe []
  private var answered: [UnsafeMutablePointer<UInt8>] = unsafe []

  init(_ answer: @escaping TestFile.Answer) { self.answer = answer }

  deinit {
    for index in unsafe lent.indices { unsafe lent[index].deallocate() }
    for index in unsafe answered.indices { unsafe answered[index].deallocate() }
  }

  /// With a zero behind them.
  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
    unsafe copy.initialize(from: bytes + [0], count: bytes.count + 1)
    return unsafe copy
  }

  func lend(_ text: String) -> UnsafePointer<CChar> {
    let copy = unsafe Self.copy(Array(text.utf8))
    unsafe lent.append(copy)
    return unsafe UnsafePointer(UnsafeMutableRawPointer(copy).assumingMemoryBound(to: CChar.self))
  }

  func lend(_ source: [UInt8], named name: String) -> lh_chunk {
    let copy = unsafe Self.copy(source)
    unsafe lent.append(copy)
    return unsafe lh_chunk(plugin: nil, source: copy, count: source.count, chunk_name: lend(name))
  }

  fileprivate func ask(_ call: Call) -> Bool {
    for index in unsafe answered.indices { unsafe answered[index].deallocate() }
    unsafe answered = []
    do throws(TestFile.Refusal) {
      for value in try answer(unsafe (0..<call.count).map { unsafe call.plain($0) }) {
        switch value {
        case nil: unsafe call.answerNil()
        case .bool(let flag): unsafe call.answer(flag)
        case .integer(let integer): unsafe call.answer(integer)
        case .number(let number): unsafe call.answer(number)
        case .text(let bytes):
          let copy = unsafe Self.copy(bytes)
          unsafe answered.append(copy)
          unsafe call.answer(UnsafeRawBufferPointer(start: copy, count: bytes.count))
        }
      }
      return true
    } catch {
      unsafe call.refuse(error.message)
      return false
    }
  }
}

private func asking(_ context: UnsafeMutableRawPointer?) -> TestAsking? {
  // C was given it for the time of one test, during which it is alive.
  unsafe context.map { unsafe Unmanaged<TestAsking>.fromOpaque($0).takeUnretainedValue() }
}

let noteFound: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int, Int32) -> Void = {
  context, name, length, line in
  let name = unsafe String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
  unsafe asking(context)?.found.append(TestAsking.Found(name: name, line: Int(line)))
}

/// The frame is gone before C raises anything.
let answerAsked: lh_dispatch = { context, call in
  guard let call = unsafe call, let asking = unsafe asking(context) else { return false }
  return unsafe asking.ask(Call(raw: call))
}
