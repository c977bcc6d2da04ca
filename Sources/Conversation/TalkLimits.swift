/// How large a `.talk` file and what it asks for may be. Fixed: reaching one is a mistake in the file.
enum TalkLimits {
  static let fileBytesMax = 32 << 20
  static let lineBytesMax = 64 << 10
  static let conversationsMax = 2_000
  static let stepsMax = 100_000
  static let actorsMax = 1_000
  static let namesMax = 10_000
  static let wordBytesMax = 64
  static let depthMax = 64
  static let repeatBytesMax = 64 << 20
  static let waitMillisecondsMax = 24 * 60 * 60 * 1_000
  static let clausesMax = 64
  static let shapeRepeatMax = 65_536
  static let filesMax = 10_000
}
