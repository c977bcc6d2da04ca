import Configuration
import Reactor
import Relay

extension ScriptReloader {
  /// What is served from now on when one of these files is a certificate's or its key's. Whoever writes the two one after
  /// the other is refused in between, and what was served before stays until they fit.
  func renewCertificates(_ changes: Set<String>?) -> ReloadOutcome? {
    guard Self.concerns(plan.certificateFiles, changes) else { return nil }
    do throws(FileError) {
      let read = try plan.readCertificates(notingIn: looked)
      guard read != certificates else { return nil }
      let tls = try CertificatePlan.context(plan.certificates, read, inPlaceOf: relay.tls)
      let renewed = zip(zip(read, certificates), tls?.served ?? []).filter { $0.0.0 != $0.0.1 }.map(\.1)
      (certificates, relay.tls) = (read, tls)
      warn(of: renewed)
      return ReloadOutcome(subject: renewed.first?.name ?? "certificates", .changed(Self.told(renewed)))
    } catch {
      return ReloadOutcome(subject: "the certificate", .failed(error.message))
    }
  }

  /// Those of a configuration that was read again.
  func certificates(of again: ServePlan) throws(ConfigurationError) -> ([TLSCertificate], TLSContext?) {
    do throws(FileError) {
      let read = try again.readCertificates(notingIn: looked)
      // What has not changed goes on, and with it the tickets of clients.
      guard read != certificates else { return (read, relay.tls) }
      return (read, try CertificatePlan.context(again.certificates, read, inPlaceOf: relay.tls))
    } catch {
      throw ConfigurationError(message: error.message)
    }
  }

  /// In words.
  static func told(_ served: [ServedCertificate]) -> [String] {
    let now = Clock.wallSeconds
    return served.map { certificate in
      let names = certificate.dnsNames.isEmpty ? "" : " for \(certificate.dnsNames.joined(separator: ", "))"
      return "the certificate\(names) is served now, good for \(certificate.daysLeft(at: now)) days"
    }
  }

  /// Says which ones are of no use to clients.
  func warn(of served: [ServedCertificate]) {
    for certificate in served where certificate.isExpired(at: Clock.wallSeconds) {
      log.warning("\(certificate.name) has expired: clients refuse it until it is renewed")
    }
  }
}
