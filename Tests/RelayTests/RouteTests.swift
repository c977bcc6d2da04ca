import Policy
import Testing

@testable import Relay

@Suite struct RouteTests {
  @Test(arguments: [
    ("/", "/", true), ("/", "/a/b", true), ("/a", "/a", true), ("/a", "/a/b", true), ("/a", "/ab", false),
    ("/a", "/", false), ("/a/b", "/a", false), ("/a", "*", false),
  ])
  func aPathCoversWhatIsBelowIt(_ path: String, _ asked: String, _ fits: Bool) {
    #expect((Route(paths: [path]).fit(asked) != nil) == fits)
  }

  private func mount() throws -> Mount {
    try Mount(
      scripts: Scripts(policy: Script(path: "a.lua", source: Array("return {}".utf8))), outbox: Outbox(),
      read: { _ in nil }, report: { _ in })
  }

  @Test func theHostGoesBeforeThePathAndTheLongerPathBeforeTheShorter() throws {
    let table = MountTable(mounts: [
      RoutedMount(try mount(), at: Route(paths: ["/"])),
      RoutedMount(try mount(), at: Route(paths: ["/a", "/b"])),
      RoutedMount(try mount(), at: Route(paths: ["/a/b"])),
      RoutedMount(try mount(), at: Route(paths: ["/"], host: "x.org")),
      RoutedMount(try mount(), at: Route(paths: ["/a"], host: "x.org")),
      RoutedMount(try mount(), at: Route(paths: ["/a"])),
    ])
    #expect(table.find(host: nil, path: "/") == 0)
    #expect(table.find(host: "y.org", path: "/a") == 1)
    #expect(table.find(host: nil, path: "/b/c") == 1)
    #expect(table.find(host: nil, path: "/a/b/c") == 2)
    #expect(table.find(host: "x.org", path: "/b") == 3)
    #expect(table.find(host: "x.org", path: "/a/b") == 4)
  }

  @Test func whatFitsNowhereIsNobodys() throws {
    let table = MountTable(mounts: [RoutedMount(try mount(), at: Route(paths: ["/a"], host: "x.org"))])
    #expect(table.find(host: "x.org", path: "/b") == nil)
    #expect(table.find(host: nil, path: "/a") == nil)
  }
}
