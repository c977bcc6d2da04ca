import CCrypto
import Glibc

/// One end of a TLS connection: OpenSSL between a socket and whoever reads and writes. Never blocks.
///
/// The handshake is part of reading. One read takes from the socket once, and has all of that decrypted: nothing stays
/// behind that the loop would not be told of, but for what ``isEntangled`` says.
@safe
struct TLSSession: ~Copyable {
  /// Room that a read needs: a record that is in part there already (RFC 8446 §5.1), and as much again.
  static var roomBytesMin: Int { 2 * recordBytesMax }
  private static var recordBytesMax: Int { 17 << 10 }

  /// Allocated and initialised by init, freed by deinit. OpenSSL's callbacks have its address.
  let state: UnsafeMutablePointer<State>

  /// What OpenSSL's callbacks reach too.
  @safe
  struct State {
    let ssl: OpaquePointer
    let context: TLSContext
    let socket: Int32
    let isServer: Bool
    /// Looks at the handshake of a client; nil for a server's, and once it is done.
    var guarded: HelloGuard?
    /// What the socket has given in this read and OpenSSL has not taken yet: a part of the context's scratch.
    var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// The same between two reads, when OpenSSL has to write before it reads on.
    var kept: [UInt8] = []
    var isEstablished = false
    /// OpenSSL has given up: it may not be called again.
    var isBroken = false
    var readAwaitsRoom = false
    var writeAwaitsInput = false
    /// `errno` of the last write to the socket that failed.
    var code: Int32 = 0
    var verdict = HelloGuard.Verdict.good
    /// Why it is broken, as OpenSSL says it.
    var problem: UInt = 0
  }

  /// Nil when there is no memory. `host` is the server's name for a client, which checks the certificate for it.
  init?(_ context: TLSContext, _ socket: borrowing Descriptor, host: String? = nil) {
    guard let ssl = unsafe context.makeSession() else { return nil }
    guard let transport = unsafe Transport.make() else {
      unsafe SSL_free(ssl)
      return nil
    }
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        ssl: ssl, context: context, socket: socket.number, isServer: host == nil,
        guarded: host == nil ? HelloGuard() : nil))
    unsafe BIO_set_data(transport, state)
    // Both directions; the session frees it.
    unsafe SSL_set_bio(ssl, transport, transport)
    unsafe SSL_set_ex_data(ssl, 0, state)
    if let host {
      unsafe SSL_set_connect_state(ssl)
      unsafe expect(host, ssl)
    } else {
      unsafe SSL_set_accept_state(ssl)
    }
  }

  /// A name is asked for by SNI; an address is not (RFC 6066 §3), and stands in a certificate in another way.
  private func expect(_ host: String, _ ssl: OpaquePointer) {
    if HostAddress(parsing: host) != nil {
      _ = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
    } else {
      _ = unsafe lobbyist_set_server_name(ssl, host)
      _ = unsafe SSL_set1_host(ssl, host)
    }
  }

  deinit {
    unsafe SSL_free(state.pointee.ssl)
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// Of a session that lives.
  static func context(of ssl: OpaquePointer) -> TLSContext? {
    unsafe SSL_get_ex_data(ssl, 0)?.assumingMemoryBound(to: State.self).pointee.context
  }

  // MARK: How it is

  /// The handshake is done.
  var isEstablished: Bool { unsafe state.pointee.isEstablished }
  /// Reading goes on once the socket takes something, or writing once it gives something.
  var isEntangled: Bool { unsafe state.pointee.readAwaitsRoom || state.pointee.writeAwaitsInput }
  /// Whether to wait for room in the socket, with something to write or without.
  func wantsRoom(toWrite: Bool) -> Bool {
    unsafe state.pointee.readAwaitsRoom || (toWrite && !state.pointee.writeAwaitsInput)
  }
  /// The client speaks HTTP, or other text, to a port for TLS.
  var isPlainText: Bool { unsafe state.pointee.verdict == .plainText }
  /// Why the last read or write has failed.
  var problem: String {
    switch unsafe state.pointee.verdict {
    case .plainText: "it is not encrypted"
    case .refused(let reason): reason
    case .good: unsafe OpenSSLError.text(of: state.pointee.problem)
    }
  }

  // MARK: Reading and writing

  /// As ``Stream/read(into:)``; the buffer has room for ``roomBytesMin`` or more.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    precondition(buffer.count >= Self.roomBytesMin)
    guard unsafe !state.pointee.isBroken else { return .failed(EPROTO) }
    // With what is in part there already it fits into the buffer once it is decrypted.
    let most = min(buffer.count - Self.recordBytesMax, TLSContext.scratchBytes)
    if let end = takeInput(most) { return end }
    let result = unsafe decrypt(into: buffer)
    if unsafe state.pointee.readAwaitsRoom {
      unsafe state.pointee.kept.insert(contentsOf: state.pointee.input, at: 0)
    }
    unsafe state.pointee.input = UnsafeRawBufferPointer(start: nil, count: 0)
    return result
  }

  /// Takes what is kept, or what the socket gives. Answers how a read ends that has nothing to go on with.
  private func takeInput(_ most: Int) -> ReadResult? {
    let scratch = unsafe state.pointee.context.scratch
    var count = 0
    if unsafe !state.pointee.kept.isEmpty {
      count = unsafe min(most, state.pointee.kept.count)
      unsafe scratch.copyBytes(from: state.pointee.kept.prefix(count))
      unsafe state.pointee.kept.removeFirst(count)
    } else if unsafe !state.pointee.readAwaitsRoom {
      switch unsafe PlainSocket.read(state.pointee.socket, UnsafeMutableRawBufferPointer(rebasing: scratch[..<most])) {
      case .bytes(let received): count = received
      // A client has to speak first.
      case .wouldBlock where unsafe !state.pointee.isServer && !state.pointee.isEstablished: break
      case let end: return end
      }
    }
    unsafe state.pointee.input = UnsafeRawBufferPointer(rebasing: scratch[..<count])
    return nil
  }

  private func decrypt(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    let ssl = unsafe state.pointee.ssl
    unsafe state.pointee.readAwaitsRoom = false
    var total = 0
    while total < buffer.count {
      var count = 0
      ERR_clear_error()
      let answer = unsafe SSL_read_ex(ssl, buffer.baseAddress?.advanced(by: total), buffer.count - total, &count)
      if answer == 1 {
        total += count
        continue
      }
      let error = unsafe SSL_get_error(ssl, answer)
      if unsafe !state.pointee.isEstablished, unsafe SSL_is_init_finished(ssl) == 1 { establish() }
      switch error {
      case SSL_ERROR_WANT_READ: break
      case SSL_ERROR_WANT_WRITE: unsafe state.pointee.readAwaitsRoom = true
      case SSL_ERROR_ZERO_RETURN:
        if total == 0 { return .endOfStream }
        // The client has said that this is all, and may leave the socket open: this has the loop read once more.
        _ = unsafe shutdown(state.pointee.socket, Int32(SHUT_RD))
      default:
        give(up: error)
        if total == 0 { return .failed(unsafe state.pointee.code == 0 ? EPROTO : state.pointee.code) }
      }
      break
    }
    return total > 0 ? .bytes(total) : .wouldBlock
  }

  private func establish() {
    unsafe state.pointee.isEstablished = true
    unsafe state.pointee.guarded = nil
  }

  private func give(up error: Int32) {
    unsafe state.pointee.isBroken = true
    unsafe state.pointee.problem = OpenSSLError.take()
  }

  /// As ``Stream/write(_:)``.
  func write(_ bytes: UnsafeRawBufferPointer) -> WriteResult {
    guard unsafe !state.pointee.isBroken else { return .failed(EPROTO) }
    let ssl = unsafe state.pointee.ssl
    unsafe state.pointee.writeAwaitsInput = false
    var total = 0
    while total < bytes.count {
      var count = 0
      ERR_clear_error()
      // After one that could not be ended the next call begins with the same bytes, and has at least as many.
      let answer = unsafe SSL_write_ex(ssl, bytes.baseAddress?.advanced(by: total), bytes.count - total, &count)
      if answer == 1 {
        total += count
        continue
      }
      switch unsafe SSL_get_error(ssl, answer) {
      case SSL_ERROR_WANT_WRITE: break
      case SSL_ERROR_WANT_READ: unsafe state.pointee.writeAwaitsInput = true
      case let error:
        give(up: error)
        if total == 0 { return .failed(unsafe state.pointee.code == 0 ? EPROTO : state.pointee.code) }
      }
      return total > 0 ? .bytes(total) : .wouldBlock
    }
    return .bytes(total)
  }

  /// Says that nothing further will be written (RFC 8446 §6.1), if the socket takes that at once.
  func sayGoodbye() {
    guard unsafe state.pointee.isEstablished && !state.pointee.isBroken else { return }
    ERR_clear_error()
    unsafe SSL_shutdown(state.pointee.ssl)
  }
}
