import Policy
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
    ("peer:close('bye')", "3:8: error: argument 1 of peer:close, 'code', is a number, not a string"),
    ("peer:close(99999, 'x')", "3:8: error: a close code is 1000-1003, 1007-1014 or 3000-4999, not 99999"),
    ("peer:close('1005')", "3:8: error: a close code is 1000-1003, 1007-1014 or 3000-4999, not 1005"),
    (
      "local code = -1 if nil then peer:close(code) end",
      "3:36: error: a close code is 1000-1003, 1007-1014 or 3000-4999, not -1"
    ),
    ("if nil then peer:close(2^20 and 4000.5) end", ""),
    ("peer:close(4000.5)", "3:8: error: a close code is 1000-1003, 1007-1014 or 3000-4999, not 4000.5"),
    ("random.integer('a', 2)", "3:10: error: argument 1 of random.integer, 'low', is a number, not a string"),
    ("random.integer('nan', 2)", "3:10: error: argument 1 of random.integer, 'low', is a number, not a string"),
    ("relay.log('warn', 'x')", "3:9: error: a level is debug, info, warning or error, not 'warn'"),
    (
      "relay.log('eror', 'x')",
      "3:9: error: a level is debug, info, warning or error, not 'eror': did you mean 'error'?"
    ),

    // Nobody knows these before they run.
    (
      "peer.foo.bar = 3",
      "3:8: warning: every trial call of on_message fails here: attempt to index a nil value (field 'foo')"
    ),
    (
      "peer['snd'](peer, 3)",
      "3:8: warning: every trial call of on_message fails here: attempt to call a nil value (field 'snd')"
    ),
    (
      "local l = mount:create_lobby('a') local m = l.add m(l)",
      "3:43: warning: bad argument #2 to 'm' (peer expected, got no value)"
    ),
    ("error('this makes no sense')", "3:3: warning: every trial call of on_message fails here: this makes no sense"),
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
    "local t = { frob = function() end } t:frob() if t['x'] then t['x']() end",
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
    "if message:size() > 3 then error('this makes no sense') end",
    "if message:size() > 3 then error('long')\n else error('short') end",
    "random.integer('1', ' 0x1F ') random.integer('1', '1e3') random.integer('.0', '5.')",
    "peer:close(message:integer('code')) peer:close(message:string('code') and 1000)",
    "local code = 1 if peer.x then code = 1000 end if nil then peer:close(code) end",
    "relay.log(message:string('level') or 'info', 'x')",
    "local t = json.decode('{}') t.x = 1",
    "peer:send(message:string('name'))",
  ])
  func nothingIsSaidAgainst(body: String) throws {
    #expect(try Checking.findings(Self.onMessage(body)) == [])
  }

  @Test func settingsThatNobodyHasDeclared() throws {
    let source = "local settings = relay.settings { max = 4, min = 1 }\n"
    #expect(
      try Checking.findings(source + Self.onMessage("if settings.maxx then peer:close() end")) == [
        "test.lua:4:15: error: no setting is declared as 'maxx': did you mean 'max'?"
      ])
    #expect(
      try Checking.findings(source + Self.onMessage("if settings.owner then peer:close() end")) == [
        "test.lua:4:15: error: no setting is declared as 'owner'; there are: max, min"
      ])
  }

  /// Fields of settings that come otherwise.
  @Test(arguments: [
    "local settings = relay.settings { max = 4 } settings.maxx = 2 * settings.max",
    "local settings = relay.settings { max = 4 } rawset(settings, 'maxx', 5)",
    "local settings = relay.settings { max = 4 } for n = 1, 2 do settings['max' .. n] = n end",
    "local settings = relay.settings { ['maxx'] = 4 }",
    "local settings = relay.settings { ['ma' .. 'xx'] = 4 }",
    "local settings = relay.settings { max = 4 } setmetatable(settings, { __index = function() return 5 end })",
    "local settings = setmetatable(relay.settings { max = 4 }, {})",
    "local defaults = { max = 4 } defaults['maxx'] = 5 local settings = relay.settings(defaults)",
    "local settings = relay.settings { max = 4 } settings = { maxx = 5 }",
    "local settings = relay.settings { max = 4 } local function fill(t) t.maxx = 5 end fill(settings)",
  ])
  func settingsThatComeOtherwise(source: String) throws {
    #expect(try Checking.findings(source + "\n" + Self.onMessage("if settings.maxx then peer:close() end")) == [])
  }

  /// What stops a hook for good is told of each hook; what may depend on what was made up is not.
  @Test func hooksThatFailAlways() throws {
    let source = """
      local policy = { timers = {} }
      function policy.on_upgrade(request)
        if request:query("token") then request:attach("token", "x") else request:attach("token", "y") end
      end
      function policy.on_connect(peer)
        peer:after(1, "late", "words")
        peer:after(2, "never")
      end
      function policy.on_message(peer) peer:send(peer.token:upper()) end
      function policy.on_disconnect(peer)
        relay.count(peer.nothing.at_all)
      end
      function policy.on_request(request)
        if request:path() == "/den" then return request:answer(200) end
        request:answer(request.status.code)
      end
      function policy.timers.late(peer, words) peer:send(words:upper()) end
      function policy.timers.never(peer)
        peer:send(peer.nothing:upper())
      end
      return policy
      """
    #expect(
      try Checking.findings(source) == [
        "test.lua:11:20: warning: every trial call of on_disconnect fails here: "
          + "attempt to index a nil value (field 'nothing')",
        "test.lua:19:18: warning: every trial call of timers.never fails here: "
          + "attempt to index a nil value (field 'nothing')",
      ])
  }

  /// As the log tells them: without another run of the script.
  @Test(arguments: [
    (
      "local policy = {}\npolicy.on_message = 3\nreturn policy",
      "test.lua:2:8: hook 'on_message' is a number, not a function"
    ),
    (
      "local policy = {}\nlocal on_message = 3\nfunction policy.on_mesage() end\nreturn policy",
      "test.lua:3:17: no hook is named 'on_mesage': did you mean 'on_message'?"
    ),
    (
      "local policy = {}\n\n-- the end\n",
      "test.lua:1:17: the script returns nothing; it ends with 'return policy', a table of hooks"
    ),
    ("", "test.lua:1:1: the script returns nothing; it ends with 'return policy', a table of hooks"),
    (
      "return {\n  timers = 3 }",
      "test.lua:2:3: the script's timers are a number, not a table of functions"
    ),
    ("\nerror('no')", "test.lua:2: no"),
  ])
  func complaints(source: String, expected: String) throws {
    let scripts = try Scripts(policy: Script(path: "test.lua", source: Array(source.utf8)))
    #expect(throws: ScriptError.self) {
      do throws(ScriptError) {
        _ = try Mount(scripts: scripts, outbox: Outbox(), read: { _ in nil }, report: { _ in })
      } catch {
        #expect(Checker.complaint(error, in: scripts) == expected)
        throw error
      }
    }
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
      "test.lua:3:8: error: the script returns number; it ends with 'return policy', a table of hooks"
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
