import HTTP
import Policy
import Testing

@testable import Relay

@Suite struct MountTableTests {
  private let outbox = Outbox()

  private func mount(at path: String, _ source: String = "return {}") throws -> RoutedMount {
    let mount = try Mount(
      scripts: Scripts(policy: Script(path: "a.lua", source: Array(source.utf8))), outbox: outbox,
      read: { _ in nil }, report: { _ in })
    return RoutedMount(mount, at: Route(paths: [path]))
  }

  @Test func oneThatIsAddedAnswers() throws {
    let (a, b) = (try mount(at: "/a"), try mount(at: "/b"))
    var table = MountTable(mounts: [a])
    #expect(table.find(host: nil, path: "/b") == nil)
    #expect(table.arrange([b, a]) == [])
    #expect(table.find(host: nil, path: "/a") == 0 && table.find(host: nil, path: "/b") == 1)
    #expect(table.mounts.map(\.route.paths) == [["/b"], ["/a"]])
  }

  @Test func ofTwoThatFitTheOneThatIsFirstNowIsFound() throws {
    let (a, b) = (try mount(at: "/a"), try mount(at: "/a"))
    var table = MountTable(mounts: [a, b])
    #expect(table.find(host: nil, path: "/a") == 0)
    table.arrange([b, a])
    #expect(table.find(host: nil, path: "/a") == 1)
  }

  @Test func oneThatMovesKeepsItsIndex() throws {
    let (a, b) = (try mount(at: "/a"), try mount(at: "/b"))
    var table = MountTable(mounts: [a, b])
    #expect(table.arrange([RoutedMount(b.mount, at: Route(paths: ["/c"])), a]) == [])
    #expect(table.find(host: nil, path: "/c") == 1 && table.find(host: nil, path: "/b") == nil)
  }

  @Test func oneThatIsGoneIsFoundByNobodyAndStaysForItsConnections() throws {
    let (a, b) = (try mount(at: "/a"), try mount(at: "/b"))
    var table = MountTable(mounts: [a, b])
    table.enter(0)
    #expect(table.arrange([b]) == [0])
    table.freeEnded()
    #expect(table.find(host: nil, path: "/a") == nil && !table.isServing(0) && table.isServing(1))
    #expect(table[0] === a.mount && table.endingCount == 1 && table.mounts.count == 1)
    table.leave(0)
    table.freeEnded()
    #expect(table.endingCount == 0)
  }

  @Test func aPlaceIsUsedAgainOnlyOnceItIsFree() throws {
    let (a, b, c) = (try mount(at: "/a"), try mount(at: "/b"), try mount(at: "/c"))
    var table = MountTable(mounts: [a])
    table.enter(0)
    table.arrange([b])
    #expect(table.find(host: nil, path: "/b") == 1)
    table.leave(0)
    table.freeEnded()
    table.arrange([b, c])
    #expect(table.find(host: nil, path: "/c") == 0 && table[0] === c.mount)
  }

  @Test func oneThatIsGoneIsFreed() throws {
    weak var freed: Mount?
    var table = MountTable(mounts: [])
    do {
      let a = try mount(at: "/a")
      freed = a.mount
      table.arrange([a])
    }
    #expect(freed != nil)
    table.arrange([])
    table.freeEnded()
    #expect(freed == nil)
  }

  @Test func peersWhoAreStillToLeaveAreWaitedFor() throws {
    let a = try mount(at: "/a")
    var table = MountTable(mounts: [a])
    outbox.open(7)
    let peer = a.mount.connect(outlet: 7, address: "")
    table.arrange([])
    a.mount.disconnectLater(peer, outlet: 7, code: 1001, reason: "")
    table.freeEnded()
    #expect(table.endingCount == 1 && table.hasDepartures)
    table.continueDepartures()
    table.freeEnded()
    #expect(table.endingCount == 0 && !table.hasDepartures)
  }

  @Test func aPeerThatAPluginKeepsIsWaitedFor() throws {
    let plugin = "return { on_disconnect = function(peer) return peer:keep(30) end }"
    let scripts = try Scripts(
      policy: Script(path: "a.lua", source: Array("return {}".utf8)),
      plugins: [Script(path: "keep.lua", source: Array(plugin.utf8), isPlugin: true)])
    let mount = try Mount(scripts: scripts, outbox: outbox, read: { _ in nil }, report: { _ in })
    var table = MountTable(mounts: [RoutedMount(mount)])
    outbox.open(7)
    let peer = mount.connect(outlet: 7, address: "")
    table.arrange([])
    mount.disconnectLater(peer, outlet: 7, code: 1001, reason: "")
    table.continueDepartures()
    table.freeEnded()
    #expect(table.endingCount == 1 && table.nextDeadline() == 30_000)
    table.setTime(milliseconds: 30_000, wallSeconds: 0)
    #expect(table.fireTimer())
    table.freeEnded()
    #expect(table.endingCount == 0)
  }

  @Test func theTimerThatHasBeenDueForLongestGoesFirstWhoseverItIs() throws {
    var told: [String] = []
    func ticking(_ name: String, _ seconds: Double) throws -> RoutedMount {
      let source =
        "return { on_connect = function(peer) peer:after(\(seconds), 't') end, "
        + "timers = { t = function() relay.log('info', '\(name)') end } }"
      let mount = try Mount(
        scripts: Scripts(policy: Script(path: "a.lua", source: Array(source.utf8))), outbox: outbox,
        read: { _ in nil }, report: { if case .script(_, let text) = $0 { told.append(text) } })
      return RoutedMount(mount)
    }
    let table = MountTable(mounts: [try ticking("a", 2), try ticking("b", 1)])
    for slot in 0..<2 { outbox.open(UInt32(slot)) }
    for slot in 0..<2 { _ = table[slot].connect(outlet: UInt32(slot), address: "") }
    table.setTime(milliseconds: 5000, wallSeconds: 0)
    while table.fireTimer() {}
    #expect(told == ["b", "a"])
  }
}
