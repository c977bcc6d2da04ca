import Lobby

/// The last messages of a lobby, bounded in number and in bytes.
struct TailRing {
  static let messagesMax = 200
  static let payloadBytesMax = 256 << 10

  /// The oldest first.
  private(set) var messages: [TailedMessage] = []
  private var payloadBytes = 0
  private var sequence: UInt64

  /// - Parameter sequence: what the numbers go on from.
  init(after sequence: UInt64) { self.sequence = sequence }

  /// What to ask for messages after, when all these are known.
  var next: UInt64 { sequence }

  mutating func append(_ passage: TailedPassage, at: Double, from: MemberID?, to: [MemberID]) {
    sequence += 1
    payloadBytes += passage.payload?.count ?? 0
    messages.append(
      TailedMessage(
        sequence: sequence, at: at, from: from, to: Array(to.prefix(TailedPassage.receiversMax)), receivers: to.count,
        passage: passage))
    while messages.count > Self.messagesMax || payloadBytes > Self.payloadBytesMax {
      payloadBytes -= messages.removeFirst().passage.payload?.count ?? 0
    }
  }

  /// Those that somebody does not know yet who knows all up to a number. All of them for a number that none has had.
  func messages(after known: UInt64) -> ArraySlice<TailedMessage> {
    guard known <= sequence, let first = messages.first?.sequence, known >= first else { return messages[...] }
    return messages[min(Int(known - first) + 1, messages.count)...]
  }
}
