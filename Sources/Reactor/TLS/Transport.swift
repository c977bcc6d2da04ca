import CCrypto
import Glibc

/// What OpenSSL reads and writes through (BIO_meth_new(3)): reads from what a ``TLSSession`` has taken from its socket,
/// writes to that socket. So one read of the socket is enough, and a client's hello is looked at beforehand.
enum Transport {
  fileprivate static let flags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

  /// Made once and never changed or freed.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lobbyist") else { return nil }
    unsafe BIO_meth_set_read_ex(method, readInput)
    unsafe BIO_meth_set_write_ex(method, writeOutput)
    unsafe BIO_meth_set_ctrl(method, answerControl)
    unsafe BIO_meth_set_create(method) { transport in
      unsafe BIO_set_init(transport, 1)
      return 1
    }
    return unsafe method
  }()

  /// Its data is to be a ``TLSSession/State``. Nil when there is no memory.
  static func make() -> OpaquePointer? { unsafe method.flatMap { unsafe BIO_new($0) } }

  fileprivate static func state(of transport: OpaquePointer) -> UnsafeMutablePointer<TLSSession.State>? {
    unsafe BIO_get_data(transport)?.assumingMemoryBound(to: TLSSession.State.self)
  }
}

private func readInput(
  _ transport: OpaquePointer?, _ place: UnsafeMutablePointer<CChar>?, _ room: Int,
  _ filled: UnsafeMutablePointer<Int>?
) -> Int32 {
  guard let transport = unsafe transport, let place = unsafe place, let state = unsafe Transport.state(of: transport)
  else {
    return 0
  }
  unsafe BIO_clear_flags(transport, Transport.flags)
  let count = unsafe min(room, state.pointee.input.count)
  guard count > 0 else {
    unsafe BIO_set_flags(transport, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
    return 0
  }
  let taken = unsafe UnsafeRawBufferPointer(rebasing: state.pointee.input[..<count])
  if unsafe state.pointee.guarded != nil {
    let isVersion12 = unsafe SSL_version(state.pointee.ssl) == TLS1_2_VERSION
    let verdict = unsafe state.pointee.guarded?.take(taken, isVersion12: isVersion12) ?? .good
    unsafe state.pointee.verdict = verdict
    guard verdict == .good else { return 0 }
  }
  // OpenSSL has room for as many as it asks for.
  unsafe UnsafeMutableRawBufferPointer(start: place, count: count).copyMemory(from: taken)
  unsafe state.pointee.input = UnsafeRawBufferPointer(rebasing: state.pointee.input[count...])
  unsafe filled?.pointee = count
  return 1
}

private func writeOutput(
  _ transport: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int, _ written: UnsafeMutablePointer<Int>?
) -> Int32 {
  guard let transport = unsafe transport, let state = unsafe Transport.state(of: transport) else { return 0 }
  unsafe BIO_clear_flags(transport, Transport.flags)
  switch unsafe PlainSocket.write(state.pointee.socket, UnsafeRawBufferPointer(start: bytes, count: count)) {
  case .bytes(let sent):
    unsafe written?.pointee = sent
    return 1
  case .wouldBlock: unsafe BIO_set_flags(transport, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
  case .failed(let code): unsafe state.pointee.code = code
  }
  return 0
}

/// Nothing is held back, so that there is nothing to flush; all else is unknown here. BIO_ctrl(3)
private func answerControl(
  _ transport: OpaquePointer?, _ command: Int32, _ number: Int, _ argument: UnsafeMutableRawPointer?
) -> Int {
  command == BIO_CTRL_FLUSH ? 1 : 0
}
