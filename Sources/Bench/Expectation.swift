/// What every message that one socket receives must say.
struct Expectation: Equatable, Sendable {
  private enum Wanted: Equatable, Sendable {
    /// An object with these members, as they are written, wherever they stand in it.
    case members([[UInt8]])
    case text([UInt8])
  }

  private let wanted: Wanted
  /// The length of the first good message; all others must have it too.
  private(set) var payloadBytes: Int?

  init(members: [String]) { wanted = .members(members.map { Array($0.utf8) }) }

  init(text: String) { wanted = .text(Array(text.utf8)) }

  mutating func accepts(_ payload: [UInt8]) -> Bool {
    guard payloadBytes == nil || payloadBytes == payload.count, isWanted(payload) else { return false }
    payloadBytes = payload.count
    return true
  }

  private func isWanted(_ payload: [UInt8]) -> Bool {
    switch wanted {
    case .text(let text): return payload == text
    case .members(let members):
      guard payload.first == UInt8(ascii: "{"), payload.last == UInt8(ascii: "}") else { return false }
      return members.allSatisfy { holds($0, payload) }
    }
  }

  /// Whether `member` is in `payload`, with the comma or brace behind it that ends a member.
  private func holds(_ member: [UInt8], _ payload: [UInt8]) -> Bool {
    guard payload.count > member.count else { return false }
    for start in 0..<(payload.count - member.count) where payload[start] == member[0] {
      let end = start + member.count
      let ended = payload[end] == UInt8(ascii: ",") || payload[end] == UInt8(ascii: "}")
      if ended, payload[start..<end].elementsEqual(member) { return true }
    }
    return false
  }
}
