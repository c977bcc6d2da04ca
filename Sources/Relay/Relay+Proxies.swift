import HTTP
import Reactor

/// Whose connection it is: the address that all limits, scripts and the log go by, also behind trusted proxies.
extension Relay {
  /// A trusted proxy stands for many clients, so that what it has itself is not counted.
  func isCounted(_ host: HostAddress) -> Bool { !proxies.contains(host) }

  /// Why a new connection from there is one too many; nil when it is not, and then it is counted.
  func refusal(of host: HostAddress) -> String? {
    guard isCounted(host) else { return nil }
    // This machine's own programs, which may be proxies that nobody has named, have no rate.
    if !host.isLoopback, !connectRates.admit(host, now: now) {
      counters.refusedByRate += 1
      return "limit connects_per_minute (\(limits.connectsPerMinute)) reached"
    }
    return perAddress.admit(host) ? nil : tooMany()
  }

  private func tooMany() -> String {
    counters.refusedPerAddress += 1
    return "limit connections_per_address (\(limits.connectionsPerAddress)) reached"
  }

  // MARK: X-Forwarded-For

  /// Takes the client's address from what a trusted proxy says. False when it has one connection too many; it is told.
  func takeForwarded(_ slot: UInt32, _ head: RequestHead) -> Bool {
    let proxy = connections[slot].host
    guard proxies.forwards(proxy) else { return true }
    let client = ForwardedFor.client(of: head.list("X-Forwarded-For"), behind: proxy, isTrusted: proxies.forwards)
    if isCounted(client), !perAddress.admit(client) {
      refuse(slot, client, tooMany())
      return false
    }
    connections[slot].host = client
    return true
  }

  /// Counts a WebSocket handshake; false when it is one too many, and answered.
  func isWithinHandshakes(_ slot: UInt32) -> Bool {
    let host = connections[slot].host
    guard isCounted(host), !host.isLoopback, !handshakeRates.admit(host, now: now) else { return true }
    counters.refusedByRate += 1
    let limit = "limit handshakes_per_minute (\(limits.handshakesPerMinute)) reached"
    refuse(slot, host, limit, seconds: handshakeRates.secondsToWait)
    return false
  }

  /// Answers 429, in time with Retry-After (RFC 6585 §4).
  private func refuse(_ slot: UInt32, _ client: HostAddress, _ reason: String, seconds: Int? = nil) {
    counters.refusedAtLimit += 1
    let subject = LogSubject(connection: peerName(slot), address: client, mount: nil)
    log.warning("a client was turned away: \(reason)", about: subject)
    // An answer would take a handshake.
    guard !connections[slot].awaitsTLS else { return drop(slot) }
    let wait = seconds.flatMap { HeaderField("Retry-After", "\($0)") }
    let headers = PlainAnswer.plainText + [wait].compactMap { $0 }
    answer(slot, status: 429, headers: headers, body: "Try again later: \(reason)\n")
  }

  // MARK: The PROXY protocol

  /// Reads on in the PROXY header, and not a byte behind it: what follows may be for TLS.
  func readProxyHeader(_ slot: UInt32) {
    let known = unsafe connections[slot].pending.withBytes { unsafe Array($0) }
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: readBuffer[..<(ProxyHeader.bytesMax - known.count)])
    guard let count = peeked(slot, unsafe connections[slot].stream.peek(into: room)) else { return }
    let all = unsafe known + Array(room[..<count])
    switch ProxyHeader.parse(all) {
    case .incomplete:
      // All of it belongs to the header. Left in the socket, it would keep that readable.
      takeOff(slot, count)
      connections[slot].pending.append(Array(all[known.count...]))
      countBuffers(slot)
    case .complete(let client, let length):
      takeOff(slot, length - known.count)
      connections[slot].pending.removeAll()
      countBuffers(slot)
      begin(slot, client)
    case .malformed(let reason):
      counters.proxyHeadersRefused += 1
      log.warning("a connection was dropped, as it has no PROXY header: \(reason)", about: subject(of: slot))
      drop(slot)
    }
  }

  /// How many bytes are there; nil when there are none, and the connection is gone if there never will be.
  private func peeked(_ slot: UInt32, _ result: ReadResult) -> Int? {
    switch result {
    case .bytes(let count): return count
    case .wouldBlock: return nil
    case .endOfStream, .failed:
      drop(slot)
      return nil
    }
  }

  /// Reads what has been looked at.
  private func takeOff(_ slot: UInt32, _ count: Int) {
    _ = unsafe connections[slot].stream.read(into: UnsafeMutableRawBufferPointer(rebasing: readBuffer[..<count]))
  }

  /// The proxy has said whose connection this is; nil for its own.
  private func begin(_ slot: UInt32, _ client: HostAddress?) {
    connections[slot].phase = .handshake
    if let client {
      if let reason = refusal(of: client) { return refuse(slot, client, reason) }
      // It counts where it is trusted no longer.
      if isCounted(connections[slot].host) { perAddress.leave(connections[slot].host) }
      connections[slot].host = client
    }
    if connections[slot].awaitsTLS { beginTLS(slot) }
  }
}
