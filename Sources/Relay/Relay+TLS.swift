import HTTP
import Reactor

/// Connections that are to be encrypted.
extension Relay {
  /// Has a connection begin its TLS handshake, which its reads go on with. It is bounded as the rest of the handshake is.
  func beginTLS(_ slot: UInt32) {
    connections[slot].awaitsTLS = false
    if let tls, connections[slot].stream.secure(with: tls) { return }
    log.error("a connection could not be encrypted: there is no memory, or no certificate")
    drop(slot)
  }

  /// Drops a connection that has not got through its TLS handshake; OpenSSL has sent its alert. Who speaks plain HTTP is
  /// told how to come here.
  func failTLS(_ slot: UInt32, _ reason: String? = nil) {
    counters.tlsFailures += 1
    let problem = reason ?? connections[slot].stream.problem
    log.line(.debug, "no TLS with this client: \(problem)", about: subject(of: slot))
    guard connections[slot].stream.isPlainText else { return drop(slot) }
    connections[slot].stream.expose()
    answer(slot, status: 400, body: "This port speaks TLS: use wss:// in place of ws://, and https:// of http://.\n")
  }
}
