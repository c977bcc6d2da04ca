import Testing

@testable import Relay

@Suite struct LimitTableTests {
  @Test func everyNameIsUniqueAndExplained() {
    #expect(Set(RelayLimits.table.map(\.name)).count == RelayLimits.table.count)
    #expect(RelayLimits.table.allSatisfy { !$0.summary.isEmpty && $0.name.allSatisfy { $0 == "_" || $0.isLowercase } })
  }

  /// Two names for one place, or a name for none, would show here.
  @Test(arguments: RelayLimits.table.map(\.name))
  func eachNameSetsOneLimitAndNoOther(_ name: String) throws {
    var limits = RelayLimits()
    let before = RelayLimits.table.map { limits.value(of: $0) }
    try limits.set(name, to: "77")
    for (entry, old) in zip(RelayLimits.table, before) {
      #expect(limits.value(of: entry) == (entry.name == name ? 77 : old))
    }
  }

  /// What 0 is held as must be none for the code that meets it.
  @Test func noLimitIsHeldAsNone() throws {
    var limits = RelayLimits()
    for entry in RelayLimits.table { try limits.set(entry.name, to: "0") }
    let heldAsZero = RelayLimits.table.filter { limits.value(of: $0) == 0 }.map(\.name)
    #expect(
      heldAsZero == [
        "message_bytes", "ping_milliseconds", "connections", "connections_per_address", "connects_per_minute",
        "handshakes_per_minute", "messages_per_second", "bytes_per_second", "control_frames_per_second",
        "fragments_per_message", "socket_bytes", "admin_connections", "bans", "deployments_kept",
        "log_lines_per_second", "log_bytes_per_minute", "queued_bytes", "deflate_from_bytes", "lobbies",
        "lobby_name_bytes",
        "members_per_lobby", "lobbies_per_peer", "timers_per_subject", "attribute_bytes", "held_messages", "held_bytes",
        "kept_bytes",
        "kept_peers", "script_versions", "breaker_failures",
      ])
    #expect(limits.headBytes == RelayLimits.unreachable)
    #expect(limits.mount.hookMilliseconds == RelayLimits.unreachable)
    #expect(limits.mount.jsonDepth == 128)
  }

  @Test(arguments: ["", "-1", "1.5", "ten", "1e3", " 1", "0x10", "9223372036854775808", "1000000000001"])
  func whatIsNoUsableNumberIsRefused(_ text: String) {
    var limits = RelayLimits()
    let error = #expect(throws: LimitError.self) { try limits.set("connections", to: text) }
    #expect(error?.message.contains("connections") == true)
    #expect(error?.message.contains("'\(text)'") == true)
    #expect(limits.connections == RelayLimits().connections)
  }

  @Test func theLargestValueIsTaken() throws {
    var limits = RelayLimits()
    try limits.set("connections", to: "1000000000000")
    #expect(limits.connections == 1_000_000_000_000)
    try limits.set("json_depth", to: "128")
    #expect(limits.mount.jsonDepth == 128)
    #expect(throws: LimitError.self) { try limits.set("json_depth", to: "129") }
  }

  @Test func whatHasChangedIsNamed() throws {
    let former = RelayLimits()
    var limits = former
    #expect(limits.names(changedFrom: former) == [])
    for name in ["connections", "lobbies"] { try limits.set(name, to: "7") }
    try limits.set("slow_reader", to: "drop")
    #expect(limits.names(changedFrom: former) == ["connections"])
    #expect(limits.names(changedFrom: former, among: RelayLimits.mountNames) == ["lobbies", "slow_reader"])
  }

  @Test func theSlowReaderIsClosedOrDropped() throws {
    var limits = RelayLimits()
    try limits.set("slow_reader", to: "drop")
    #expect(limits.mount.slowReader == .drop)
    try limits.set("slow_reader", to: "close")
    #expect(limits.mount.slowReader == .close)
    let error = #expect(throws: LimitError.self) { try limits.set("slow_reader", to: "1") }
    #expect(error?.message == "limit slow_reader is 'close' or 'drop', not '1'")
  }

  @Test func anUnknownNameIsAnsweredWithAllThereAre() {
    var limits = RelayLimits()
    let error = #expect(throws: LimitError.self) { try limits.set("mesage_bytes", to: "1") }
    #expect(error?.message.hasPrefix("no limit is named 'mesage_bytes'. There are: message_bytes, ") == true)
    #expect(error?.message.hasSuffix(", slow_reader") == true)
  }
}
