import WebSocket

extension Fuzzer {
  /// Whatever is inflated stays within its limit and says the same again; whatever is compressed is smaller, and comes
  /// back; whatever is offered is answered with what was asked for.
  ///
  /// Input: a byte of options (bits 0-2: the window; bits 3-5: the limit), a byte that is none, and the bytes that are
  /// a compressed message, a plain one and an offer.
  public static let deflate = Fuzzer(name: "deflate") { input in
    guard input.count > 2 else { return nil }
    let limits = [1, 16, 125, 300, 4096, 65536, 1 << 20, 1 << 20]
    let bytes = UnsafeRawBufferPointer(rebasing: input[2...])
    return inflated(bytes, limit: limits[Int(input[0] >> 3 & 7)])
      ?? roundTrip(bytes, windowBits: 9 + min(6, input[0] & 7)) ?? offered(String(decoding: bytes, as: UTF8.self))
  }

  private static func inflated(_ payload: UnsafeRawBufferPointer, limit: Int) -> String? {
    var inflater = Inflater()
    let first = outcome(inflater.inflate(payload, bytesMax: limit))
    guard first.bytes.count <= limit else { return "\(first.bytes.count) bytes, \(limit) allowed" }
    guard outcome(inflater.inflate(payload, bytesMax: limit)) == first else { return "Again it is not \(first)" }
    guard first.name == "message" else { return nil }
    let more = outcome(inflater.inflate(payload, bytesMax: 0))
    return more == first ? nil : "Without a limit it is not \(first)"
  }

  private static func outcome(_ answer: Inflater.Answer) -> (name: String, bytes: [UInt8]) {
    switch answer {
    case .message(let plain): ("message", Array(plain))
    case .tooBig: ("too big", [])
    case .corrupt: ("corrupt", [])
    }
  }

  private static func roundTrip(_ plain: UnsafeRawBufferPointer, windowBits: UInt8) -> String? {
    var deflater = Deflater(windowBits: windowBits)
    var room = [UInt8](repeating: 0, count: Deflater.room(for: plain.count))
    guard let count = room.withUnsafeMutableBytes({ deflater.compress(plain, into: $0) }) else { return nil }
    guard count < plain.count else { return "\(plain.count) bytes became \(count)" }
    var inflater = Inflater()
    return room.withUnsafeBytes { room in
      let compressed = UnsafeRawBufferPointer(rebasing: room[..<count])
      let back = outcome(inflater.inflate(compressed, bytesMax: plain.count))
      return back.bytes == Array(plain) ? nil : "With a window of \(windowBits) bits it came back as \(back)"
    }
  }

  private static func offered(_ text: String) -> String? {
    let elements = text.split(separator: ",").map(String.init)
    guard let agreed = DeflateParameters(answering: elements) else { return nil }
    guard text.contains("permessage-deflate") else { return "\(agreed.text) was not offered" }
    let isSaid = agreed.text.hasSuffix("; server_max_window_bits=\(agreed.serverWindowBits)")
    guard isSaid || agreed.serverWindowBits == 15 else { return "The window is not said: \(agreed.text)" }
    return isSaid && !text.contains("server_max_window_bits") ? "Nobody asked for \(agreed.text)" : nil
  }
}
