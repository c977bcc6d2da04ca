import Bytes
import FuzzBodies
import Testing
import WebSocket

/// What `body` appends to an empty queue.
func appended(_ body: (inout ByteQueue) -> Void) -> [UInt8] {
  var queue = ByteQueue()
  body(&queue)
  return queue.withBytes { Array($0) }
}

/// The bytes of one frame, masked as a client's unless told otherwise, in its shortest form.
func frame(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, key: UInt32? = 0x0403_0201) -> [UInt8] {
  // Written by hand: tests also need control frames that the writer refuses.
  let header = FrameHeader(isFinal: isFinal, opcode: opcode, payloadCount: payload.count, key: key)
  var bytes = [UInt8](repeating: 0, count: header.count) + payload
  bytes.withUnsafeMutableBytes { place in
    header.encode(into: place)
    if let key { Masking.apply(key, to: UnsafeMutableRawBufferPointer(rebasing: place[header.count...])) }
  }
  return bytes
}

func frame(_ text: String, isFinal: Bool = true) -> [UInt8] { frame(.text, Array(text.utf8), isFinal: isFinal) }

func closeFrame(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
  frame(.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
}

func events(_ stream: [UInt8], role: Role = .server, messageBytesMax: Int = 0) -> [RecordedEvent] {
  RecordedEvent.read(stream, role: role, messageBytesMax: messageBytesMax) { $0 }
}

@Suite struct InboundTests {
  /// "frä" less its last byte.
  static let halfway: [UInt8] = [0x66, 0x72, 0xC3]

  static let mixed =
    frame("plain") + frame(.ping, [1, 2]) + frame(.text, halfway, isFinal: false) + frame(.pong, [])
    + frame(.continuation, [], isFinal: false) + frame(.continuation, [0xA4] + Array(" last".utf8)) + frame(.binary, [])
    + frame(.binary, [0xFF], isFinal: false) + frame(.ping, []) + frame(.continuation, Array(repeating: 7, count: 300))
    + frame(.text, Array(repeating: 0x61, count: 70_000)) + closeFrame(4000, Array("Lobby is sealed\0".utf8))
    + frame("discarded")

  @Test func aMixedStreamSaysWhatItSays() {
    #expect(
      events(Self.mixed) == [
        .message(isBinary: false, Array("plain".utf8)), .ping([1, 2]), .pong([]),
        .message(isBinary: false, Array("frä last".utf8)), .message(isBinary: true, []), .ping([]),
        .message(isBinary: true, [0xFF] + Array(repeating: 7, count: 300)),
        .message(isBinary: false, Array(repeating: 0x61, count: 70_000)), .close(4000, Array("Lobby is sealed".utf8)),
      ])
  }

  @Test func aStreamCutAtRandomSaysTheSame() {
    let whole = events(Self.mixed)
    var generator = SplitMix(seed: 1)
    for most in [1, 2, 3, 7, 15, 100, 5000] {
      for _ in 0..<8 {
        let cut = RecordedEvent.read(Self.mixed, role: .server, messageBytesMax: 0) { left in
          Int.random(in: 1...min(left, most), using: &generator)
        }
        #expect(cut == whole)
      }
    }
  }

  @Test func everyTruncationSaysAPrefixAndWaits() {
    let short = Array(Self.mixed.prefix(500))
    let whole = events(short)
    for count in 0...short.count {
      let some = events(Array(short[..<count]))
      #expect(Array(whole.prefix(some.count)) == some)
      // And cut in two exactly here, nothing changes.
      var pieces = [count, short.count - count].filter { $0 > 0 }
      #expect(RecordedEvent.read(short, role: .server, messageBytesMax: 0) { _ in pieces.removeFirst() } == whole)
    }
  }

  @Test(arguments: [0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537])
  func everyBoundaryLengthArrives(_ length: Int) {
    let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    #expect(events(frame(.binary, payload)) == [.message(isBinary: true, payload)])
    let unmasked = frame(.binary, payload, key: nil)
    #expect(events(unmasked, role: .client) == [.message(isBinary: true, payload)])
    #expect(
      RecordedEvent.read(frame(.binary, payload), role: .server, messageBytesMax: 0) { min($0, 4096) }
        == [.message(isBinary: true, payload)])
  }

  @Test func aSingleFrameIsASliceOfTheBufferAndAnIncompleteOneUntouched() {
    var bytes = frame("slice")
    var inbound = Inbound(role: .server, messageBytesMax: 0)
    let before = bytes
    bytes.withUnsafeMutableBytes { buffer in
      var offset = 0
      let partial = UnsafeMutableRawBufferPointer(rebasing: buffer.dropLast())
      guard case .incomplete(let needed) = inbound.next(partial, at: &offset) else {
        Issue.record("not incomplete")
        return
      }
      #expect(needed == buffer.count && offset == 0 && Array(buffer) == before)
      guard case .message(false, let payload) = inbound.next(buffer, at: &offset) else {
        Issue.record("no message")
        return
      }
      #expect(payload.baseAddress == buffer.baseAddress! + 6 && offset == buffer.count)
    }
  }

  @Test func limitsHoldBeforeThePayloadArrives() {
    let tooBig = RecordedEvent.violation(1009, "The message is too big (§10.4)")
    #expect(events(frame("12345"), messageBytesMax: 5) == [.message(isBinary: false, Array("12345".utf8))])
    #expect(events(Array(frame("123456").prefix(6)), messageBytesMax: 5) == [tooBig])
    #expect(
      events(Array(frame("123", isFinal: false) + frame(.continuation, [1, 2, 3]).prefix(6)), messageBytesMax: 5) == [
        tooBig
      ])
    let fits = frame("123", isFinal: false) + frame(.ping, [1, 2, 3, 4, 5, 6]) + frame(.continuation, [0x34, 0x35])
    #expect(events(fits, messageBytesMax: 5).last == .message(isBinary: false, Array("12345".utf8)))
    let longest: [UInt8] = [0x82, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 7) + [1, 2, 3, 4]
    #expect(events(longest) == [tooBig])
    #expect(events(longest, messageBytesMax: 65536) == [tooBig])
  }

  @Test func isSmall() {
    #expect(MemoryLayout<Inbound>.size <= 64)
  }
}
