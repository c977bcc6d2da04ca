import Glibc

extension SocketAddress {
  /// Looks a name up and answers its addresses in the order to try them. Blocks, on the network for a name that is not
  /// an address: for clients, never inside the loop. getaddrinfo(3)
  public static func resolve(_ name: String, port: UInt16) throws(SystemError) -> [SocketAddress] {
    if let host = HostAddress(parsing: name) { return [SocketAddress(host: host, port: port)] }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let answer = unsafe getaddrinfo(name, nil, &hints, &list)
    guard answer == 0 else {
      let reason = unsafe gai_strerror(answer).map { unsafe String(cString: $0) } ?? "error \(answer)"
      throw SystemError("getaddrinfo", EHOSTUNREACH, "cannot find the address of '\(name)': \(reason)")
    }
    defer { unsafe freeaddrinfo(list) }
    var found: [SocketAddress] = []
    // The list is a chain that ends with nil and lives until freeaddrinfo; each entry says how long its address is.
    var next = unsafe list
    while let entry = unsafe next?.pointee {
      let bytes = unsafe UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
      if let address = unsafe SocketAddress(kernelForm: bytes) {
        found.append(SocketAddress(host: address.host, port: port))
      }
      unsafe next = entry.ai_next
    }
    return found
  }
}
