import Glibc
import Testing

@testable import Reactor

/// sd_notify(3) and sd_watchdog_enabled(3).
@Suite struct ServiceManagerTests {
  @Test func addresses() {
    let family = [UInt8(AF_UNIX), 0]
    #expect(ServiceManager.kernelForm("/run/x") == family + Array("/run/x".utf8) + [0])
    #expect(ServiceManager.kernelForm("@x") == family + [0] + Array("x".utf8))
    #expect(ServiceManager.kernelForm("/" + String(repeating: "a", count: 106))?.count == 110)
    for none in ["", "/", "@", "relative", "vsock:2:1", "/" + String(repeating: "a", count: 107)] {
      #expect(ServiceManager.kernelForm(none) == nil, "\(none)")
    }
  }

  @Test func halfOfTheTimeThatIsGranted() {
    func watchdog(_ variables: [String: String]) -> Int? { ServiceManager.watchdog(process: 7) { variables[$0] } }
    #expect(watchdog(["WATCHDOG_USEC": "30000000"]) == 15_000)
    #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]) == 15_000)
    #expect(watchdog(["WATCHDOG_USEC": "100"]) == 1)
    #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]) == nil)
    for none in ["", "0", "-5", "x"] { #expect(watchdog(["WATCHDOG_USEC": none]) == nil, "\(none)") }
    #expect(watchdog([:]) == nil)
  }

  @Test func linesArriveAsOneDatagram() throws {
    let name = "lobbyist-unit-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(receiver) }
    let address = try #require(ServiceManager.kernelForm("@" + name))
    let bound = address.withUnsafeBytes { bytes in
      bind(receiver, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    try #require(bound == 0)
    let manager = try #require(ServiceManager(process: 7) { $0 == "NOTIFY_SOCKET" ? "@" + name : nil })
    manager.tell("READY=1", "STATUS=serving")
    var room = [UInt8](repeating: 0, count: 100)
    let count = recv(receiver, &room, room.count, Int32(MSG_DONTWAIT))
    #expect(String(decoding: room.prefix(max(0, count)), as: UTF8.self) == "READY=1\nSTATUS=serving")
    #expect(ServiceManager(process: 7) { _ in nil } == nil)
  }
}

/// Where the program is that takes over.
@Suite struct ProgramTests {
  @Test func whereAShellWouldLook() {
    func candidates(_ name: String) -> [String] {
      Program.candidates(name, folder: "/here", searched: "/usr/bin::relative:/bin")
    }
    #expect(candidates("/opt/x") == ["/opt/x"])
    #expect(candidates("./x") == ["/here/./x"])
    #expect(candidates("x") == ["/usr/bin/x", "/bin/x"])
  }

  @Test func aNameThatLeadsElsewhereIsNotTaken() throws {
    let program = try #require(Program(arguments: ["/bin/sh", "--option"]))
    #expect(program.path == FileSystem.target(ofLink: "/proc/self/exe"))
    #expect(program.arguments == ["/bin/sh", "--option"])
  }
}
