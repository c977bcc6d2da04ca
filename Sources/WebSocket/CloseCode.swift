import Bytes

/// Why a connection is closed (RFC 6455 §7.4, and the IANA registry for 1012-1014).
public enum CloseCode {
  public static let normal: UInt16 = 1000
  public static let goingAway: UInt16 = 1001
  public static let protocolError: UInt16 = 1002
  public static let unsupportedData: UInt16 = 1003
  public static let invalidPayload: UInt16 = 1007
  public static let policyViolation: UInt16 = 1008
  public static let messageTooBig: UInt16 = 1009
  public static let mandatoryExtension: UInt16 = 1010
  public static let internalError: UInt16 = 1011
  public static let serviceRestart: UInt16 = 1012
  public static let tryAgainLater: UInt16 = 1013
  public static let badGateway: UInt16 = 1014
  /// Reported, never sent: the close frame had no code (RFC 6455 §7.1.5).
  public static let noStatus: UInt16 = 1005
  /// Reported, never sent: there was no close frame (RFC 6455 §7.1.5).
  public static let abnormal: UInt16 = 1006

  /// Whether a close frame may carry `code` (RFC 6455 §7.4.1, §7.4.2). 1004 is reserved; 1005, 1006 and
  /// 1015 only describe what happened without one.
  public static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }

  /// A control frame's 125 bytes less the code (RFC 6455 §5.5, §5.5.1).
  public static let reasonBytesMax = 123

  /// How many bytes of a reason are sent: at most 123, all UTF-8, no scalar cut.
  public static func sentCount(ofReason reason: UnsafeRawBufferPointer) -> Int {
    unsafe UTF8Validator.validPrefixCount(UnsafeRawBufferPointer(rebasing: reason.prefix(reasonBytesMax)))
  }
}
