import Glibc

/// Between our value and the C library's `sockaddr` family. The only file that looks inside those.
extension SocketAddress {
  /// AF_INET or AF_INET6.
  var family: Int32 { host.ipv4 == nil ? AF_INET6 : AF_INET }

  /// Lends the address in the kernel's form for the length of `body`.
  func withKernelForm(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    if let ipv4 = host.ipv4 {
      var form = sockaddr_in()
      form.sin_family = sa_family_t(AF_INET)
      form.sin_port = port.bigEndian
      form.sin_addr.s_addr = ipv4.bigEndian
      return unsafe Self.lend(&form, body)
    }
    var form = sockaddr_in6()
    form.sin6_family = sa_family_t(AF_INET6)
    form.sin6_port = port.bigEndian
    form.sin6_addr = host.in6
    return unsafe Self.lend(&form, body)
  }

  /// Every `sockaddr_*` starts with the family that `sockaddr` starts with; the length passed is the real one.
  private static func lend<Form>(
    _ form: inout Form, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    unsafe withUnsafeBytes(of: &form) { bytes in
      guard let start = bytes.baseAddress else { preconditionFailure("an address without bytes") }
      return unsafe body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }

  /// Lets `fill` (accept4, getsockname …) write an address and reads it. An answer below zero is a failure, and `code`
  /// its errno; the address is nil then, and when it is of neither IP family.
  static func filled(
    by fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> (answer: Int32, code: Int32, address: SocketAddress?) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      guard let start = bytes.baseAddress else { preconditionFailure("an address without bytes") }
      // sockaddr_storage has room and alignment for every family; `length` tells the kernel how much.
      let answer = unsafe fill(start.assumingMemoryBound(to: sockaddr.self), &length)
      guard answer >= 0 else { return (answer, errno, nil) }
      let filled = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<min(Int(length), bytes.count)])
      return unsafe (answer, 0, SocketAddress(kernelForm: filled))
    }
  }

  /// Reads a `sockaddr_in` or `sockaddr_in6`. Nil for another family or fewer bytes than the family needs.
  init?(kernelForm bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
    // Each load is preceded by the check that the bytes are there.
    switch Int32(unsafe bytes.loadUnaligned(as: sa_family_t.self)) {
    case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
      let form = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
      let host = HostAddress(ipv4: UInt32(bigEndian: form.sin_addr.s_addr))
      self.init(host: host, port: UInt16(bigEndian: form.sin_port))
    case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
      let form = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
      self.init(host: HostAddress(form.sin6_addr), port: UInt16(bigEndian: form.sin6_port))
    default: return nil
    }
  }
}
