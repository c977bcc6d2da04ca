import Testing

@testable import Relay

@Suite struct SuccessionTests {
  private func check(_ old: [Route], _ new: [Route], _ predecessors: [Int?], gone: [Int] = []) {
    let found = Succession(from: old, to: new)
    #expect(found.predecessors == predecessors)
    #expect(found.gone == gone)
  }

  private let a = Route(paths: ["/a"])
  private let b = Route(paths: ["/b"])

  @Test func mountsGoOnWhereverTheyStand() {
    check([a, b], [b, a], [1, 0])
    check([a, b], [b], [1], gone: [0])
    check([a], [b, a], [nil, 0])
  }

  @Test func theFirstPathAndTheHostCount() {
    check([Route(paths: ["/a", "/x"])], [Route(paths: ["/a", "/y", "/z"])], [0])
    check([Route(paths: ["/a", "/x"])], [Route(paths: ["/x", "/a"])], [nil], gone: [0])
    check([a], [Route(paths: ["/a"], host: "x.org")], [nil], gone: [0])
  }

  @Test func anAddressOfItsOwnCountsMore() {
    let own = Route(paths: ["/"], listen: ["127.0.0.1:1", "127.0.0.1:2"])
    check([own], [Route(paths: ["/p"], host: "x.org", listen: ["127.0.0.1:1"])], [0])
    check([own], [Route(paths: ["/"], listen: ["127.0.0.1:2"])], [nil], gone: [0])
    check([own], [Route(paths: ["/"])], [nil], gone: [0])
  }

  @Test func ofSeveralWithOneKeyTheSameRouteGoesFirst() {
    let (one, two) = (Route(paths: ["/1"], listen: ["127.0.0.1:0"]), Route(paths: ["/2"], listen: ["127.0.0.1:0"]))
    check([one, two], [two], [1], gone: [0])
    check([one, two], [Route(paths: ["/3"], listen: ["127.0.0.1:0"]), one], [1, 0])
  }
}
