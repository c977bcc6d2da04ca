import Glibc

extension Stream {
  /// Room that a read of an encrypted stream needs.
  public static var roomBytesMin: Int { TLSSession.roomBytesMin }

  /// Encrypts what is read and written from now on, as the server's end. Nothing is to be sent before
  /// ``isEstablished``. False when there is no memory.
  public mutating func secure(with context: TLSContext) -> Bool {
    session = TLSSession(context, descriptor)
    return session != nil
  }

  /// The same as the client's end, for the server of this name or address. It begins with a read.
  public mutating func secure(with context: TLSContext, host: String) -> Bool {
    session = TLSSession(context, descriptor, host: host)
    return session != nil
  }

  /// Goes on without encryption.
  public mutating func expose() { session = nil }

  /// Plain, or done with the handshake.
  public var isEstablished: Bool {
    switch session {
    case .none: true
    case .some(let session): session.isEstablished
    }
  }

  /// Whether to wait for room in the socket, with something to write or without.
  public func wantsRoom(toWrite: Bool) -> Bool {
    switch session {
    case .none: toWrite
    case .some(let session): session.wantsRoom(toWrite: toWrite)
    }
  }

  /// Reading goes on once the socket takes something, or writing once it gives something: then both are to be tried.
  public var isEntangled: Bool {
    switch session {
    case .none: false
    case .some(let session): session.isEntangled
    }
  }

  /// The client speaks HTTP, or other text, to a port for TLS.
  public var isPlainText: Bool {
    switch session {
    case .none: false
    case .some(let session): session.isPlainText
    }
  }

  /// Why TLS has failed, in words.
  public var problem: String {
    switch session {
    case .none: ""
    case .some(let session): session.problem
    }
  }
}
