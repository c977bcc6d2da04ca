import Configuration
import Glibc
import Policy
import Reactor
import Relay

/// What the command line asks `serve` to do.
struct ServePlan {
  var listen: [String] = []
  /// Where the operator asks; nil for nowhere.
  var admin: String?
  /// What the operator has to know there; nil for nothing.
  var adminToken: OperatorToken?
  /// Whether the operator may look there at what messages say.
  private(set) var allowsTailPayloads = false
  var mounts: [MountPlan] = []
  var limits = RelayLimits()
  var log = LogPlan()
  var recording = RecordPlan()
  /// Where deployments are kept; nil for nowhere.
  var deployments: String?
  /// The proxies that are believed, and those that the command line names.
  var proxies = TrustedProxies()
  var proxiesGiven = TrustedProxies()
  /// What the command line says about them, which goes before a configuration.
  private(set) var limitsGiven: [(name: String, value: String)] = []
  private(set) var logGiven: [(name: String, value: String)] = []
  private(set) var configuration: String?
  /// The configuration of the browser's demo, with the address that a plain `serve` would have.
  private var isDemo = false
  /// The files that it is read from: its own and those that it requires.
  var configurationFiles: [String] = []
  /// Where a configuration says what is listened on: `file:line`, by address.
  var places: [String: String] = [:]
  /// What the command line gave, which a configuration that is read again must not lose.
  private var listenGiven: [String] = []
  private var adminGiven: String?
  private var adminTokenGiven: OperatorToken?
  private var deploymentsGiven: String?
  private var mount = MountPlan(script: "")

  /// Nil when the help is asked for.
  init?(_ arguments: [String]) throws(UsageError) {
    var options = Options(arguments)
    while let word = try options.next() {
      switch word {
      case .option("--help"): return nil
      case .option(let name): try read(name, &options)
      case .operand(let text): throw UsageError("serve takes no '\(text)'; a script is named with --script \(text)")
      }
    }
    try recording.check()
    if adminTokenGiven == nil { adminTokenGiven = try AdminToken.fromEnvironment() }
    adminToken = adminTokenGiven
    if isDemo {
      guard configuration == nil else { throw UsageError("--demo is a configuration of its own: leave --config out") }
      configuration = ScriptFiles.locate(ServeCommand.demo)
      if listenGiven.isEmpty { listenGiven = [try Self.defaultAddress()] }
    }
    if let configuration {
      guard mount == MountPlan(script: "") else {
        throw UsageError(
          "\(configuration) says what is mounted: leave --script, --plugin, --set, --static and --deflate out")
      }
      return
    }
    guard admin != nil || !allowsTailPayloads else { throw UsageError("--tail-payloads goes with --admin") }
    if let admin, let problem = Self.problem(ofAdmin: admin, adminToken) { throw UsageError("--admin: \(problem)") }
    if listen.isEmpty { listen = [try Self.defaultAddress()] }
    if mount.script.isEmpty { mount.script = ServeCommand.defaultScript }
    mount.limits = limits.mount
    mounts = [mount]
  }

  /// Reads the configuration that the command line names, if it names one.
  mutating func readConfiguration() throws(ConfigurationError) {
    guard let configuration else { return }
    (listen, admin, deployments, places) = (listenGiven, adminGiven, deploymentsGiven, [:])
    adminToken = adminTokenGiven
    log = LogPlan()
    try read(configuration: configuration)
  }

  private mutating func read(_ name: String, _ options: inout Options) throws(UsageError) {
    switch name {
    case "--listen":
      listen.append(try options.value(of: name))
      listenGiven = listen
      guard listen.count <= Relay.listenersMax else {
        throw UsageError("at most \(Relay.listenersMax) addresses can be listened on")
      }
    case "--config": configuration = try options.value(of: name)
    case "--demo": isDemo = true
    case "--static": mount.route.pages = try Self.pages(try options.value(of: name))
    case "--deflate": mount.route.deflates = true
    case "--script": mount.script = try options.value(of: name)
    case "--plugin": mount.plugins.append(try options.value(of: name))
    case "--set":
      let (setting, value) = try options.assignment(of: name)
      mount.settings.append(MountPlan.Setting(setting, value))
    case "--limit":
      let (limit, value) = try options.assignment(of: name)
      do throws(LimitError) {
        try limits.assign(limit, value)
      } catch {
        throw UsageError(error.message)
      }
      limitsGiven.append((limit, value))
    case "--proxy", "--proxy-protocol": try readProxy(name, try options.value(of: name))
    case "--admin":
      admin = try options.value(of: name)
      adminGiven = admin
    case AdminToken.option: adminTokenGiven = try AdminToken.read(file: try options.value(of: name))
    case "--tail-payloads": allowsTailPayloads = true
    case "--deployments":
      let text = try options.value(of: name)
      guard !text.isEmpty else { throw UsageError("--deployments wants the name of a folder") }
      deployments = text
      deploymentsGiven = text
    case "--log-format", "--log-level", "--log-addresses":
      let (part, text) = (String(name.dropFirst("--log-".count)), try options.value(of: name))
      if let problem = log.set(part, to: text) { throw UsageError("\(name) \(problem)") }
      logGiven.append((part, text))
    default:
      if try recording.read(name, &options) { return }
      throw UsageError("serve has no option '\(name)'")
    }
  }

  private static func pages(_ path: String) throws(UsageError) -> StaticFolder {
    if let folder = StaticFolder(ScriptFiles.locate(path)) { return folder }
    throw UsageError("--static: '\(path)' is no folder")
  }

  /// Why the admin listener cannot be there with this token; nil when it can.
  static func problem(ofAdmin text: String, _ token: OperatorToken?) -> String? {
    do throws(SystemError) {
      let wanted = try ListenAddress(parsing: text)
      let isOwn = wanted.address.host.isLoopback && !wanted.bothFamilies
      if isOwn || token != nil { return nil }
      return "'\(text)' can be reached from outside: take a loopback address, such as 127.0.0.1:9081, or give it a "
        + "token: \(AdminToken.option) FILE, or \(AdminToken.variable) in the environment"
    } catch {
      return error.description
    }
  }

  /// An error with the place where the address stands that cannot be listened on, or the option that gives another.
  func complaint(about error: SystemError) -> String {
    func isMeant(_ text: String) -> Bool {
      guard let wanted = try? ListenAddress(parsing: text) else { return false }
      return error.description.hasPrefix("cannot listen on \(wanted.address): ")
    }
    if let place = places.first(where: { isMeant($0.key) })?.value { return "\(place): \(error.description)" }
    let isAdmin = admin.map(isMeant) ?? false
    return error.code == EADDRINUSE
      ? "\(error.description) with \(isAdmin ? "--admin" : "--listen")" : error.description
  }

  private static func defaultAddress() throws(UsageError) -> String {
    guard let text = unsafe getenv("PORT") else { return "0.0.0.0:\(ServeCommand.defaultPort)" }
    let port = unsafe String(cString: text)
    if port.isEmpty { return "0.0.0.0:\(ServeCommand.defaultPort)" }
    guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), UInt16(port) != nil else {
      throw UsageError("the environment variable PORT is '\(port)', not a port number")
    }
    return "0.0.0.0:\(port)"
  }
}
