import CLinux
import Glibc
import Testing

@testable import Reactor

/// What the environment says of sockets: sd_listen_fds(3).
@Suite struct InheritanceTests {
  private func read(_ variables: [String: String]) throws -> Inheritance? {
    try Inheritance(process: 7) { variables[$0] }
  }

  @Test func socketsForThisProcess() throws {
    #expect(try read(["LISTEN_PID": "7", "LISTEN_FDS": "2"])?.names == ["", ""])
    #expect(try read(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:admin"])?.names == ["a", "admin"])
    #expect(try read(["LISTEN_PID": "7", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""])?.names == [])
  }

  @Test(arguments: [[:], ["LISTEN_FDS": "2"], ["LISTEN_PID": "8", "LISTEN_FDS": "x"], ["LISTEN_PID": "7"]])
  func nothingForThisProcess(_ variables: [String: String]) throws { #expect(try read(variables) == nil) }

  @Test func aHandOverNeedsNoProcess() throws {
    let found = try read(["LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "LOBBYIST_HANDOVER": "4:5", "LISTEN_PID": "8"])
    #expect(found?.handOver?.ready == 4 && found?.handOver?.errors == 5)
    #expect(try read(["LOBBYIST_HANDOVER": "4:5"]) == nil)
  }

  @Test(arguments: [("6", Int32(6)), ("7", 7), ("5", nil), ("-1", nil), ("x", nil), ("", nil), ("9999999999", nil)])
  func whatIsKeptStandsBehindThem(_ text: String, _ place: Int32?) throws {
    let handOver = ["LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "LOBBYIST_HANDOVER": "4:5"]
    #expect(try read(handOver.merging(["LOBBYIST_KEPT": text]) { one, _ in one })?.kept == place)
    #expect(try read(["LISTEN_PID": "7", "LISTEN_FDS": "1", "LOBBYIST_KEPT": text])?.kept == nil)
  }

  @Test(arguments: [
    ["LISTEN_FDS": "-1"], ["LISTEN_FDS": "1025"], ["LISTEN_FDS": ""], ["LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"],
    ["LISTEN_FDS": "1", "LOBBYIST_HANDOVER": ""], ["LISTEN_FDS": "1", "LOBBYIST_HANDOVER": "4"],
    ["LISTEN_FDS": "1", "LOBBYIST_HANDOVER": "3:4"], ["LISTEN_FDS": "1", "LOBBYIST_HANDOVER": "4:5:6"],
  ])
  func nonsenseIsRefused(_ variables: [String: String]) {
    let given = variables.merging(["LISTEN_PID": "7"]) { one, _ in one }
    #expect(throws: SystemError.self) { try read(given) }
  }
}

/// Which of the sockets that were given serves which address.
@Suite struct InheritedSocketTests {
  /// A socket that listens there, as it would come with the process.
  private func given(_ text: String, _ name: String = "") throws -> InheritedSocket {
    let listener = try Listener(on: text)
    return try InheritedSocket(dup(listener.descriptor.number), name)
  }

  private func assign(_ sockets: [InheritedSocket], _ wanted: [String], admin: String? = nil) throws -> [Int?] {
    var wishes = try wanted.map { (try ListenAddress(parsing: $0), false) }
    if let admin { wishes.append((try ListenAddress(parsing: admin), true)) }
    return InheritedSocket.assign(sockets, to: wishes)
  }

  @Test func byTheAddressThatTheyAreBoundTo() throws {
    let sockets = [try given("127.0.0.1:0"), try given("[::1]:0"), try given(":0")]
    let texts = sockets.map(\.text)
    #expect(texts[2] == ":\(sockets[2].address.port)" && sockets[2].bothFamilies)
    #expect(try assign(sockets, texts) == [0, 1, 2])
    #expect(try assign(sockets, texts.reversed()) == [2, 1, 0])
    #expect(try assign(sockets, [texts[0], texts[0]]) == [0, nil])
    #expect(try assign(sockets, ["127.0.0.1:1"]) == [nil])
  }

  @Test func onesThatAreNearEnough() throws {
    let both = try given(":0")
    #expect(try assign([both], ["[::]:\(both.address.port)"]) == [0])
    let four = try given("0.0.0.0:0")
    #expect(try assign([four], [":\(four.address.port)"]) == [0])
    let six = try given("[::]:0")
    #expect(try assign([six], [":\(six.address.port)"]) == [nil])
  }

  @Test func portZeroIsAnyThatNobodyElseWants() throws {
    let sockets = [try given("127.0.0.1:0"), try given("127.0.0.1:0", "admin"), try given("127.0.0.1:0")]
    #expect(try assign(sockets, ["127.0.0.1:0", sockets[0].text]) == [2, 0])
    #expect(try assign(sockets, ["127.0.0.1:0"], admin: "127.0.0.1:0") == [0, 1])
    #expect(try assign(sockets, ["[::1]:0"]) == [nil])
  }

  @Test func theOperatorsIsTheOperatorsAlone() throws {
    let socket = try given("127.0.0.1:0", "admin")
    #expect(try assign([socket], [socket.text]) == [nil])
    #expect(try assign([socket], [socket.text], admin: socket.text) == [nil, 0])
    let unnamed = try given("127.0.0.1:0")
    #expect(try assign([unnamed], [], admin: unnamed.text) == [0])
  }

  @Test func oneServesAsIfItHadBeenOpened() throws {
    let inherited = try given("127.0.0.1:0")
    var listener = Listener(inherited)
    #expect(inherited.isTaken && listener.address == inherited.address)
    let client = try Stream.connect(to: listener.address)
    #expect(try client.waitWritable(milliseconds: 2000) == true)
    guard case .newcomer(let server, _) = listener.accept() else {
      Issue.record("nobody came")
      return
    }
    #expect(try server.descriptor.option(Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
    guard case .nobody = listener.accept() else {
      Issue.record("somebody came to an empty queue")
      return
    }
    #expect(fcntl(listener.descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
  }

  @Test func whatIsNoListenerIsRefused() throws {
    let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let file = open("/dev/null", O_RDONLY)
    for number in [datagram, silent, file, 900_000] {
      #expect(throws: SystemError.self) { try InheritedSocket(number, "") }
    }
  }
}

/// What a relay before keeps for this one.
@Suite struct PredecessorTests {
  private func predecessor(kept: Int32?) throws -> Predecessor {
    try Predecessor(ready: dup(STDERR_FILENO), errors: dup(STDERR_FILENO), kept: kept)
  }

  private func memory(_ name: String) -> Int32 { linux_memfd_create(name, 0) }

  @Test func isReadFromItsBeginning() throws {
    let number = memory("lobbyist")
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(FileSystem.write(bytes, into: number))
    let predecessor = try predecessor(kept: number)
    #expect(predecessor.kept == bytes)
    #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
  }

  /// A program that does not know of it has passed on where it once was.
  @Test func isNothingElse() throws {
    let (file, other) = (open("/dev/null", O_RDONLY), memory("other"))
    for number in [file, other, 900_000, nil] { #expect(try predecessor(kept: number).kept == nil) }
    // They are somebody else's still.
    for number in [file, other] { #expect(close(number) == 0) }
  }
}
