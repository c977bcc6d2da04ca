import Testing

/// Nothing is said against a script that comes with the relay.
@Suite struct ShippedScriptsTests {
  /// These need settings.
  private static let settings: [String: [(name: String, value: String)]] = [
    "plugins/origins.lua": [("origins.allow", "https://game.example")],
    "plugins/token.lua": [("token.keys", "one:0123456789abcdef0123456789abcdef")],
    "plugins/turn.lua": [("turn.secret", "0123456789abcdef"), ("turn.urls", "turn:turn.example.org:3478")],
  ]

  @Test func everyPolicyIsClean() throws {
    let policies =
      Checking.luaFiles(in: "scripts") + Checking.luaFiles(in: "examples")
      + Checking.luaFiles(in: "Tests/Conversations")
    // Configurations, modules, plugins and unit tests are no policies.
    let others = [
      "lobbyist.lua", "godot3_text.lua", "words.lua", "two_players.lua", "four_words.lua", "rooms.lua",
      "refuse_in_newer.lua",
    ]
    let checked = policies.filter { policy in
      !policy.hasSuffix("_test.lua") && !others.contains { policy.hasSuffix("/" + $0) }
    }
    #expect(checked.count > 10)
    for policy in checked { #expect(try Checking.findings(policy: policy) == [], "\(policy)") }
  }

  @Test func everyPluginIsClean() throws {
    // Those in folders are modules.
    let own = Checking.luaFiles(in: "plugins").filter { $0.split(separator: "/").count == 2 }
    let plugins =
      own + Checking.luaFiles(in: "benchmarks/plugins")
      + ["examples/policies/two_players.lua", "examples/policies/four_words.lua"]
    #expect(own.count > 10)
    for plugin in plugins {
      for policy in [nil, "scripts/godot.lua", "scripts/gamejam.lua"] {
        let findings = try Checking.findings(
          policy: policy, plugins: [plugin], settings: Self.settings[plugin] ?? [])
        #expect(findings == [], "\(plugin) before \(policy ?? "nothing")")
      }
    }
  }
}
