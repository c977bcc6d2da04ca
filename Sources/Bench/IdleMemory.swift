import CLinux
import Glibc

/// What a member that sits in a lobby and says nothing costs the server.
struct IdleMemory: Sendable {
  static let lobbySize = 4
  /// Well under the 28,232 ports that one local address has by default: the last ones are slow to find.
  static let connectionsPerAddress = 10_000
  /// What this process and a server need besides the connections.
  static let spareDescriptors = 64

  var connections: Int
  var joined: Int
  /// Connections that the server had closed by the time of the second look: must be 0 for a sound figure.
  var dropped: Int
  var residentBytesBefore: Int
  var residentBytesAfter: Int

  var bytesPerMember: Double { Double(residentBytesAfter - residentBytesBefore) / Double(max(1, connections)) }

  /// Raises the limit of open files as far as allowed, also for the servers that are started afterwards.
  private static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    let files = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
    guard unsafe getrlimit(files, &limit) == 0 else { return 1024 }
    limit.rlim_cur = limit.rlim_max
    guard unsafe setrlimit(files, &limit) == 0 else { return 1024 }
    return Int(clamping: limit.rlim_cur)
  }

  /// Refuses a number of connections for which this process may not open enough files.
  static func check(connections: Int) throws(BenchError) {
    let limit = raiseDescriptorLimit()
    guard connections + spareDescriptors <= limit else {
      throw .usage("\(connections) connections need more open files than the \(limit) allowed here; see ulimit -Hn")
    }
  }

  /// Opens `connections`, of which the first `joinedPercent` enter lobbies of four, and looks at the server's memory
  /// before and after. Each joins as soon as it is connected: the Godot protocol gives a peer one second.
  static func take(
    _ target: Target, pid: Int32, connections: Int, joinedPercent: Int
  ) throws(BenchError) -> IdleMemory {
    guard let before = ProcessClock.residentBytes(pid) else { throw .server("there is no process \(pid) to measure") }
    var descriptors: [Int32] = []
    descriptors.reserveCapacity(connections)
    defer { for descriptor in descriptors { Self.reset(descriptor) } }
    let joined = connections * joinedPercent / 100
    var lobby = ""
    for index in 0..<connections {
      let local = target.address >> 24 == 127
      let source = local ? Target.loopback + UInt32(index / connectionsPerAddress) : nil
      let dialogue = try Dialogue(target, source: source)
      if index < joined {
        if index % lobbySize == 0 { lobby = "" }
        lobby = try Protocols.godot.enter(dialogue, lobby: lobby)
      }
      descriptors.append(try dialogue.releaseAnyway())
    }
    usleep(500_000)
    guard let after = ProcessClock.residentBytes(pid) else { throw .server("the server is gone") }
    return IdleMemory(
      connections: connections, joined: joined, dropped: descriptors.filter(isClosed).count,
      residentBytesBefore: before, residentBytesAfter: after)
  }

  /// Closes without a farewell: thousands of ports in TIME_WAIT would be missing from the next run.
  static func reset(_ descriptor: Int32) {
    var abrupt = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
  }

  /// Reads what has come in. A connection that is over ends in end-of-file, an error or a close frame.
  private static func isClosed(_ descriptor: Int32) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let got = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    if got < 0 { return errno != EAGAIN }
    if got == 0 { return true }
    return closes(chunk[..<got])
  }

  /// Whether a close frame is among these frames.
  private static func closes(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while case .whole(let frame) = unsafe rest.withUnsafeBytes({ unsafe ServerFrame.read($0) }) {
      if frame.first == 0x88 { return true }
      rest = rest.dropFirst(frame.bytes)
    }
    return false
  }
}
