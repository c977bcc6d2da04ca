import Bytes
import WebSocket

/// The message that was sent compressed last. Whoever else it is for gets what was made of it then: it is compressed
/// once for each window size, however many are in a lobby, and whether a script broadcasts or sends it to one by one.
@safe
struct SharedDeflation: ~Copyable {
  /// A longer message is sent as it is: compressing it would hold everybody up for some ten milliseconds.
  static let bytesMax = 1 << 20
  /// A block larger than this, which one long message has needed, is not kept for the next.
  private static let keptBytes = 256 << 10

  private var payload = ByteQueue()
  private var next = ByteQueue()
  /// By window size, from 9 bits on; nil for those that nobody has asked for.
  private var forms: [DeflatedForm?] = Array(repeating: nil, count: 7)

  /// The message of `count` bytes that `fill` writes, compressed; nil when that does not make it smaller. Valid until
  /// the next call.
  mutating func deflated(
    count: Int, windowBits: UInt8, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> UnsafeRawBufferPointer? {
    guard count > 0, count <= Self.bytesMax else { return nil }
    next.empty(keepingBlockUpTo: Self.keptBytes)
    unsafe next.append(count: count) { unsafe fill($0) }
    if !isSame() {
      swap(&payload, &next)
      for form in forms { form?.state = .unknown }
    }
    let form = form(windowBits)
    if form.state == .unknown {
      unsafe payload.withBytes { unsafe form.deflate(UnsafeRawBufferPointer($0), keepingBlockUpTo: Self.keptBytes) }
    }
    return unsafe form.state == .smaller ? UnsafeRawBufferPointer(form.bytes.withBytes { unsafe $0 }) : nil
  }

  private mutating func isSame() -> Bool {
    let new = unsafe UnsafeRawBufferPointer(next.withBytes { unsafe $0 })
    let old = unsafe UnsafeRawBufferPointer(payload.withBytes { unsafe $0 })
    return unsafe ByteSearch.isEqual(new, to: old)
  }

  private mutating func form(_ windowBits: UInt8) -> DeflatedForm {
    let index = Int(windowBits) - 9
    if let form = forms[index] { return form }
    let form = DeflatedForm(windowBits: windowBits)
    forms[index] = form
    return form
  }
}

/// What became of that message for one window size.
private final class DeflatedForm {
  enum State {
    case unknown
    case smaller
    case notSmaller
  }

  var state = State.unknown
  var bytes = ByteQueue()
  private var deflater: Deflater

  init(windowBits: UInt8) { deflater = Deflater(windowBits: windowBits) }

  func deflate(_ payload: UnsafeRawBufferPointer, keepingBlockUpTo blockBytesMax: Int) {
    var count: Int?
    bytes.empty(keepingBlockUpTo: blockBytesMax)
    _ = unsafe bytes.appendUpTo(minimum: Deflater.room(for: payload.count)) { room in
      count = unsafe deflater.compress(payload, into: room)
      return count ?? 0
    }
    state = count == nil ? .notSmaller : .smaller
  }
}
