import Testing

@testable import Configuration

@Suite struct ConfigurationTests {
  private func read(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration(path: "lobbyist.lua", source: Array(text.utf8))
  }

  @Test func whatItSaysIsTaken() throws {
    let configuration = try read(
      """
      listen("0.0.0.0:9080", "[::]:9080")
      log { format = "json", level = "warning" }
      deployments "kept/here"
      limits {
        connections = 1000,
        slow_reader = "drop",
      }
      mount "/" { script = "a.lua" }
      mount { "/connect", "/ws" } {
        script = "b.lua",
        host = "Play.Example.org",
        listen = "0.0.0.0:5000",
        settings = { timeout = 1.5, open = true, words = { "x", "y" }, motto = "hello there" },
        limits = { lobbies = 7 },
        plugins = { "p.lua", { "q.lua", length = 6 } },
        static = "www",
      }
      """)
    #expect(configuration.listen.map(\.value) == ["0.0.0.0:9080", "[::]:9080"])
    #expect(configuration.log.map { "\($0.name)=\($0.value)" } == ["format=json", "level=warning"])
    #expect(
      configuration.limits.map { "\($0.name)=\($0.value) \($0.line)" } == ["connections=1000 5", "slow_reader=drop 6"])
    #expect(configuration.deployments?.value == "kept/here" && configuration.deployments?.line == 3)
    let mount = try #require(configuration.mounts.last)
    #expect(configuration.mounts.count == 2 && mount.line == 9 && mount.paths == ["/connect", "/ws"])
    #expect(mount.script == "b.lua" && mount.scriptLine == 10 && mount.host == "play.example.org")
    #expect(mount.listen.map { "\($0.value) \($0.line)" } == ["0.0.0.0:5000 12"])
    #expect(
      mount.settings.map { "\($0.name)=\($0.value)" } == [
        "motto=hello there", "open=true", "timeout=1.5", "words=x y",
      ])
    #expect(mount.limits.map { "\($0.name)=\($0.value) \($0.line)" } == ["lobbies=7 14"])
    #expect(mount.plugins.map(\.script) == ["p.lua", "q.lua"])
    #expect(mount.plugins[1].settings.map { "\($0.name)=\($0.value) \($0.line)" } == ["length=6 15"])
    #expect(mount.pages?.value == "www" && mount.pages?.line == 16)
  }

  @Test func theAdminListenerMayHaveAToken() throws {
    let mount = "\nmount \"/\" { script = \"a.lua\" }"
    let plain = try read("admin \"127.0.0.1:9081\"" + mount)
    #expect(plain.admin?.value == "127.0.0.1:9081" && plain.adminToken == nil)
    let guarded = try read("admin {\n  \"0.0.0.0:9081\",\n  token = \"secret\",\n}" + mount)
    #expect(guarded.admin?.value == "0.0.0.0:9081" && guarded.adminToken?.value == "secret")
    #expect(guarded.adminToken?.line == 3)
    let wrong = [
      "admin {}", "admin { token = \"x\" }", "admin { \"a\", tokens = \"x\" }", "admin { \"a\", \"b\" }",
      "admin(\"a\", \"b\")", "admin { 9081 }", "admin \"a\"\nadmin \"b\"",
    ]
    for wrong in wrong {
      #expect(throws: ConfigurationError.self) { try read(wrong + mount) }
    }
  }

  @Test func proxiesAreOneOrAList() throws {
    let configuration = try read(
      """
      proxies "127.0.0.1"
      proxies { "10.0.0.0/8", "2001:db8::/32" }
      proxy_protocol { "192.0.2.1" }
      mount "/" { script = "a.lua" }
      """)
    let said = configuration.proxies.map { "\($0.value) \($0.line)" }
    #expect(said == ["127.0.0.1 1", "10.0.0.0/8 2", "2001:db8::/32 2"])
    #expect(configuration.proxyProtocol.map { "\($0.value) \($0.line)" } == ["192.0.2.1 3"])
  }

  @Test func itIsAProgram() throws {
    let configuration = try read(
      """
      for port = 9080, 9082 do listen("127.0.0.1:" .. port) end
      local games = { "chess", "go" }
      for _, game in ipairs(games) do
        mount("/" .. game) { script = game .. ".lua" }
      end
      """)
    #expect(configuration.listen.count == 3)
    #expect(configuration.mounts.map(\.script) == ["chess.lua", "go.lua"])
  }

  @Test func itMayRequireAndPrintAndLookAtTheEnvironment() throws {
    var printed: [String] = []
    let configuration = try Configuration(
      path: "lobbyist.lua",
      source: Array(
        """
        print("hello")
        mount "/" { script = require("names").godot, settings = { path = env "PATH", gone = env "NOT_SET_ANYWHERE" or "-" } }
        """.utf8),
      modules: { name in name == "names" ? ("names.lua", Array("return { godot = 'g.lua' }".utf8)) : nil },
      log: { printed.append($0) })
    #expect(printed == ["hello"])
    #expect(configuration.mounts[0].script == "g.lua")
    #expect(configuration.mounts[0].settings.map(\.name) == ["gone", "path"])
    #expect(configuration.mounts[0].settings[0].value == "-")
  }

  /// What is wrong, and what is said about it.
  static let mistakes = [
    ("", "lobbyist.lua:1: it mounts nothing"),
    ("mout \"/\" {}", "lobbyist.lua:1: unknown global 'mout' (did you mean 'mount'?)"),
    ("\n\nmount \"/\" {", "lobbyist.lua:3: "),
    (
      "mount \"/\" { script = \"a\",\n  plugin = {} }",
      "lobbyist.lua:2: a mount has no 'plugin': did you mean 'plugins'?"
    ),
    ("mount \"/\" { script = \"a\", zzzzzzzz = 1 }", "lobbyist.lua:1: a mount has no 'zzzzzzzz': there are script"),
    ("mount \"/\"\nlisten \":1\"", "lobbyist.lua:1: mount: a table belongs behind it"),
    ("mount \"/\"\nmount \"/x\" { script = \"a\" }", "lobbyist.lua:1: mount: a table belongs behind it"),
    ("mount \"/\" \"a.lua\"", "table expected, got string"),
    ("mount \"/\" {}", "lobbyist.lua:1: the mount has no script"),
    ("mount \"x\" { script = \"a\" }", "lobbyist.lua:1: 'x' is no path"),
    ("mount \"/x/\" { script = \"a\" }", "lobbyist.lua:1: '/x/' is no path"),
    ("mount \"/caf%C3%A9\" { script = \"a\" }", "'/caf%C3%A9' is no path: it is written as meant"),
    ("mount \"/\" { script = \"a\",\n host = \"x.org:443\" }", "lobbyist.lua:2: 'x.org:443' is no host"),
    ("mount \"/\" { script = \"a\", host = \"\" }", "lobbyist.lua:1: '' is no host"),
    ("mount \"/\" { script = \"a\", host = \"::1\" }", "lobbyist.lua:1: '::1' is no host"),
    ("mount \"/\" { script = \"a\", host = \"ws://x.org\" }", "lobbyist.lua:1: 'ws://x.org' is no host"),
    ("mount {} { script = \"a\" }", "lobbyist.lua:1: mount wants a path"),
    ("mount { \"/\", a = \"/x\" } { script = \"a\" }", "lobbyist.lua:1: paths are a list"),
    ("mount \"/\" { script = \"a\",\n listen = {} }", "lobbyist.lua:2: listen is an address"),
    ("mount \"/\" { script = \"a\",\n listen = { a = \":1\" } }", "lobbyist.lua:2: listen is an address"),
    ("mount(5) { script = \"a\" }", "lobbyist.lua:1: expected a path"),
    ("mount \"/\" { script = 5 }", "lobbyist.lua:1: script is not a number"),
    ("mount \"/\" { script = print }", "script: a function is no part of a configuration"),
    ("mount \"/\" { script = \"a\", settings = { words = { a = 1 } } }", "lobbyist.lua:1: words: a list has no names"),
    (
      "mount \"/\" { script = \"a\", settings = { words = { \"a b\" } } }", "words: a list holds strings without spaces"
    ),
    ("mount \"/\" { script = \"a\", plugins = { 5 } }", "lobbyist.lua:1: a plugin is a path, not a number"),
    ("mount \"/\" { script = \"a\", plugins = { { length = 5 } } }", "a plugin is a path, or a table of a path"),
    ("mount \"/\" { script = \"a\", plugins = { x = \"p\" } }", "plugins are a list"),
    ("listen()", "lobbyist.lua:1: listen wants an address"),
    ("proxies {}\nproxies { 7 }", "lobbyist.lua:2: expected addresses or networks"),
    ("proxies { a = \"::1\" }", "lobbyist.lua:1: expected addresses or networks"),
    ("listen(9080)", "lobbyist.lua:1: expected an address"),
    ("log { level = \"info\",\n lvel = 1 }", "lobbyist.lua:2: log has no 'lvel': did you mean 'level'?"),
    ("limits(5)", "lobbyist.lua:1: limits wants a table"),
    ("limits { [1.5] = 2 }", "a table has names and positions from 1 on, and no other keys"),
    ("local t = {} t.t = t limits(t)", "tables are nested more than"),
    ("while true do end", "budget exhausted"),
    ("error('no')", "lobbyist.lua:1: no"),
    ("require 'gone'", "no module 'gone'"),
    ("os.exit()", "unknown global 'os'"),
  ]

  @Test(arguments: mistakes)
  func mistakesAreShownWithTheirPlace(_ text: String, _ expected: String) {
    let error = #expect(throws: ConfigurationError.self) { _ = try read(text) }
    #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
  }

  @Test func linesOfNamesAreFound() {
    let text = SourceText(path: "x", source: Array("a = 1\nab = 2\n  [\"a\"] = 3\na == 4\n".utf8))
    #expect(text.line(of: "a", from: 1) == 1)
    #expect(text.line(of: "a", from: 2) == 3)
    #expect(text.line(of: "b", from: 1) == 1)
    #expect(text.line(of: "ab", from: 1) == 2)
    #expect(text.line(of: "a", from: 9) == 9)
  }
}
