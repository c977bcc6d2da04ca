/// What `lobbyist.lua` says: listeners, mounts, limits, log. Names are checked here, with the nearest valid one suggested;
/// whether addresses, files and limits are any good is for those who use them, who report it with `error(at:)`.
public struct Configuration: Sendable {
  /// Something and the line that it stands in.
  public struct Located<Value: Sendable>: Sendable {
    public let value: Value
    public let line: Int
  }

  /// A setting or limit, as text.
  public struct Assignment: Sendable {
    public let name: String
    public let value: String
    public let line: Int
  }

  public struct Plugin: Sendable {
    public let script: String
    public let settings: [Assignment]
    public let line: Int
  }

  public struct Mount: Sendable {
    public let line: Int
    public var paths: [String]
    public var host: String?
    public var listen: [Located<String>] = []
    public var script = ""
    public var scriptLine = 0
    public var plugins: [Plugin] = []
    public var settings: [Assignment] = []
    public var limits: [Assignment] = []
    /// Whether messages are compressed for those who offer it.
    public var deflates = false
    /// The folder of files for browsers.
    public var pages: Located<String>?
  }

  /// Files of PEM; the key's is nil where it stands in the certificate's.
  public struct Certificate: Sendable {
    public let line: Int
    public let file: String
    public let key: String?
  }

  /// What its statements begin with.
  public static var words: [String] { StatementReader.plain + StatementReader.curried }

  public let path: String
  public internal(set) var listen: [Located<String>] = []
  public internal(set) var mounts: [Mount] = []
  public internal(set) var limits: [Assignment] = []
  /// Where the operator asks for the relay's state.
  public internal(set) var admin: Located<String>?
  /// For listeners that are encrypted.
  public internal(set) var certificates: [Certificate] = []
  /// What the operator has to know there.
  public internal(set) var adminToken: Located<String>?
  /// Networks of proxies: of those whose `X-Forwarded-For` is believed, and of those that speak the PROXY protocol.
  public internal(set) var proxies: [Located<String>] = []
  public internal(set) var proxyProtocol: [Located<String>] = []
  /// Where deployments are kept.
  public internal(set) var deployments: Located<String>?
  /// `format` and `level`.
  public internal(set) var log: [Assignment] = []

  /// Runs and checks a configuration.
  ///
  /// - Parameters:
  ///   - path: as messages name it.
  ///   - modules: what `require` finds under a name.
  ///   - log: takes what the configuration prints.
  public init(
    path: String, source: [UInt8], modules: @escaping (String) -> (path: String, source: [UInt8])? = { _ in nil },
    log: @escaping (String) -> Void = { _ in }
  ) throws(ConfigurationError) {
    self.path = path
    let statements = try StatementReader.run(path: path, source: source, modules: modules, log: log)
    let text = SourceText(path: path, source: source)
    for statement in statements { try read(StatementCursor(statement, text)) }
    guard !mounts.isEmpty else {
      throw error(at: 1, "it mounts nothing: mount \"/\" { script = \"scripts/godot.lua\" }")
    }
  }

  /// What is wrong with a line of it.
  public func error(at line: Int, _ message: String) -> ConfigurationError {
    ConfigurationError(message: "\(path):\(line): \(message)")
  }

  private mutating func read(_ cursor: StatementCursor) throws(ConfigurationError) {
    switch cursor.statement.word {
    case "listen": listen += try cursor.texts("an address: listen \"0.0.0.0:9080\"")
    case "admin":
      guard admin == nil else { throw cursor.error("there is one admin listener, and it has been said where") }
      let said = try cursor.admin()
      (admin, adminToken) = (said.address, said.token)
    case "deployments":
      let example = "one folder: deployments \"deployments\""
      let texts = try cursor.texts(example)
      guard deployments == nil, texts.count == 1, !texts[0].value.isEmpty else {
        throw cursor.error("deployments wants \(example)")
      }
      deployments = texts[0]
    case "certificate": certificates.append(try cursor.certificate())
    case "proxies": proxies += try cursor.texts("addresses or networks: proxies { \"127.0.0.1\", \"10.0.0.0/8\" }")
    case "proxy_protocol":
      proxyProtocol += try cursor.texts("addresses or networks: proxy_protocol { \"10.0.0.1\" }")
    case "limits": limits += try cursor.assignments(example: "limits { connections = 1000 }")
    case "log":
      let said = try cursor.assignments(example: "log { format = \"json\" }")
      let known = ["format", "level", "addresses"]
      for each in said { try cursor.require(each.name, in: known, "log has", line: each.line) }
      log += said
    default: mounts.append(try cursor.mount())
    }
  }
}
