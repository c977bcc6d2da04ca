import CCrypto
import Glibc

/// A certificate with its chain and its private key, as PEM, and what messages call each of the two.
public struct TLSCertificate: Equatable, Sendable {
  public let name: String
  public let chain: [UInt8]
  public let keyName: String
  public let key: [UInt8]

  public init(name: String, chain: [UInt8], keyName: String, key: [UInt8]) {
    self.name = name
    self.chain = chain
    self.keyName = keyName
    self.key = key
  }

  /// Has an SSL_CTX serve it.
  func install(in context: OpaquePointer) throws(TLSError) -> ServedCertificate {
    let certificates = try unsafe readChain()
    // The context takes its own share of each.
    defer { for index in unsafe certificates.indices { unsafe X509_free(certificates[index]) } }
    guard let own = unsafe certificates.first else {
      throw TLSError("\(name) holds no certificate: it begins with '-----BEGIN CERTIFICATE-----'")
    }
    guard unsafe SSL_CTX_use_certificate(context, own) == 1 else { throw refusal(of: name) }
    for index in unsafe certificates.indices.dropFirst() {
      guard unsafe lobbyist_add_to_chain(context, certificates[index]) == 1 else { throw refusal(of: name) }
    }
    let secret = try unsafe readKey()
    defer { unsafe EVP_PKEY_free(secret) }
    guard unsafe X509_check_private_key(own, secret) == 1 else {
      ERR_clear_error()
      throw TLSError("the key in \(keyName) does not belong to the certificate in \(name): they come as a pair")
    }
    guard unsafe SSL_CTX_use_PrivateKey(context, secret) == 1 else { throw refusal(of: keyName) }
    return unsafe ServedCertificate(name: name, dnsNames: Self.names(of: own), expires: Self.expiry(of: own))
  }

  private func refusal(of name: String) -> TLSError {
    TLSError("\(name) cannot be used: \(OpenSSLError.text(of: OpenSSLError.take()))")
  }

  /// Lends PEM to OpenSSL for the length of `body`.
  private static func withText<Answer>(
    _ bytes: [UInt8], _ name: String, _ body: (OpaquePointer) throws(TLSError) -> Answer
  ) throws(TLSError) -> Answer {
    guard !bytes.isEmpty else { throw TLSError("\(name) is empty") }
    ERR_clear_error()
    defer { ERR_clear_error() }
    // They are read in place: the copy outlives the BIO.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    unsafe copy.copyBytes(from: bytes)
    defer { unsafe copy.deallocate() }
    guard let text = unsafe BIO_new_mem_buf(copy.baseAddress, Int32(clamping: bytes.count)) else {
      throw TLSError("\(name) cannot be read: out of memory")
    }
    defer { unsafe BIO_free(text) }
    return try unsafe body(text)
  }

  /// The certificate, then those that it is signed with. Whoever calls this frees them. Keys in between are passed over.
  private func readChain() throws(TLSError) -> [OpaquePointer] {
    let name = name
    return try unsafe Self.withText(chain, name) { text throws(TLSError) in
      var found = unsafe [OpaquePointer]()
      while let next = unsafe PEM_read_bio_X509(text, nil, refusePassphrase, nil) { unsafe found.append(next) }
      let problem = ERR_peek_last_error()
      guard lobbyist_is_end_of_text(problem) == 1 else {
        for index in unsafe found.indices { unsafe X509_free(found[index]) }
        throw TLSError("\(name) holds a certificate that is broken: \(OpenSSLError.text(of: problem))")
      }
      return unsafe found
    }
  }

  private func readKey() throws(TLSError) -> OpaquePointer {
    let keyName = keyName
    guard String(decoding: key, as: UTF8.self).contains("PRIVATE KEY-----") || key.isEmpty else {
      throw TLSError("\(keyName) holds no private key" + (keyName == name ? ": name the file that does" : ""))
    }
    return try unsafe Self.withText(key, keyName) { text throws(TLSError) in
      var wasAsked = false
      if let key = unsafe PEM_read_bio_PrivateKey(text, nil, refusePassphrase, &wasAsked) { return unsafe key }
      guard !wasAsked else {
        throw TLSError("the key in \(keyName) wants a passphrase: 'openssl pkey' writes it without one")
      }
      throw TLSError("\(keyName) holds a private key that is broken: \(OpenSSLError.text(of: ERR_peek_last_error()))")
    }
  }

  private static func names(of certificate: OpaquePointer) -> [String] {
    guard let list = unsafe lobbyist_names(certificate) else { return [] }
    defer { unsafe lobbyist_free_names(list) }
    return unsafe (0..<lobbyist_names_count(list)).compactMap { index in
      var count: Int32 = 0
      // The bytes are the list's, and copied while it lives.
      guard let bytes = unsafe lobbyist_dns_name(list, index, &count) else { return nil }
      return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }
  }

  private static func expiry(of certificate: OpaquePointer) -> Int64 {
    var time = unsafe tm()
    guard unsafe ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 else { return .max }
    return Int64(unsafe timegm(&time))
  }
}

/// What is known of a certificate in service.
public struct ServedCertificate: Equatable, Sendable {
  /// As ``TLSCertificate/name``.
  public let name: String
  /// Those that it is for, with `*` for one label at most.
  public let dnsNames: [String]
  /// Seconds since 1970.
  public let expires: Int64

  public func isExpired(at now: Int64) -> Bool { now > expires }

  /// Whole days that are left.
  public func daysLeft(at now: Int64) -> Int64 { max(0, (expires - now) / 86_400) }
}

/// In place of asking at the terminal, which OpenSSL would do. Notes in the flag that it was given that it was asked.
private func refusePassphrase(
  _ room: UnsafeMutablePointer<CChar>?, _ count: Int32, _ isNew: Int32, _ wasAsked: UnsafeMutableRawPointer?
) -> Int32 {
  unsafe wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
  return -1
}
