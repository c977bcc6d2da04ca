/// A message that a relay passes on: what its sender writes, and what its receiver must hear.
struct RelayedMessage: Equatable, Sendable {
  let sent: String
  let heard: Expectation

  /// What is heard has these members; where they stand, and what stands beside them, is the server's business.
  init(_ sent: String, heard members: [String]) {
    self.sent = sent
    heard = Expectation(members: members)
  }

  /// What is heard is what was sent, to the byte.
  init(unaltered text: String) {
    sent = text
    heard = Expectation(text: text)
  }
}
