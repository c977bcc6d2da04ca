import Reactor

/// What the operator has told a relay, and the one that takes over from it is to know.
///
/// As text: a line that says what it is, then at most one `level LEVEL`, then a line `ban NETWORK MILLISECONDS` for each
/// ban with what is left of its time, then `end`.
struct Legacy {
  private static let beginning = "lobbyist legacy 1"
  private static let ending = "end"
  /// More are not handed over: some 60 MB.
  private static let bansMax = 1_000_000

  typealias Ban = (network: HostAddress, milliseconds: UInt64)

  /// Nil for the one that the configuration says.
  let level: Log.Level?
  let bans: [Ban]

  init(level: Log.Level?, bans: some Collection<Ban>) {
    self.level = level
    self.bans = Array(bans.prefix(Self.bansMax))
  }

  /// Nil for anything that is not just as `bytes` would be.
  init?(parsing bytes: [UInt8]) {
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
    guard lines.popLast()?.isEmpty == true, lines.popLast() == Self.ending[...], lines.popFirst() == Self.beginning[...]
    else { return nil }
    var level: Log.Level?
    if let line = lines.first, line.hasPrefix("level ") {
      guard let found = Log.Level(String(line.dropFirst("level ".count))) else { return nil }
      level = found
      lines = lines.dropFirst()
    }
    guard lines.count <= Self.bansMax else { return nil }
    var bans: [Ban] = []
    for line in lines {
      guard let ban = Self.ban(line) else { return nil }
      bans.append(ban)
    }
    self.init(level: level, bans: bans)
    if self.bytes != bytes { return nil }
  }

  private static func ban(_ line: Substring) -> Ban? {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "ban", let network = Bans.network(parsing: String(words[1])),
      let milliseconds = UInt64(words[2]), milliseconds <= Bans.millisecondsMax
    else { return nil }
    return (network, milliseconds)
  }

  var bytes: [UInt8] {
    var text = Self.beginning + "\n"
    if let level { text += "level \(level)\n" }
    for ban in bans { text += "ban \(Bans.text(of: ban.network)) \(ban.milliseconds)\n" }
    return Array((text + Self.ending + "\n").utf8)
  }
}

extension Relay {
  /// What the one that takes over is to know.
  var legacy: Legacy {
    bans.forgetEnded(now)
    return Legacy(
      level: operatorLevel == log.level ? operatorLevel : nil, bans: bans.listed.map { ($0.host, $0.end - now) })
  }

  /// Takes over what the relay before has left.
  func inherit(_ bytes: [UInt8]) {
    guard let legacy = Legacy(parsing: bytes) else {
      return log.warning("what the relay before has left makes no sense: its bans and its log's level are lost")
    }
    if let level = legacy.level { (log.level, operatorLevel) = (level, level) }
    // Those that last longest come first.
    let taken = legacy.bans.prefix { ban in
      bans.insert(ban.network, until: now + ban.milliseconds, now: now, most: limits.bans)
    }
    if taken.count < legacy.bans.count {
      log.warning("limit bans (\(limits.bans)) leaves out \(legacy.bans.count - taken.count) bans of the relay before")
    }
    guard !taken.isEmpty else { return }
    log.info("\(taken.count) bans of the relay before go on: \(closeBanned()) peers are closed")
  }
}
