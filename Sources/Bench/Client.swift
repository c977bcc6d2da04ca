/// Somebody who speaks text with a server. Every measurement begins with a dialogue of such.
public protocol Client: AnyObject {
  func send(_ text: String) throws(BenchError)
  /// The next text that has come; fails when none comes.
  func receive() throws(BenchError) -> String
}

extension Client {
  /// Receives until a text holds all of these members, as they are written in it.
  func hear(_ members: String...) throws(BenchError) -> String {
    while true {
      let text = try receive()
      if members.allSatisfy({ text.contains($0) }) { return text }
    }
  }

  /// Receives until a text holds this member, and takes the value of another out of it.
  func hear(_ member: String, value name: String) throws(BenchError) -> String {
    let text = try hear(member)
    guard let value = rawMember(name, of: text) else { throw .server("the server's answer lacks '\(name)': \(text)") }
    return value
  }
}

/// The text of a member of a JSON object: digits, or what stands between quotes. Enough for set-up messages.
func rawMember(_ name: String, of text: String) -> String? {
  guard let key = text.firstRange(of: "\"\(name)\":") else { return nil }
  let value = text[key.upperBound...].drop { $0 == " " }
  guard value.first == "\"" else { return String(value.prefix { $0 != "," && $0 != "}" }) }
  return String(value.dropFirst().prefix { $0 != "\"" })
}
