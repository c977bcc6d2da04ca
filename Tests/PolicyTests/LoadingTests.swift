import Policy
import Testing

/// What an author reads whose script does not load, and what settings and modules do.
@Suite struct LoadingTests {
  private func refusal(
    _ source: String, settings: [(String, String)] = [], files: [String: String] = [:],
    limits: (inout MountLimits) -> Void = { _ in }
  ) -> ScriptError? {
    do {
      _ = try Service(source, settings: settings, files: files, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test func aHookThatFailsTakesNothingBackOfWhatTheScriptDidWhileItLoaded() throws {
    let service = try Service(
      """
      local failed
      mount.x = relay.now()
      return {
        on_connect = function() if not failed then failed = true; error("first") end end,
        on_message = function(peer) peer:send(tostring(mount.x)) end,
      }
      """)
    _ = service.connect()
    let client = service.connect()
    service.send(client, "hello")
    #expect(service.heard(client) == [.text("1700000001.0")])
  }

  @Test func aTimerThatIsStartedWhileTheScriptLoadsWaits() throws {
    let service = try Service(
      """
      mount:after(60, "tick")
      return { timers = { tick = function() mount:create_lobby("den") end } }
      """)
    service.advance(to: service.now + 59_999)
    #expect(service.mount.lobbyCount == 0)
    service.advance(to: service.now + 1)
    #expect(service.mount.lobbyCount == 1)
  }

  @Test(arguments: [
    ("local x =\nreturn {", "scripts/test.lua:2: unexpected symbol near 'return'"),
    ("\n\nreturn { on_connect = function() end", "scripts/test.lua:3: '}' expected near <eof>"),
    ("\n\nerror('no luck')", "scripts/test.lua:3: no luck"),
    ("\nlocal x = nil\nx.y = 1", "scripts/test.lua:3: attempt to index a nil value (local 'x')"),
    ("prnt('x')", "scripts/test.lua:1: unknown global 'prnt' (did you mean 'print'?)"),
    ("policy = {}", "scripts/test.lua:1: cannot create the global 'policy'"),
    ("", "the script returns nothing; it ends with 'return policy', a table of hooks"),
    ("return 5", "the script returns number; it ends with 'return policy'"),
    ("return { on_mesage = function() end }", "no hook is named 'on_mesage': did you mean 'on_message'?"),
    ("return { on_open = function() end }", "no hook is named 'on_open': did you mean 'on_"),
    ("return { on_message = 5 }", "hook 'on_message' is a number, not a function"),
    ("return { timers = 5 }", "the script's timers are a number, not a table of functions"),
    ("return { timers = { tick = 5 } }", "the script's timers are functions under names, not a number"),
    ("return { timers = { function() end } }", "the script's timers are functions under names"),
    ("mount:create_lobby()", "bad argument #1 to 'create_lobby' (string expected, got no value)"),
    ("\u{1b}Lua", "attempt to load a binary chunk"),
    ("mesage = nil", "scripts/test.lua:1: cannot create the global 'mesage'"),
    ("error({ code = 5 })", "table: 0x"),
  ])
  func aScriptThatDoesNotLoad(source: String, expected: String) throws {
    let error = try #require(refusal(source), "it loads")
    guard case .raised = error.cause else {
      Issue.record("\(error.cause)")
      return
    }
    #expect(error.message.contains(expected), "\(error.message)")
    #expect(error.firstLine.contains(expected) && !error.firstLine.contains("\n"))
  }

  @Test func loadingHasABudget() throws {
    for source in ["while true do end", "while pcall(function() while true do end end) do end return {}"] {
      let error = try #require(refusal(source) { $0.loadInstructions = 100_000 })
      guard case .instructions = error.cause else {
        Issue.record("\(error)")
        return
      }
      #expect(error.message.contains("scripts/test.lua:1: instruction budget exhausted (100000 instructions)"))
    }
    let slow = try #require(
      refusal("while true do end") { limits in
        limits.loadInstructions = 1 << 60
        limits.loadMilliseconds = 20
      })
    guard case .time = slow.cause else {
      Issue.record("\(slow)")
      return
    }
    let large = try #require(
      refusal("local all = {} for i = 1, 1e9 do all[i] = ('x'):rep(1000) .. i end return {}") { limits in
        limits.loadInstructions = 1 << 60
        limits.scriptBytes = 4 << 20
      })
    guard case .memory = large.cause else {
      Issue.record("\(large)")
      return
    }
    #expect(large.message.contains("scripts/test.lua:1: out of memory (the cap is 4096 KiB)"))
  }

  @Test func aZeroLimitIsNone() throws {
    let service = try Service.onMessage(
      "count() peer:send('done')",
      before: """
        local function count() for i = 1, 3000000 do local n = i end end
        for _ = 1, 4 do count() end
        """
    ) { limits in
      limits.loadInstructions = 0
      limits.loadMilliseconds = 0
      limits.hookInstructions = 0
      limits.hookMilliseconds = 0
      limits.queuedBytes = 0
    }
    let client = service.connect()
    service.send(client, "")
    #expect(service.failures().map(\.error.message) == [])
    #expect(service.heard(client) == [.text("done")])
  }

  @Test func memoryForTheStateItself() throws {
    let error = try #require(refusal("return {}") { $0.scriptBytes = 1000 })
    guard case .memory = error.cause else {
      Issue.record("\(error)")
      return
    }
    #expect(error.message == "scripts/test.lua: not enough memory to open a Lua state")
  }

  @Test func anEmptyPolicyServes() throws {
    let service = try Service("return {}")
    let client = service.connect()
    service.send(client, "hello")
    service.leave(client, 1000)
    #expect(service.events().isEmpty && service.mount.peerCount == 0)
    #expect(service.request("GET /") == nil)
    guard case .accept(let subprotocol, let attributes) = service.upgrade() else { throw ScriptFailure() }
    #expect(subprotocol == nil && attributes.isEmpty)
    #expect(service.mount.scriptMemory > 1000)
    #expect(service.mount.scripts.policy.path == "scripts/test.lua" && service.mount.scripts.policy.version.count == 8)
  }

  // MARK: Settings

  private static let declaring = """
    local settings = relay.settings { number = 1.5, whole = 2, flag = true, text = "x" }
    return {
      on_message = function(peer)
        peer:send(("%s %s %s %s"):format(settings.number, settings.whole, settings.flag, settings.text))
      end
    }
    """

  @Test(
    arguments: [
      ([], "1.5 2 true x"),
      ([("number", "2.25"), ("whole", "-7"), ("flag", "false"), ("text", "a b")], "2.25 -7 false a b"),
      ([("number", "3")], "3 2 true x"),
      ([("whole", "0x10")], "1.5 16 true x"),
      ([("text", "")], "1.5 2 true "),
      ([("text", "5")], "1.5 2 true 5"),
    ] as [([(String, String)], String)])
  func settingsAreOfTheirDefaultsType(given: [(String, String)], expected: String) throws {
    let service = try Service(Self.declaring, settings: given)
    let client = service.connect()
    service.send(client, "")
    #expect(service.heard(client) == [.text(expected)])
  }

  @Test(arguments: [
    ("number", "much", "setting number: 'much' is not a number"),
    ("number", "", "setting number: '' is not a number"),
    ("whole", "2.5", "setting whole: '2.5' is not a whole number"),
    ("whole", "1e3", "setting whole: '1e3' is not a whole number"),
    ("flag", "yes", "setting flag: 'yes' is neither true nor false"),
    ("nmber", "1", "no setting is named 'nmber': did you mean 'number'?"),
    ("colour", "1", "no setting is named 'colour'; there are: "),
  ])
  func settingsThatDoNotFit(name: String, value: String, expected: String) throws {
    let message = try #require(refusal(Self.declaring, settings: [(name, value)])).message
    #expect(message.contains(expected), "\(message)")
    if name == "colour" {
      for declared in ["number", "whole", "flag", "text"] { #expect(message.contains(declared)) }
    }
  }

  @Test(arguments: [
    ("return {}", "no setting is named 'x': the script declares none"),
    (
      "relay.settings { x = print } return {}",
      "setting x: a default is a number, a boolean, a string or a list of strings, not a function"
    ),
    ("relay.settings { 'x' } return {}", "a setting's name is a string"),
    ("relay.settings() return {}", "table expected, got no value"),
    (
      "relay.settings { x = 1 } relay.settings { x = 2 } return {}",
      "scripts/test.lua:1: setting x is declared twice"
    ),
  ])
  func declarationsThatAreWrong(source: String, expected: String) throws {
    let message = try #require(refusal(source, settings: [("x", "1")])).message
    #expect(message.contains(expected), "\(message)")
  }

  @Test func modulesDeclareSettingsOfTheirOwn() throws {
    let files = ["scripts/rule.lua": "local own = relay.settings { limit = 3 } return own.limit"]
    let source = "local own = relay.settings { x = 1 } local limit = require 'rule'"
    let check = " if limit ~= 7 or own.x ~= 2 then error('not set') end return {}"
    _ = try Service(source + check, settings: [("x", "2"), ("limit", "7")], files: files)
    let repeated = "relay.settings { limit = 1 } require 'rule' return {}"
    let message = try #require(refusal(repeated, files: files)).message
    #expect(message.contains("scripts/rule.lua:1: setting limit is declared twice"), "\(message)")
  }

  @Test func settingsAreNotDeclaredInHooks() throws {
    let service = try Service.onMessage("relay.settings { x = 1 }")
    service.send(service.connect(), "")
    #expect(
      service.failures().first?.error.message.contains("settings are declared while the script loads, not in a hook")
        == true)
  }

  // MARK: Modules

  @Test func modulesAreFoundBesideTheScriptThenAmongPlugins() throws {
    let service = try Service(
      """
      local a, b, c = require "a", require "sub.b", require "c"
      assert(require "a" == a)
      return { on_message = function(peer) peer:send(a.name .. b.name .. c.name) end }
      """,
      files: [
        "scripts/a.lua": "return { name = 'scripts/a' }", "plugins/a.lua": "return { name = 'plugins/a' }",
        "scripts/sub/b.lua": "local a = require 'a' return { name = '+b of ' .. a.name .. '+' }",
        "plugins/c.lua": "return { name = 'plugins/c' }",
      ])
    let client = service.connect()
    service.send(client, "")
    #expect(service.heard(client) == [.text("scripts/a+b of scripts/a+plugins/c")])
  }

  @Test(arguments: [
    ("require 'gone'", "cannot load module 'gone': no file gone.lua in scripts, plugins"),
    ("require 'a.gone'", "no file a/gone.lua in scripts, plugins"),
    ("require '../secret'", "a module's name is made of letters, digits, '_' and dots"),
    ("require '..secret'", "a module's name is made of letters, digits, '_' and dots"),
    ("require '/etc/secret'", "a module's name is made of letters, digits, '_' and dots"),
    ("require 'a/b'", "a module's name is made of letters, digits, '_' and dots"),
    ("require '.'", "a module's name is made of letters, digits, '_' and dots"),
    ("require ''", "not a module's name"),
    ("require 'a\\0b'", "not a module's name"),
    ("require(('x'):rep(201))", "not a module's name"),
    ("require 'circle'", "module 'circle' requires itself in a circle"),
    ("require 'broken'", "scripts/broken.lua:2: "),
    ("require 'raises'", "scripts/raises.lua:1: no luck"),
    ("require 'global'", "cannot create the global 'x'"),
  ])
  func modulesThatAreRefused(code: String, expected: String) throws {
    let files = [
      "../secret.lua": "return 1", "/etc/secret.lua": "return 1", "a/b.lua": "return 1", "secret.lua": "return 1",
      "scripts/../secret.lua": "return 1", "scripts//etc/secret.lua": "return 1", "scripts/.lua": "return 1",
      "scripts/circle.lua": "require 'round'", "scripts/round.lua": "require 'circle'",
      "scripts/broken.lua": "local x\nx = = 1", "scripts/raises.lua": "error('no luck')",
      "scripts/global.lua": "x = 1",
    ]
    let message = try #require(refusal(code + " return {}", files: files)).message
    #expect(message.contains(expected), "\(message)")
  }

  // MARK: Reporting

  @Test func printAndLogReachTheReport() throws {
    let service = try Service(
      """
      print("loading", 1, nil, true, 1.5)
      return {
        on_message = function(peer)
          for _, level in ipairs { "debug", "info", "warning", "error" } do relay.log(level, "as " .. level) end
          print("é\\255")
          error("and then")
        end
      }
      """)
    service.send(service.connect(), "")
    let lines = service.events().map { event -> String in
      switch event {
      case .script(let level, let text): "\(level): \(text)"
      case .fellBack: "fell back"
      case .finished: "finished"
      case .closedAtLimit(_, let limit): "closed at \(limit)"
      case .hookFailed(let hook, let error, _): "\(hook) failed: \(error.firstLine)"
      }
    }
    #expect(
      lines == [
        "info: loading\t1\tnil\ttrue\t1.5", "debug: as debug", "info: as info", "warning: as warning",
        "error: as error", "info: é\u{FFFD}", "on_message failed: scripts/test.lua:6: and then",
      ])
  }

  @Test func aTracebackNamesTheFunctions() throws {
    let service = try Service.onMessage("inner()", before: "local function inner() error('deep') end")
    service.send(service.connect(), "")
    let message = try #require(service.failures().first?.error.message)
    #expect(message.hasPrefix("scripts/test.lua:2: deep\nstack traceback:\n"))
    #expect(message.contains("scripts/test.lua:2: in upvalue 'inner'") && message.contains("scripts/test.lua:4: in "))
  }

  @Test func countersAddUp() throws {
    let service = try Service.onMessage(
      "relay.count('a'); relay.count('b', 5); relay.count('b', -2); relay.count('n' .. message:text())")
    let client = service.connect()
    for number in 1...300 { service.send(client, "\(number)") }
    // Names are bounded: 254 beside the two. The hooks that want more fail, and so have counted nothing.
    #expect(service.mount.counters.script.count == 256)
    #expect(service.mount.counters.script["a"] == 254 && service.mount.counters.script["b"] == 762)
    #expect(service.mount.counters.messagesIn == 300)
    #expect(service.failures().last?.error.message.contains("a script has at most 256 metrics") == true)
  }
}
