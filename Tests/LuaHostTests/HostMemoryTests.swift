import LuaHost
import Testing

/// Out of memory is an error like any other, wherever it strikes (contract 4): no allocation of loading a policy
/// or of running its hooks can fail in a way that crashes, leaks or spoils the state.
@Suite struct HostMemoryTests {
  /// Calls every operation, on top of what a policy does anyway.
  private static let policy: String = {
    let rows = withUnsafeBytes(of: lh_api_rows) { Array($0.bindMemory(to: lh_api_row.self)) }
    let calls = rows.map { row in
      let isTimer = String(cString: row.name) == "after"
      let arguments = String(cString: row.parameters).split(separator: " ").map { word -> String in
        switch word.split(separator: ":")[1].replacing("?", with: "") {
        case "int", "num", "id": "2"
        case "bool": "true"
        case "text": isTimer ? "'ring'" : "('text' .. #seen)"
        case "texts": "'id', 'text' .. #seen"
        case "value": "'value'"
        case "values": "1, 'two', true, 2.5"
        case "peer", "target": "peer"
        case "peers": "{ peer, peer }"
        case "lobby": "lobby"
        case "owner": "mount"
        default:
          "{ id = 1, name = 'x' .. #seen, list = { 1, { a = json.null } }, gone = json.absent, none = json.null }"
        }
      }
      let (receiver, name) = (String(cString: row.receiver), String(cString: row.name))
      let isMethod = ["peer", "lobby", "mount", "message", "request"].contains(receiver)
      return (receiver, "keep(\(receiver)\(isMethod ? ":" : ".")\(name)(\(arguments.joined(separator: ", "))))")
    }
    func body(_ receivers: [String]) -> String {
      calls.filter { receivers.contains($0.0) }.map(\.1).joined(separator: "\n  ")
    }
    return """
      local settings = relay.settings { number = 1, flag = false, text = "x", other = 2.5 }
      local module = require "module"
      local policy = { timers = {} }
      local seen = {}
      local function keep(...)
        for index = 1, select("#", ...) do seen[#seen % 20 + 1] = (select(index, ...)) end
      end
      local function everywhere(peer, lobby)
        \(body(["peer", "lobby", "mount", "relay", "random", "crypto"]))
        peer.name, lobby.name_of_owner, mount.total = "x" .. #seen, true, 1.5
        keep(peer.name, lobby.other, mount.total, tostring(peer), tostring(lobby))
        local words = {}
        for word in ("a bc def"):gmatch("%a+") do words[#words + 1] = word:upper() .. #words end
        table.sort(words, function(one, other) return one > other end)
        print(table.concat(words, ","), ("%s %5.2f"):format(settings.text, settings.other), module.name)
        keep(json.decode(json.encode { 1, "two", { three = json.null } }))
        local done, message = pcall(peer.close, peer, 1000)
        assert(not done and message:find("refused"))
        xpcall(error, function(text) return text .. "!" end, "raised")
      end
      function policy.on_upgrade(request)
        \(body(["request"]))
      end
      policy.on_request = policy.on_upgrade
      function policy.on_connect(peer) everywhere(peer, peer:lobby()) end
      function policy.on_message(peer, message)
        \(body(["message"]))
        message:forward(peer, "id", 1, "name", "x" .. #seen, "list", { 1, { a = json.null } }, "kept", nil)
        everywhere(peer, peer:lobby())
      end
      function policy.on_disconnect(peer, code, reason) keep(peer, code, reason .. "!") end
      function policy.timers.ring(peer, one, two) keep(peer, one, two .. "!", ("x"):rep(300)) end
      function policy.on_reload(previous) keep({ previous }) end
      return policy
      """
  }()

  private static let settings = [("number", "7"), ("flag", "true"), ("text", "given")]

  /// Every way into a loaded policy, in order; the slots make new references each round.
  private static func hooks(_ host: Host, slot: UInt32) -> [(String, () -> lh_status)] {
    let peer = Host.value(LH_PEER, slot: slot)
    var text = Host.value(LH_TEXT)
    text.bytes = UnsafePointer(bitPattern: 1)
    text.count = 0
    return [
      ("on_upgrade", { host.call(LH_ON_UPGRADE, [Host.value(LH_REQUEST)]) }),
      ("on_request", { host.call(LH_ON_REQUEST, [Host.value(LH_REQUEST)]) }),
      ("on_connect", { host.call(LH_ON_CONNECT, [peer]) }),
      ("on_message", { host.call(LH_ON_MESSAGE, [peer, Host.value(LH_MESSAGE)]) }),
      ("on_disconnect", { host.call(LH_ON_DISCONNECT, [peer, Host.value(LH_INTEGER), text]) }),
      ("timers.ring", { host.callTimer("ring", [peer, Host.value(LH_BOOL), text]) }),
      ("on_reload", { host.call(LH_ON_RELOAD, [Host.value(LH_INTEGER)]) }),
    ]
  }

  @Test func thePolicyOfTheSweepWorks() throws {
    let host = try #require(Host())
    #expect(host.load(Self.policy, settings: Self.settings) == LH_DONE, "\(host.error)")
    for (name, run) in Self.hooks(host, slot: 1) { #expect(run() == LH_DONE, "\(name): \(host.error)") }
    #expect(host.calls > Int(LH_OPERATION_COUNT.rawValue) && host.lines == 2)
    #expect(host.close() == 0)
  }

  /// A host opens in a cap of any size, or answers that it cannot.
  @Test func openingInLittleMemory() throws {
    var opened = 0
    for cap in stride(from: 1, through: 96 << 10, by: 61) {
      guard let host = Host(memory: cap) else {
        #expect(opened == 0, "it does not open in \(cap) bytes, but in fewer")
        continue
      }
      opened += 1
      #expect(host.bytes <= cap)
      #expect(host.close() == 0)
    }
    #expect(opened > 0)
  }

  @Test func loadingFailsAtEveryAllocation() throws {
    var failing: UInt64 = 0
    while true {
      failing += 1
      let host = try #require(Host())
      host.fail(from: host.allocations + failing)
      let status = host.load(Self.policy, settings: Self.settings)
      let error = host.error
      host.fail(from: 0)
      guard status != LH_DONE else {
        #expect(host.close() == 0)
        break
      }
      guard status == LH_OUT_OF_MEMORY, error.contains("out of memory") else {
        Issue.record("allocation \(failing): \(status) \(error)")
        return
      }
      // What is left of the failed attempt does not stand in the way of anything.
      #expect(host.close() == 0)
    }
    #expect(failing > 200, "the sweep ended at allocation \(failing)")
  }

  @Test func everyHookFailsAtEveryAllocation() throws {
    let host = try #require(Host())
    #expect(host.load(Self.policy, settings: Self.settings) == LH_DONE, "\(host.error)")
    var slot: UInt32 = 1000
    for index in 0..<7 {
      let name = Self.hooks(host, slot: slot)[index].0
      var failing: UInt64 = 0
      while true {
        failing += 1
        slot += 1
        host.fail(from: host.allocations + failing)
        let status = Self.hooks(host, slot: slot)[index].1()
        let error = host.error
        host.fail(from: 0)
        if status == LH_DONE { break }
        guard status == LH_OUT_OF_MEMORY, error.contains("out of memory") else {
          Issue.record("\(name), allocation \(failing): \(status) \(error)")
          return
        }
        // The same state goes on at once, with the same peer.
        let again = Self.hooks(host, slot: slot)[index].1()
        guard again == LH_DONE else {
          Issue.record("\(name) after allocation \(failing): \(again) \(host.error)")
          return
        }
      }
      #expect(failing > 1, "\(name) allocates nothing")
    }
    #expect(host.close() == 0)
  }

  /// A policy whose state was short of memory many times holds no more than before.
  @Test func failuresLeaveNothingBehind() throws {
    let host = try #require(Host())
    #expect(host.load(Self.policy, settings: Self.settings) == LH_DONE, "\(host.error)")
    func round(_ failing: UInt64) {
      host.fail(from: failing == 0 ? 0 : host.allocations + failing)
      for (_, run) in Self.hooks(host, slot: 5) { _ = run() }
      host.fail(from: 0)
    }
    for _ in 0..<20 { round(0) }
    lh_sandbox_collect(host.sandbox)
    let before = host.bytes
    for failing in 1...400 { round(UInt64(failing)) }
    for _ in 0..<20 { round(0) }
    lh_sandbox_collect(host.sandbox)
    #expect(host.bytes < before + 4096, "\(before) bytes became \(host.bytes)")
    #expect(host.close() == 0)
  }
}
