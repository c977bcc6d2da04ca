/// The header of a server's frame: unmasked (RFC 6455 §5.2).
struct ServerFrame {
  static let finalText: UInt8 = 0x81

  /// FIN, reserved bits and opcode.
  var first: UInt8
  var headerBytes: Int
  var payloadBytes: Int

  var bytes: Int { headerBytes + payloadBytes }

  enum Reading {
    case whole(ServerFrame)
    case partial
    case broken
  }

  /// Reads the frame at the front of `bytes`, if all of it is there. Looks at the header only.
  @inline(__always)
  static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
    guard bytes.count >= 2 else { return .partial }
    let second = unsafe bytes[1]
    guard second & 0x80 == 0 else { return .broken }
    var headerBytes = 2
    var payloadBytes = Int(second)
    if second == 126 {
      guard bytes.count >= 4 else { return .partial }
      payloadBytes = unsafe Int(bytes[2]) << 8 | Int(bytes[3])
      headerBytes = 4
    } else if second == 127 {
      guard bytes.count >= 10 else { return .partial }
      guard unsafe bytes[2] & 0x80 == 0 else { return .broken }
      payloadBytes = 0
      for index in 2..<10 { payloadBytes = unsafe payloadBytes << 8 | Int(bytes[index]) }
      headerBytes = 10
    }
    guard bytes.count - headerBytes >= payloadBytes else { return .partial }
    return unsafe .whole(ServerFrame(first: bytes[0], headerBytes: headerBytes, payloadBytes: payloadBytes))
  }
}
