import Reactor

/// Where a live server is: `ws://host:port/path`, or `wss://` with TLS.
public struct LiveTarget {
  /// Tried in this order.
  let addresses: [SocketAddress]
  /// As in the Host header.
  let host: String
  let path: String
  /// The name or address that the server's certificate is to be for.
  let name: String
  /// Nil without encryption.
  private let tls: TLSContext?

  /// Looks the host up, which may block. `trust` is whose certificates are good for `wss://`.
  public init(url: String, trust: TLSContext.Trust = .system) throws(StageError) {
    let example = "for example ws://localhost:9080"
    let isEncrypted = url.hasPrefix("wss://")
    guard isEncrypted || url.hasPrefix("ws://") else {
      throw StageError("expected a URL that starts with ws:// or wss://, \(example)")
    }
    let rest = url.dropFirst(isEncrypted ? 6 : 5)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let tail = rest.dropFirst(authority.count).prefix { $0 != "#" }
    path = tail.hasPrefix("/") ? String(tail) : "/" + tail
    host = String(authority)

    // An IPv6 address stands in brackets (RFC 3986 §3.2.2), so that its colons are not the port's.
    var name = authority
    var port: UInt16? = isEncrypted ? 443 : 80
    let behindBrackets = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[behindBrackets...].lastIndex(of: ":") {
      name = authority[..<colon]
      port = UInt16(authority[authority.index(after: colon)...])
    }
    if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
    guard let port, port > 0, !name.isEmpty else { throw StageError("expected ws://host:port/path, \(example)") }
    self.name = String(name)
    do throws(TLSError) {
      tls = isEncrypted ? try TLSContext(trusting: trust) : nil
    } catch {
      throw StageError(error.description)
    }
    do throws(SystemError) {
      addresses = try SocketAddress.resolve(String(name), port: port)
    } catch {
      throw StageError(error.description)
    }
  }

  /// Opens a connection, waiting up to `milliseconds` for each address, and as long for TLS.
  func connect(milliseconds: Int) throws(StageError) -> Stream {
    var stream = try reach(milliseconds)
    if let tls { try secure(&stream, with: tls, milliseconds) }
    return stream
  }

  private func reach(_ milliseconds: Int) throws(StageError) -> Stream {
    var reason = "no address"
    for address in addresses {
      do throws(SystemError) {
        let stream = try Stream.connect(to: address)
        guard try stream.waitWritable(milliseconds: milliseconds) else {
          reason = "no answer within \(milliseconds) ms"
          continue
        }
        switch stream.connection() {
        case .connected: return stream
        case .connecting: reason = "no answer"
        case .failed(let code): reason = SystemError.text(of: code)
        }
      } catch {
        reason = error.description
      }
    }
    throw StageError("cannot connect to \(host): \(reason)")
  }
}
