import CCrypto
import Glibc

/// What sessions of TLS have in common: certificates, versions, ciphers and ticket keys for servers; whom to trust for
/// clients. It never changes: other certificates are another context, for connections from then on.
///
/// TLS 1.2 and 1.3, forward secret AEAD ciphers only, as in Mozilla's "intermediate" but without finite-field groups.
@safe
public final class TLSContext {
  private static let ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
  private static let groups = "X25519:P-256:P-384"
  /// A length and a name (RFC 7301 §3.1).
  private static let protocols = [UInt8(8)] + Array("http/1.1".utf8)
  /// Bits of security that keys and signatures must have, by OpenSSL's levels: 2 is 112, so RSA from 2048 on.
  private static let securityLevel: Int32 = 2

  /// The certificates, in their order.
  public private(set) var served: [ServedCertificate] = []
  /// One for each certificate; the first is the one that sessions begin with. Freed in deinit.
  private var contexts: [OpaquePointer] = unsafe []
  private var names = ServerNames()
  private let tickets: TicketKeys
  /// Where bytes wait between socket and OpenSSL for the length of one read.
  let scratch: UnsafeMutableRawBufferPointer
  static let scratchBytes = 64 << 10

  private init(tickets: TicketKeys) {
    self.tickets = tickets
    unsafe scratch = .allocate(byteCount: Self.scratchBytes, alignment: 64)
  }

  /// For a server.
  ///
  /// - Parameters:
  ///   - certificates: at least one. The first is for clients that ask for no name or for one that none has.
  ///   - former: the context in whose place this one comes: its tickets stay good.
  public convenience init(
    serving certificates: [TLSCertificate], inPlaceOf former: TLSContext? = nil
  ) throws(TLSError) {
    precondition(!certificates.isEmpty)
    self.init(tickets: former?.tickets ?? TicketKeys())
    for (position, certificate) in certificates.enumerated() {
      let context = try unsafe makeContext(TLS_server_method())
      try unsafe serve(from: context)
      do throws(TLSError) {
        served.append(try unsafe certificate.install(in: context))
      } catch {
        throw TLSError(error.description, at: position)
      }
      names.add(served[position].dnsNames, at: position)
    }
  }

  /// Whom a client trusts.
  public enum Trust: Equatable, Sendable {
    /// Whomever this system trusts.
    case system
    /// Those in this file of PEM, and nobody else.
    case file(String)
    /// Anybody: the connection may lead to somebody in between.
    case anybody
  }

  /// For a client.
  public convenience init(trusting trust: Trust) throws(TLSError) {
    self.init(tickets: TicketKeys())
    let context = try unsafe makeContext(TLS_client_method())
    switch trust {
    case .anybody: unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
    case .system:
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
      try check(unsafe SSL_CTX_set_default_verify_paths(context), "this system's certificates cannot be found")
    case .file(let path):
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
      try check(unsafe SSL_CTX_load_verify_file(context, path), "\(path) cannot be used")
    }
  }

  deinit {
    for index in unsafe contexts.indices { unsafe SSL_CTX_free(contexts[index]) }
    unsafe scratch.deallocate()
  }

  /// A new session; nil when there is no memory.
  func makeSession() -> OpaquePointer? { unsafe contexts.first.flatMap { unsafe SSL_new($0) } }

  private func check(_ answer: Int32, _ what: String) throws(TLSError) {
    guard answer != 1 else { return }
    throw TLSError("\(what): \(OpenSSLError.text(of: OpenSSLError.take()))")
  }

  /// What clients and servers have in common.
  private func makeContext(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
    ERR_clear_error()
    guard let context = unsafe SSL_CTX_new(method) else {
      throw TLSError("OpenSSL cannot begin: \(OpenSSLError.text(of: OpenSSLError.take()))")
    }
    unsafe contexts.append(context)
    // Whatever the system's configuration of OpenSSL says.
    unsafe SSL_CTX_set_security_level(context, Self.securityLevel)
    try check(unsafe lobbyist_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION), "TLS 1.2 and 1.3 are lacking")
    try check(unsafe SSL_CTX_set_cipher_list(context, Self.ciphers), "ciphers are lacking")
    try check(unsafe lobbyist_set_groups(context, Self.groups), "groups are lacking")
    unsafe lobbyist_set_options(context)
    unsafe lobbyist_set_mode(
      context,
      Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS))
    unsafe lobbyist_store_no_sessions(context)
    return unsafe context
  }

  private func serve(from context: OpaquePointer) throws(TLSError) {
    let id = Array("lobbyist".utf8)
    try check(unsafe SSL_CTX_set_session_id_context(context, id, UInt32(id.count)), "sessions cannot be named")
    unsafe SSL_CTX_set_timeout(context, Int(TicketKeys.rotationSeconds))
    // A client takes one connection at a time, and gets another ticket with each.
    try check(unsafe SSL_CTX_set_num_tickets(context, 1), "tickets cannot be counted")
    try check(unsafe SSL_CTX_set_max_early_data(context, 0), "early data cannot be refused")
    try check(unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticketKey), "tickets cannot be sealed")
    unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
    unsafe lobbyist_set_servername_callback(context, chooseCertificate)
  }

  // MARK: What sessions ask

  /// Has a session serve the first certificate with a name, and those that follow it with other kinds of keys, as the
  /// client may know one kind only. Without a name, or with one that none has, as for the first name of all.
  fileprivate func choose(for name: String?, in session: OpaquePointer) -> Bool {
    var found = name.map(names.find) ?? []
    if found.isEmpty { found = served[0].dnsNames.first.map(names.find) ?? [] }
    guard let first = found.first else { return true }
    if first > 0, unsafe SSL_set_SSL_CTX(session, contexts[first]) == nil { return false }
    for position in found.dropFirst() { unsafe lobbyist_serve_also(session, contexts[position]) }
    return true
  }

  fileprivate func sealTicket(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
    _ mac: OpaquePointer
  ) -> Int32 {
    unsafe tickets.seal(name, vector, cipher, mac) ? 1 : 0
  }

  fileprivate func openTicket(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
    _ mac: OpaquePointer
  ) -> Int32 {
    unsafe tickets.open(name, vector, cipher, mac).rawValue
  }

  /// Whether `http/1.1` is among what a client offers: its place in `offered`, else nil.
  fileprivate static func choose(from offered: UnsafeBufferPointer<UInt8>) -> Int? {
    var index = 0
    while index < offered.count {
      let end = unsafe index + 1 + Int(offered[index])
      guard end <= offered.count else { return nil }
      if unsafe offered[index..<end].elementsEqual(protocols) { return index + 1 }
      index = end
    }
    return nil
  }
}

@available(*, unavailable, message: "The loop belongs to one thread.")
extension TLSContext: Sendable {}

/// RFC 6066 §3: a name in none of the certificates is not refused, as some clients ask for an address.
private func chooseCertificate(
  _ session: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  guard let session = unsafe session, let context = unsafe TLSSession.context(of: session) else {
    return SSL_TLSEXT_ERR_OK
  }
  let name = unsafe SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
  return unsafe context.choose(for: name, in: session) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
}

/// RFC 7301 §3.2: a client that offers protocols, but none that is spoken, is told so. `chosen` is to be a place in what
/// the client has offered.
private func chooseProtocol(
  _ session: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ count: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
  _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
  guard let offered = unsafe offered, let place = unsafe TLSContext.choose(from: list) else {
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
  unsafe chosen?.pointee = unsafe offered + place
  unsafe count?.pointee = list[place - 1]
  return SSL_TLSEXT_ERR_OK
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3)
private func ticketKey(
  _ session: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ vector: UnsafeMutablePointer<UInt8>?,
  _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ isNew: Int32
) -> Int32 {
  guard let session = unsafe session, let name = unsafe name, let vector = unsafe vector,
    let cipher = unsafe cipher, let mac = unsafe mac, let context = unsafe TLSSession.context(of: session)
  else { return -1 }
  return unsafe isNew == 1
    ? context.sealTicket(name, vector, cipher, mac) : context.openTicket(name, vector, cipher, mac)
}
