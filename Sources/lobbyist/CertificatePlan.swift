import Configuration
import Reactor
import Relay

/// One certificate of a relay, before its files are read.
struct CertificatePlan: Equatable {
  let file: String
  /// The same as `file` where the key stands in it too.
  let key: String
  /// Where a configuration says it: `file:line`.
  var place: String?

  init(file: String, key: String?, place: String? = nil) {
    self.file = file
    self.key = key ?? file
    self.place = place
  }

  var files: [String] { [file, key] }

  /// `FILE`, or `FILE,KEYFILE`.
  init(option text: String) throws(UsageError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
      throw UsageError("--certificate wants FILE or FILE,KEYFILE, not '\(text)'")
    }
    self.init(file: parts[0], key: parts.count == 2 ? parts[1] : nil)
  }

  static func lacking(for address: String) -> String {
    "'\(address)' is encrypted and there is no certificate: certificate { file = \"fullchain.pem\", key = "
      + "\"privkey.pem\" }, or --certificate fullchain.pem,privkey.pem"
  }

  func read(notingIn looked: LookedUp? = nil) throws(FileError) -> TLSCertificate {
    do throws(FileError) {
      let chain = try Files.read(file, bytesMax: Self.bytesMax, notingIn: looked).get()
      let secret = key == file ? chain : try Files.read(key, bytesMax: Self.bytesMax, notingIn: looked).get()
      return TLSCertificate(name: file, chain: chain, keyName: key, key: secret)
    } catch {
      throw FileError(placed(error.message))
    }
  }

  /// Files of PEM have some kilobytes.
  private static let bytesMax = 1 << 20

  private func placed(_ message: String) -> String { (place.map { $0 + ": " } ?? "") + message }

  /// What is served with all of these; nil for none.
  static func context(
    _ plans: [CertificatePlan], _ certificates: [TLSCertificate], inPlaceOf former: TLSContext? = nil
  ) throws(FileError) -> TLSContext? {
    guard !plans.isEmpty else { return nil }
    do throws(TLSError) {
      return try TLSContext(serving: certificates, inPlaceOf: former)
    } catch {
      throw FileError(error.position.map { plans[$0].placed(error.description) } ?? error.description)
    }
  }
}

extension ServePlan {
  /// The first address that is to be encrypted when there is no certificate for it.
  var listenerWithoutCertificate: String? {
    guard certificates.isEmpty else { return nil }
    let all = listen + mounts.flatMap(\.route.listen) + (admin.map { [$0] } ?? [])
    return all.first { (try? ListenAddress(parsing: $0))?.isEncrypted == true }
  }

  /// The files of certificates are looked for beside the configuration.
  mutating func read(certificates configuration: Configuration, _ folder: String) throws(ConfigurationError) {
    func beside(_ path: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }
    if certificates.isEmpty {
      certificates = configuration.certificates.map { said in
        CertificatePlan(
          file: beside(said.file), key: said.key.map(beside), place: "\(configuration.path):\(said.line)")
      }
    }
    guard let lacking = listenerWithoutCertificate else { return }
    let place = places[lacking] ?? configuration.path
    throw ConfigurationError(message: "\(place): \(CertificatePlan.lacking(for: lacking))")
  }

  var certificateFiles: [String] { certificates.flatMap(\.files) }

  func readCertificates(notingIn looked: LookedUp? = nil) throws(FileError) -> [TLSCertificate] {
    var found: [TLSCertificate] = []
    for plan in certificates { found.append(try plan.read(notingIn: looked)) }
    return found
  }
}
