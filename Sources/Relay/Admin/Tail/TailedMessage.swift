import Lobby

/// One message to members of a lobby, as a tail tells of it.
struct TailedMessage: Equatable {
  /// Goes up from message to message, also from one tail of a lobby to the next.
  let sequence: UInt64
  /// Seconds since 1970.
  let at: Double
  /// The member whose event it was; nil for the script's own, or when somebody else's event was its cause.
  let from: MemberID?
  /// Some of those who were sent it, and how many there are in all.
  let to: [MemberID]
  let receivers: Int
  let passage: TailedPassage
}

/// What is kept of what a message says.
struct TailedPassage: Equatable {
  /// Members that are named of those who were sent the same.
  static let receiversMax = 16
  /// Bytes that are kept of a payload.
  static let payloadBytesMax = 4096

  let isBinary: Bool
  let bytes: Int
  let type: MessageType?
  /// Its beginning; nil when payloads are not kept.
  let payload: [UInt8]?

  init(isBinary: Bool, bytes: Int, type: MessageType?, payload: [UInt8]?) {
    self.isBinary = isBinary
    self.bytes = bytes
    self.type = type
    self.payload = payload
  }

  init(_ bytes: UnsafeRawBufferPointer, isBinary: Bool, keepingPayload: Bool) {
    self.isBinary = isBinary
    self.bytes = bytes.count
    type = unsafe isBinary ? nil : MessageType(of: bytes)
    payload = unsafe keepingPayload ? Array(bytes.prefix(Self.payloadBytesMax)) : nil
  }
}
