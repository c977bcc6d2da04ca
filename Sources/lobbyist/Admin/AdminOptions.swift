import Relay

/// `--admin`, `--admin-token-file`, `--ca` and `--insecure`: which relay a command asks, with which token, and whose
/// certificate is good for that.
struct AdminOptions {
  private var admin = AdminRequest.defaultAdmin
  private var tokenFile: String?
  private var trust = TrustOptions()

  /// False for any other option.
  mutating func read(_ name: String, _ options: inout Options) throws(UsageError) -> Bool {
    switch name {
    case "--admin": admin = try options.value(of: name)
    case AdminToken.option: tokenFile = try options.value(of: name)
    default: return try trust.read(name, &options)
    }
    return true
  }

  /// A file goes before the environment.
  func request() throws(UsageError) -> AdminRequest {
    let token: OperatorToken?
    if let tokenFile { token = try AdminToken.read(file: tokenFile) } else { token = try AdminToken.fromEnvironment() }
    return AdminRequest(admin: admin, trust: trust.trust, token: token)
  }

  static let usage = "[--admin ADDRESS:PORT] [\(AdminToken.option) FILE] [--ca FILE | --insecure]"

  static let help = """
      --admin ADDRESS:PORT     the admin listener of the relay (default \(AdminRequest.defaultAdmin));
                               tls://ADDRESS:PORT for one that speaks TLS
      --admin-token-file FILE  its token, if it wants one; else \(AdminToken.variable) in the environment
      --ca FILE                with TLS, its certificate is checked against those in this file, PEM, instead of those
                               that this system trusts
      --insecure               not at all: whoever is in between learns the token
    """
}
