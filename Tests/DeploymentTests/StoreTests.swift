import Glibc
import Testing

@testable import Deployment

/// The store after every way in which writing it can end: the old state or the new one, never another.
@Suite(.serialized) struct StoreTests {
  private static let key = MountKey("/")

  /// Removes its folder when it goes.
  private final class Place {
    let path: String

    init() {
      var template = Array("/tmp/deployments-XXXXXX".utf8CString)
      _ = mkdtemp(&template)
      path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? Disk().remove(path) }

    var store: String { path + "/store" }
  }

  private func open(_ place: Place, _ disk: Disk = Disk()) throws(DeployRefusal) -> DeploymentStore {
    let store = try DeploymentStore(place.store, disk: disk, patience: 0)
    try store.include(Self.key)
    return store
  }

  /// All that a deployment does, both processes' parts of it. `loaded` notes what was put into service.
  private func deploy(_ text: String, in store: DeploymentStore, loaded: () throws(DeployRefusal) -> Void = {})
    throws(DeployRefusal)
  {
    var request = DeployRequest(script: "scripts/a.lua")
    request.files = [.init(path: "scripts/a.lua", bytes: Array(text.utf8)), .init(path: "b/c/d", bytes: [])]
    let staging = try store.begin()
    do throws(DeployRefusal) {
      let plan = TrialPlan(relay: 1, seconds: 1, now: 0, shared: [], mounts: [])
      try staging.put(request: request.json, plan: plan)
      try staging.unpack(DeployRequest(parsing: staging.readRequest()))
      try staging.put(
        Deployment(
          number: store.nextNumber(of: Self.key), script: request.script, plugins: nil, settings: [("a", "b")],
          version: text, deployedAt: 7, replaces: store.current(of: Self.key)))
      try staging.put(.passed(mount: Self.key, newLobbies: false))
      let adopted = try store.adopt(staging, of: Self.key)
      do throws(DeployRefusal) {
        try store.select(adopted.number, of: Self.key, load: loaded)
      } catch {
        store.forget(adopted.number, of: Self.key)
        throw error
      }
    } catch {
      staging.remove()
      throw error
    }
  }

  /// What a relay that starts finds: the version that runs, and the text of its script.
  private func state(_ place: Place) throws -> [String] {
    let store = try open(place)
    let number = store.current(of: Self.key)
    guard number > 0 else { return ["none"] }
    let deployment = try #require(store.deployment(number, of: Self.key))
    let text = try Disk().read(store.files(number, of: Self.key) + "/scripts/a.lua")
    return [deployment.version, String(decoding: text, as: UTF8.self)]
  }

  @Test func whatIsDeployedIsThereAfterARestart() throws {
    let place = Place()
    do {
      let store = try open(place)
      #expect(store.current(of: Self.key) == 0)
      try deploy("one", in: store)
      try deploy("two", in: store)
      #expect(store.current(of: Self.key) == 2 && store.deployments(of: Self.key).map(\.replaces) == [0, 1])
    }
    #expect(try state(place) == ["two", "two"])
    let again = try open(place)
    #expect(again.deployments(of: Self.key).map(\.number) == [1, 2])
    #expect(try Disk().names(in: place.store) == ["%2F"])
    #expect(try Disk().names(in: place.store + "/%2F") == ["1", "2", "current"])
    #expect(try Disk().names(in: place.store + "/%2F/2") == ["deployment.json", "files"])
  }

  /// Step `failing` fails; with `dies`, so does every later one, as when the process has ended there. With `isRefused`
  /// the new one is not put into service besides.
  private func interrupted(
    before: Int, at failing: Int, dies: Bool, isRefused: Bool, code: Int32
  ) throws -> Bool {
    let place = Place()
    let disk = Disk()
    var running = "none"
    var hasFailed = false
    do {
      let store = try open(place, disk)
      for number in 0..<before { try deploy("v\(number)", in: store) }
      let old = before == 0 ? "none" : "v\(before - 1)"
      running = old
      var steps = 0
      disk.fault = {
        steps += 1
        guard steps == failing || dies && steps > failing else { return nil }
        hasFailed = true
        return code
      }
      do {
        try deploy("new", in: store) { () throws(DeployRefusal) in
          if isRefused { throw DeployRefusal(422, "refused") }
          running = "new"
        }
        #expect(!isRefused && running == "new" && store.current(of: Self.key) == before + 1)
      } catch {
        // A relay that goes on serves what it served.
        #expect(running == old, "step \(failing) of \(before)")
        #expect(error.status == (code == ENOSPC ? 507 : 500) || isRefused && error.status == 422)
        // What it says runs after a restart is there, and it can be said anew.
        let current = store.current(of: Self.key)
        #expect(current == before || store.deployment(current, of: Self.key)?.version == "new")
        disk.fault = nil
        if !dies && current != before { try store.select(before, of: Self.key) {} }
      }
      disk.fault = nil
      #expect(dies || (running == "new") == (store.current(of: Self.key) == before + 1))
    }
    let old = before == 0 ? ["none"] : ["v\(before - 1)", "v\(before - 1)"]
    let after = try state(place)
    #expect(after == old || after == ["new", "new"], "step \(failing) of \(before): \(after)")
    if !dies { #expect(after.first == running, "step \(failing): what runs is what is kept") }
    // And it goes on.
    let store = try open(place)
    try deploy("later", in: store)
    #expect(store.deployment(store.current(of: Self.key), of: Self.key)?.version == "later")
    #expect(try Disk().names(in: place.store) == ["%2F"])
    return hasFailed
  }

  @Test(arguments: [0, 1, 2], [(false, false), (false, true), (true, false), (true, true)])
  func everyStepFailsInTurn(_ before: Int, _ kind: (dies: Bool, isRefused: Bool)) throws {
    for code in kind.isRefused ? [EIO] : [ENOSPC, EIO] {
      var failing = 1
      while try interrupted(
        before: before, at: failing, dies: kind.dies, isRefused: kind.isRefused, code: code)
      { failing += 1 }
      #expect(failing > 24, "the steps are met")
    }
  }

  @Test func whatIsRefusedAndCannotBeTakenBackIsKept() throws {
    let place = Place()
    do {
      let disk = Disk()
      let store = try open(place, disk)
      try deploy("one", in: store)
      let refusal = #expect(throws: DeployRefusal.self) {
        try deploy("two", in: store) { () throws(DeployRefusal) in
          disk.fault = { EIO }
          throw DeployRefusal(422, "no")
        }
      }
      #expect(refusal?.message.hasPrefix("no; and cannot rename") == true && refusal?.status == 422)
      #expect(store.current(of: Self.key) == 2 && store.deployments(of: Self.key).map(\.number) == [1, 2])
    }
    #expect(try state(place) == ["two", "two"])
  }

  @Test func whatIsNotThereIsNotSelected() throws {
    let place = Place()
    let store = try open(place)
    try deploy("one", in: store)
    let refusal = #expect(throws: DeployRefusal.self) { try store.select(2, of: Self.key) { Issue.record("loaded") } }
    #expect(refusal?.status == 404 && store.current(of: Self.key) == 1)
    store.forget(1, of: Self.key)
    #expect(store.deployments(of: Self.key).map(\.number) == [1], "what a restart runs stays")
  }

  /// Another version has given way meanwhile.
  @Test func whatIsReplacedIsWhatRanAtTheEnd() throws {
    let place = Place()
    do {
      let store = try open(place)
      try deploy("one", in: store)
      try deploy("two", in: store)
      try deploy("three", in: store)
      let staging = try store.begin()
      try staging.unpack(DeployRequest(parsing: Array(#"{"script":"a","files":{"a":""}}"#.utf8)))
      try staging.put(
        Deployment(
          number: 4, script: "a", plugins: nil, settings: [], version: "four", deployedAt: 7, replaces: 3))
      try store.select(2, of: Self.key) {}
      #expect(try store.adopt(staging, of: Self.key).replaces == 2)
    }
    #expect(try open(place).deployment(4, of: Self.key)?.replaces == 2)
  }

  @Test func goingBackIsASelection() throws {
    let place = Place()
    do {
      let store = try open(place)
      try deploy("one", in: store)
      try deploy("two", in: store)
      try store.select(1, of: Self.key) {}
      #expect(store.current(of: Self.key) == 1)
      #expect(throws: DeployRefusal(422, "no")) {
        try store.select(0, of: Self.key) { () throws(DeployRefusal) in throw DeployRefusal(422, "no") }
      }
    }
    #expect(try state(place).first == "one")
    let store = try open(place)
    try store.select(0, of: Self.key) {}
    try deploy("three", in: store)
    #expect(store.current(of: Self.key) == 3 && store.deployment(3, of: Self.key)?.replaces == 0)
  }

  @Test func theOldestGo() throws {
    let place = Place()
    let store = try open(place)
    for number in 1...6 { try deploy("v\(number)", in: store) }
    try store.select(2, of: Self.key) {}
    store.trim(to: 2, of: Self.key, keeping: [4])
    #expect(store.deployments(of: Self.key).map(\.number) == [1, 2, 4])
    try deploy("v5", in: store)
    try deploy("v6", in: store)
    try store.select(2, of: Self.key) {}
    store.trim(to: 3, of: Self.key)
    #expect(store.deployments(of: Self.key).map(\.number) == [1, 2, 6])
    store.trim(to: 1, of: Self.key)
    #expect(store.deployments(of: Self.key).map(\.number) == [1, 2])
    #expect(store.nextNumber(of: Self.key) == 3)
  }

  @Test func oneRelayAtATime() throws {
    let place = Place()
    let store = try open(place)
    #expect(throws: DeployRefusal.self) { try open(place) }
    withExtendedLifetime(store) {}
  }

  @Test(arguments: [
    ("%2F/current", "three"), ("%2F/current", "9\n"), ("%2F/current", "-1\n"), ("%2F/1/deployment.json", "{}"),
    ("%2F/1/deployment.json", ""),
  ])
  func damageIsNamed(_ file: String, _ text: String) throws {
    let place = Place()
    do { try deploy("one", in: open(place)) }
    try Disk().remove(place.store + "/" + file)
    try Disk().write(place.store + "/" + file, Array(text.utf8), isSynced: false)
    let refusal = #expect(throws: DeployRefusal.self) { try open(place) }
    #expect(refusal?.message.hasPrefix(place.store + "/" + file) == true)
  }

  @Test func linksAreNotFollowed() throws {
    let place = Place()
    do { try deploy("one", in: open(place)) }
    let record = place.store + "/%2F/1/deployment.json"
    #expect(rename(record, place.path + "/elsewhere") == 0 && symlink(place.path + "/elsewhere", record) == 0)
    #expect(throws: DeployRefusal.self) { try open(place) }
  }
}
