import Testing

@testable import Check

/// The mistakes that authors make, and exactly what they read.
@Suite struct FindingTests {
  private static func onMessage(_ body: String) -> String {
    "local policy = { timers = {} }\nfunction policy.on_message(peer, message)\n  \(body)\nend\nreturn policy\n"
  }

  /// In line 3, from column 3 on.
  @Test(arguments: [
    ("prnt('x')", "3:3: error: unknown global 'prnt' (did you mean 'print'?)"),
    ("if nil then mesage:text() end", "3:15: error: unknown global 'mesage' (did you mean 'message'?)"),
    ("local function never() return xyzzy end", "3:33: error: unknown global 'xyzzy'"),
    ("return _ENV.prnt", "3:15: error: unknown global 'prnt' (did you mean 'print'?)"),
    (
      "local f = function(...) count = ... end",
      "3:27: error: cannot create the global 'count': write 'local count' where it is first set"
    ),
    (
      "local count = 0; if nil then coutn = 1 end",
      "3:32: error: cannot create the global 'coutn': did you mean 'count'?"
    ),
    ("local a; a, b.c = 1, 2", "3:15: error: unknown global 'b'"),
    ("json = nil", "3:3: error: cannot assign to the built-in global 'json'"),
    (
      "if nil then function helper() end end",
      "3:24: error: cannot create the global 'helper': write 'local helper' where it is first set"
    ),

    ("peer:sned('x')", "3:8: error: peer has no method 'sned': did you mean 'send'?"),
    (
      "local lobby = mount:find_lobby('x') if lobby then lobby:membres() end",
      "3:59: error: lobby has no method 'membres': did you mean 'members'?"
    ),
    (
      "for _, other in ipairs(mount:peers()) do other:frobnicate() end",
      "3:50: error: peer has no method 'frobnicate'"
    ),
    ("mount:create_loby('x')", "3:9: error: mount has no method 'create_loby': did you mean 'create_lobby'?"),
    ("message:txet()", "3:11: error: message has no method 'txet': did you mean 'text'?"),
    ("local t = message:text() t:uper()", "3:30: error: string has no method 'uper': did you mean 'upper'?"),
    ("local t = {} if t.x then t.x:sned() end", "3:32: warning: nothing has a method 'sned': did you mean 'send'?"),
    ("peer.send('x')", "3:8: error: 'send' is called with a colon: peer:send(…)"),
    ("random.txt(4)", "3:10: error: random has no function 'txt': did you mean 'text'?"),
    ("local sha = crypto.sha265", "3:22: warning: crypto has no field 'sha265': did you mean 'sha256'?"),
    ("string.fromat('x')", "3:10: error: string has no function 'fromat': did you mean 'format'?"),

    ("peer:send()", "3:8: error: peer:send lacks argument 1, 'text'"),
    ("random.integer(1)", "3:10: error: random.integer lacks argument 2, 'high'"),
    ("peer:send('x', 1)", "3:8: warning: peer:send takes at most 1 argument, not 2"),
    ("random.uuid(4)", "3:10: warning: random.uuid takes no arguments, not 1"),
    ("peer:send(12)", "3:8: error: argument 1 of peer:send, 'text', is a string, not a number"),
    ("peer:send({ type = 'x' })", "3:8: error: argument 1 of peer:send, 'text', is a string, not a table"),
    ("peer:close('bye')", ""),
    ("peer:close(4000, 12)", "3:8: error: argument 2 of peer:close, 'reason', is a string, not a number"),
    (
      "message:forward(12)",
      "3:11: error: argument 1 of message:forward, 'destination', is a peer or lobby, not a number"
    ),
    (
      "peer.list = {}",
      "3:8: error: attribute 'list': nil, a boolean, a number or a string is kept, not a table"
    ),
    ("peer.send = 1", "3:8: error: 'send' is a method of peer: choose another name for the attribute"),
    (
      "message.seen = true",
      "3:11: error: a message lives as long as its hook and keeps no attributes; set them on the peer"
    ),
    ("random.seed = 1", "3:10: error: cannot set 'seed': the table 'random' is read-only"),
    ("peer:after(1, 'tick')", "3:8: error: no timer is named 'tick'"),
  ])
  func inAHook(body: String, expected: String) throws {
    let findings = try Checking.findings(Self.onMessage(body))
    #expect(findings == (expected.isEmpty ? [] : ["test.lua:" + expected]))
  }

  /// What is allowed, though it looks alike.
  @Test(arguments: [
    "local print = 5 local x = print",
    "local _ENV = { x = 1 } x = 2 y = x",
    "local function f(_ENV) return anything end f({})",
    "for i = 1, 2 do local i = i end goto done ::done::",
    "local t = { frob = function() end } t:frob() t['x']()",
    "local s = [==[ prnt() ]==] -- prnt()\n --[[ prnt() ]] s:upper()",
    "local x <const>, y <close> = 0x1p4, nil; local z = x // 1 ~ 3",
    "repeat local inner = true until inner",
    "if peer.anything == nil then peer.anything = 1 end",
    "peer:send(json.encode { a = { 1, 2; 3 }, ['b'] = \"\\x41\\z  \\u{48}\\065\" })",
    "peer:close() peer:close(4000) peer:close(nil, nil)",
    "local lobby = peer:lobby() if lobby then lobby:broadcast('x', { peer }) lobby:broadcast('x') end",
    "local a, b = message:integer('a', 'b') local c = message:string() or '' peer:send(c)",
    "local peer = { sned = function() end } peer:sned()",
    "local who = peer if message:text() == 'x' then who = { sned = function() end } who:sned() end",
    "random.text(table.unpack({ 4 }))",
    "local text = json.decode(message:text()).text",
    "if false then peer = nil end",
    "error('this makes no sense')",
    "local t = json.decode('x') t.x = 1",
    "peer:send(message:string('name'))",
  ])
  func nothingIsSaidAgainst(body: String) throws {
    #expect(try Checking.findings(Self.onMessage(body)) == [])
  }

  /// What is known of a local function's parameters comes from its calls.
  @Test func parametersAreWhatIsHandedIn() throws {
    let source = """
      local policy = {}
      local function greet(who, words) who:sned(words) end
      local function either(it) if it.sned then it:sned() end end
      function policy.on_connect(peer) if peer.x then greet(peer, "hello") either(peer) either({ sned = print }) end end
      return policy
      """
    #expect(
      try Checking.findings(source) == ["test.lua:2:38: error: peer has no method 'sned': did you mean 'send'?"])
  }

  @Test(arguments: [
    (
      "local policy = {}\nfunction policy.on_mesage() end\nreturn policy",
      "test.lua:2:17: error: no hook is named 'on_mesage': did you mean 'on_message'?"
    ),
    (
      "return {\n  on_mesage = function() end }",
      "test.lua:2:3: error: no hook is named 'on_mesage': did you mean 'on_message'?"
    ),
    (
      "return {\n  on_join = function() end }",
      "test.lua:2:3: error: hook 'on_join' is for plugins: name this file with --plugin"
    ),
    ("relay.settings {\n  size = 3,\n}\nreturn {}", "test.lua:2:3: error: setting size: 'big' is not a number"),
    ("relay.settings { size = 'x' }\nlocal x = )", "test.lua:2:11: error: unexpected symbol near ')'"),
    (
      "relay.settings { size = 'x' }\n\nreturn 5",
      "test.lua: error: the script returns number; it ends with 'return policy', a table of hooks"
    ),
    (
      "relay.settings { size = 'x' } require 'gone' return {}",
      "test.lua:1:39: error: cannot load module 'gone': no file gone.lua in ., plugins"
    ),
  ])
  func whileLoading(source: String, expected: String) throws {
    #expect(try Checking.findings(source, settings: [("size", "big")]) == [expected])
  }

  @Test func modulesAreReadToo() throws {
    let files = [
      "./rules.lua": "local rules = {}\nfunction rules.apply()\n  return prnt\nend\nreturn rules",
      "plugins/late/one.lua": "return function() other = 1 end",
    ]
    let source =
      "local rules = require 'rules' return { on_message = function() if rules.x then require 'late.one' end end }"
    #expect(
      try Checking.findings(source, files: files) == [
        "./rules.lua:3:10: error: unknown global 'prnt' (did you mean 'print'?)",
        "plugins/late/one.lua:1:19: error: cannot create the global 'other': write 'local other' where it is first set",
      ])
  }

  @Test func timers() throws {
    let source = """
      local policy = { timers = { late = function(peer) peer:sned() end } }
      function policy.on_connect(peer)
        peer:after(1, "tik")
        peer:after(1, "late")
      end
      function policy.timers.tick(peer) end
      return policy
      """
    #expect(
      try Checking.findings(source) == [
        "test.lua:1:56: error: peer has no method 'sned': did you mean 'send'?",
        "test.lua:3:8: error: no timer is named 'tik': did you mean 'tick'?",
        "test.lua:6:24: warning: the timer 'tick' is never started",
      ])
  }

  /// Names that only running tells.
  @Test func timersOfUnknownNamesAreNotGuessedAt() throws {
    let source = """
      local policy = { timers = {} }
      local name = "ti" .. "ck"
      for _, each in ipairs { "a", "b" } do policy.timers[each] = function() end end
      function policy.on_connect(peer) peer:after(1, "a") peer:after(1, "b") peer:after(1, name) end
      policy.timers.tick = function() end
      return policy
      """
    #expect(try Checking.findings(source) == [])
  }

  /// Nothing is known of these values before the script runs.
  @Test func theTrialRunFindsTheRest() throws {
    let source = """
      local policy, handlers, kept = { timers = {} }, {}, {}
      function handlers.join(peer) peer.joined = true end
      handlers["leave"] = function(peer)
        if peer.joined then peer:sned("bye") end
      end
      function handlers.keep(_, message)
        if kept.message then kept.message:size() end
        kept.message = message
      end
      function handlers.start(peer)
        peer:after(1, "ti" .. "k")
      end
      function handlers.fail() error("what is this?") end
      function policy.timers.tick() end
      function policy.on_message(peer, message)
        local data = json.decode(message:text())
        handlers[data.command](peer, message)
      end
      return policy
      """
    #expect(
      try Checking.findings(source) == [
        "test.lua:4:28: error: peer has no method 'sned': did you mean 'send'?",
        "test.lua:7:3: error: a message lives as long as its hook: take what you need out of it while the hook runs",
        "test.lua:11:3: error: no timer is named 'tik': did you mean 'tick'?",
      ])
  }

  @Test func pluginsAreCheckedWithTheirOwnHooks() throws {
    let plugin = "return { on_join = function(peer, lobby)\n  if lobby:cuont() > 2 then return 'full' end\nend }"
    #expect(
      try Checking.findings("return {}", plugin: plugin) == [
        "rule.lua:2:12: error: lobby has no method 'cuont': did you mean 'count'?"
      ])
  }

  @Test func aScriptThatSetsItsEnvironmentIsLeftOut() throws {
    #expect(
      try Checking.findings("_ENV = { }\nx = y\nreturn {}")
        == ["test.lua: warning: it sets _ENV: globals are not checked"])
  }

  /// Lua refuses these, before or after they have been read.
  @Test(arguments: ["(", "{", "-", "not ", "a(", "a..", "function() ", "if a then ", "repeat ", "a.b[", "'", "--[["])
  func nestingIsBounded(opening: String) throws {
    let source = "return " + String(repeating: opening, count: 50_000)
    #expect(try Checking.findings(source).count == 1, "\(opening)")
  }

  @Test func filesThatAreTooLongAreLeftOut() throws {
    let source = "return { --" + String(repeating: "x", count: 1 << 20) + "\n}"
    #expect(
      try Checking.findings(source) == ["test.lua: warning: it is too long: names and calls are not checked"])
  }

  @Test func findingsAsJSON() {
    let finding = Finding("a \"b\".lua", Place(line: 3, column: 7), .warning, "a\nb\\'é'")
    #expect(
      finding.json
        == #"{"file":"a \"b\".lua","line":3,"column":7,"severity":"warning","message":"a\u000ab\\'é'"}"#)
    #expect(Finding("x.lua", nil, .error, "y").json.contains(#""line":1,"column":1,"severity":"error""#))
  }
}
