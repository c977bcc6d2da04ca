/// A whole frame as a client sends it: final, masked (RFC 6455 §5.2).
enum ClientFrame {
  enum Opcode: UInt8 {
    case text = 1
    case close = 8
    case pong = 10
  }

  /// One key for every frame: the generator prepares a frame once and sends it a million times.
  static let key: [UInt8] = [0x5A, 0xC3, 0x96, 0x3C]

  static func headerBytes(payloadBytes: Int) -> Int {
    payloadBytes < 126 ? 6 : payloadBytes < 65536 ? 8 : 14
  }

  static func encode(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = [0x80 | opcode.rawValue]
    frame.reserveCapacity(headerBytes(payloadBytes: payload.count) + payload.count)
    let lengthBytes: Int
    switch payload.count {
    case ..<126:
      frame.append(0x80 | UInt8(payload.count))
      lengthBytes = 0
    case ..<65536:
      frame.append(0x80 | 126)
      lengthBytes = 2
    default:
      frame.append(0x80 | 127)
      lengthBytes = 8
    }
    for index in 0..<lengthBytes {
      frame.append(UInt8(truncatingIfNeeded: payload.count >> (8 * (lengthBytes - 1 - index))))
    }
    frame += key
    for (index, byte) in payload.enumerated() { frame.append(byte ^ key[index & 3]) }
    return frame
  }
}
