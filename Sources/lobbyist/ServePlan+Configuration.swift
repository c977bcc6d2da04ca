import Configuration
import Policy
import Reactor
import Relay

extension ServePlan {
  /// Takes over what a configuration file says. What the command line has given wins.
  mutating func read(configuration path: String) throws(ConfigurationError) {
    let source: [UInt8]
    do throws(FileError) {
      source = try Files.read(path).get()
    } catch {
      throw ConfigurationError(message: error.message)
    }
    let folder = Files.folder(of: path)
    let looked = LookedUp()
    looked.note(path, FileMark(of: path))
    let configuration = try Configuration(
      path: path, source: source, modules: { Self.module($0, in: folder, notingIn: looked) },
      log: { complain("\(path): \($0)") })
    configurationFiles = Array(looked.paths)
    limits = RelayLimits()
    try Self.set(configuration.limits, in: &limits, configuration)
    setGivenLimits(in: &limits)
    try read(log: configuration)
    mounts = []
    for mount in configuration.mounts { mounts.append(try plan(mount, folder, configuration)) }
    try read(listeners: configuration)
    try read(admin: configuration)
    try read(proxies: configuration)
    if deployments == nil, let said = configuration.deployments?.value {
      deployments = said.hasPrefix("/") ? said : folder + "/" + said
    }
  }

  private mutating func read(listeners configuration: Configuration) throws(ConfigurationError) {
    let own = configuration.mounts.flatMap(\.listen)
    var seen: [SocketAddress] = []
    for address in configuration.listen + own {
      let wanted: SocketAddress
      do throws(SystemError) {
        wanted = try ListenAddress(parsing: address.value).address
      } catch {
        throw configuration.error(at: address.line, error.description)
      }
      // Port 0 is another one each time.
      guard wanted.port == 0 || !seen.contains(wanted) else {
        throw configuration.error(at: address.line, "'\(address.value)' is listened on twice")
      }
      seen.append(wanted)
      places[address.value] = "\(configuration.path):\(address.line)"
    }
    if listen.isEmpty { listen = configuration.listen.map(\.value) }
    let count = listen.count + own.count
    guard count <= Relay.listenersMax else {
      throw configuration.error(at: 1, "at most \(Relay.listenersMax) addresses can be listened on, not \(count)")
    }
    guard count > 0 else {
      throw configuration.error(at: 1, "it listens nowhere: listen \"0.0.0.0:9080\"")
    }
    if listen.isEmpty, let lost = configuration.mounts.first(where: { $0.listen.isEmpty }) {
      throw configuration.error(
        at: lost.line, "nothing reaches this mount: listen \"0.0.0.0:9080\", or give it its own")
    }
    for (index, mount) in configuration.mounts.enumerated() where mount.listen.isEmpty {
      let earlier = configuration.mounts[..<index].filter { $0.host == mount.host }
      guard mount.paths.allSatisfy({ path in earlier.contains { $0.paths.contains(path) } }) else { continue }
      let taken = mount.paths.joined(separator: ", ")
      throw configuration.error(at: mount.line, "nothing reaches this mount: another one is at \(taken) before it")
    }
  }

  private mutating func read(admin configuration: Configuration) throws(ConfigurationError) {
    if adminToken == nil, let said = configuration.adminToken {
      guard let token = OperatorToken(said.value) else {
        throw configuration.error(at: said.line, "this is no token: one \(OperatorToken.rule)")
      }
      adminToken = token
    }
    if let admin {
      guard let problem = Self.problem(ofAdmin: admin, adminToken) else { return }
      throw ConfigurationError(message: "--admin: \(problem)")
    }
    guard let address = configuration.admin else { return }
    if let problem = Self.problem(ofAdmin: address.value, adminToken) {
      throw configuration.error(at: address.line, problem)
    }
    admin = address.value
    places[address.value] = "\(configuration.path):\(address.line)"
  }

  private mutating func read(log configuration: Configuration) throws(ConfigurationError) {
    for entry in configuration.log {
      if let problem = log.set(entry.name, to: entry.value) {
        throw configuration.error(at: entry.line, "\(entry.name) \(problem)")
      }
    }
    // These have been tried when the command line was read.
    for (name, value) in logGiven { _ = log.set(name, to: value) }
  }

  /// What the command line says goes before a file, also before what that says of one mount.
  private func setGivenLimits(in limits: inout RelayLimits) {
    for (name, value) in limitsGiven {
      // They have been tried when the command line was read.
      try? limits.set(name, to: value)
    }
  }

  private func plan(
    _ mount: Configuration.Mount, _ folder: String, _ configuration: Configuration
  ) throws(ConfigurationError) -> MountPlan {
    func place(of setting: Configuration.Assignment) -> String { "\(configuration.path):\(setting.line)" }
    var plan = MountPlan(script: try Self.file(mount.script, folder, configuration, mount.scriptLine))
    plan.route = Route(paths: mount.paths, host: mount.host, listen: mount.listen.map(\.value))
    plan.route.deflates = mount.deflates
    if let pages = mount.pages { plan.route.pages = try Self.pages(pages, folder, configuration) }
    plan.settings = mount.settings.map { MountPlan.Setting($0.name, $0.value, place(of: $0)) }
    for plugin in mount.plugins {
      let path = try Self.file(plugin.script, folder, configuration, plugin.line)
      plan.plugins.append(path)
      let name = Script(path: path, source: []).name
      plan.settings += plugin.settings.map { MountPlan.Setting("\(name).\($0.name)", $0.value, place(of: $0)) }
    }
    var own = limits
    try Self.set(mount.limits, in: &own, configuration, onlyMounts: true)
    setGivenLimits(in: &own)
    plan.limits = own.mount
    plan.place = "\(configuration.path):\(mount.line)"
    return plan
  }

  /// A folder that is looked for as scripts are.
  private static func pages(
    _ pages: Configuration.Located<String>, _ folder: String, _ configuration: Configuration
  ) throws(ConfigurationError) -> StaticFolder {
    let found = try file(pages.value, folder, configuration, pages.line)
    guard let found = StaticFolder(found) else {
      throw configuration.error(at: pages.line, "static is a folder, and \(found) is none")
    }
    return found
  }

  private static func set(
    _ assignments: [Configuration.Assignment], in limits: inout RelayLimits, _ configuration: Configuration,
    onlyMounts: Bool = false
  ) throws(ConfigurationError) {
    for limit in assignments {
      if onlyMounts, RelayLimits.names.contains(limit.name), !RelayLimits.mountNames.contains(limit.name) {
        throw configuration.error(at: limit.line, "'\(limit.name)' is a limit of the whole relay: limits { … }")
      }
      do throws(LimitError) {
        try limits.assign(limit.name, limit.value)
      } catch {
        throw configuration.error(at: limit.line, error.message)
      }
    }
  }

  /// A script is looked for beside the configuration, then where those of the command line are.
  private static func file(
    _ path: String, _ folder: String, _ configuration: Configuration, _ line: Int
  ) throws(ConfigurationError) -> String {
    let beside = path.hasPrefix("/") ? path : folder + "/" + path
    let found = Files.missing(among: [beside]) == nil ? beside : ScriptFiles.locate(path)
    guard let error = Files.missing(among: [found]) else { return found }
    let near = Files.nearest(to: beside) ?? Files.nearest(to: found)
    throw configuration.error(at: line, error.message + (near.map { ". Did you mean '\($0)'?" } ?? ""))
  }

  private static func module(
    _ name: String, in folder: String, notingIn looked: LookedUp
  ) -> (path: String, source: [UInt8])? {
    let isPlain = name.utf8.allSatisfy {
      $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || UnicodeScalar($0).properties.isAlphabetic
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    guard isPlain, !name.contains("..") else { return nil }
    let path = folder + "/" + name.replacing(".", with: "/") + ".lua"
    looked.note(path, FileMark(of: path))
    return ScriptFiles.module(path).map { (path, $0) }
  }
}
