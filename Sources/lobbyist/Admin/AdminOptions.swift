/// `--admin` and `--admin-token-file`: which relay a command asks, and with which token.
struct AdminOptions {
  private var admin = AdminRequest.defaultAdmin
  private var tokenFile: String?

  /// False for any other option.
  mutating func read(_ name: String, _ options: inout Options) throws(UsageError) -> Bool {
    switch name {
    case "--admin": admin = try options.value(of: name)
    case AdminToken.option: tokenFile = try options.value(of: name)
    default: return false
    }
    return true
  }

  /// A file goes before the environment.
  func request() throws(UsageError) -> AdminRequest {
    if let tokenFile { return AdminRequest(admin: admin, token: try AdminToken.read(file: tokenFile)) }
    return AdminRequest(admin: admin, token: try AdminToken.fromEnvironment())
  }

  static let usage = "[--admin ADDRESS:PORT] [\(AdminToken.option) FILE]"

  static let help = """
      --admin ADDRESS:PORT     the admin listener of the relay (default \(AdminRequest.defaultAdmin))
      --admin-token-file FILE  its token, if it wants one; else \(AdminToken.variable) in the environment
    """
}
