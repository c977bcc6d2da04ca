import Reactor

extension LiveTarget {
  /// Has a stream do its TLS handshake, in which the server says nothing besides.
  func secure(_ stream: inout Stream, with tls: TLSContext, _ milliseconds: Int) throws(StageError) {
    guard stream.secure(with: tls, host: name) else { throw StageError("there is no memory for TLS") }
    let deadline = Clock.milliseconds + UInt64(milliseconds)
    var room = [UInt8](repeating: 0, count: Stream.roomBytesMin)
    while true {
      let result = unsafe room.withUnsafeMutableBytes { unsafe stream.read(into: $0) }
      if stream.isEstablished { return }
      let now = Clock.milliseconds
      switch result {
      case .wouldBlock, .bytes:
        guard now < deadline, (try? stream.waitReadable(milliseconds: Int(deadline - now))) == true else {
          throw StageError("\(host) does not answer in TLS: is it a port for wss://?")
        }
      case .endOfStream: throw StageError("\(host) has ended the TLS handshake")
      case .failed: throw StageError("no TLS with \(host): \(stream.problem)\(Self.hint(stream.problem))")
      }
    }
  }

  private static func hint(_ problem: String) -> String {
    problem.contains("verify") ? " (--ca FILE trusts the certificate in a file, --insecure any)" : ""
  }
}
