import Configuration
import Deployment
import Glibc
import Policy
import Reactor
import Recording
import Relay

/// `lobbyist serve`: a policy on one or more listeners until a signal ends it.
enum ServeCommand {
  static let defaultScript = "scripts/godot.lua"
  /// What `--demo` serves.
  static let demo = "examples/browser/lobbyist.lua"
  static let defaultPort = "9080"

  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    guard var plan = try ServePlan(arguments) else {
      say(help)
      return ExitCode.success
    }
    do throws(ConfigurationError) {
      try plan.readConfiguration()
    } catch {
      return fail(error.message)
    }
    return serve(plan)
  }

  private static func serve(_ plan: ServePlan) -> Int32 {
    var plan = plan
    // Before the program's file can have been replaced.
    let program = Program(arguments: CommandLine.arguments)
    let descriptors = raiseDescriptorLimit()
    let log = Log()
    plan.log.apply(to: log)
    let outbox = Outbox()
    do {
      var inherited = try Inherited()
      try plan.adopt(inherited.sockets)
      let recorder = plan.recording.recorder(log)
      let store = try plan.openStore()
      let looked = LookedUp()
      var deployer: ScriptDeployer?
      weak var serving: Relay?
      let load = { (mount: MountPlan) throws(FileError) in
        try mount.load(from: store, into: outbox, recorder: recorder, notingIn: looked) { event in
          event.write(to: log, about: serving?.subject(of: event))
          if case .fellBack = event { deployer?.isUnsettled = true }
        }
      }
      let mounts = try plan.mounts.map(load)
      let certificates = try plan.readCertificates(notingIn: looked)
      let tls = try CertificatePlan.context(plan.certificates, certificates)
      let relay = try Relay(
        listen: plan.listen, admin: plan.admin, adminToken: plan.adminToken, mounts: mounts, outbox: outbox,
        limits: plan.limits, proxies: plan.proxies, log: log, tls: tls, inherited: inherited.sockets)
      serving = relay
      for socket in inherited.sockets where !socket.isTaken {
        log.warning("the socket at \(socket.address) was given to this process, but nobody wants it: it is closed")
      }
      inherited.sockets = []
      relay.belong(to: ServiceManager(), after: inherited.predecessor.take(), program: program)
      relay.allowsTailPayloads = plan.allowsTailPayloads
      relay.version = Lobbyist.version
      if let warning = relay.take(descriptors: descriptors) { log.warning(warning) }
      if !plan.certificates.isEmpty, !relay.addresses.contains(where: \.isEncrypted) {
        log.warning("there is a certificate, but nothing speaks TLS: give an address as tls://0.0.0.0:9443")
      }
      let reloader = ScriptReloader(
        plan, mounts.map(\.mount), of: relay, log, store, notingIn: looked, load: load)
      reloader.certificates = certificates
      reloader.warn(of: tls?.served ?? [])
      relay.reloadScripts(with: reloader)
      deployer = store.map { ScriptDeployer($0, reloader, log) }
      relay.deployer = deployer
      try recorder?.begin(outbox)
      relay.journal = recorder
      let told = announcement(of: relay, mounts, deployer) + [plan.recording.announcement].compactMap { $0 }
      for line in told { plan.log.format == .json ? log.info(line) : say(line) }
      reloader.remark()
      defer { recorder?.flush() }
      return try relay.run()
    } catch let error as FileError {
      return fail(error.message)
    } catch let error as DeployRefusal {
      return fail(error.message)
    } catch let error as RecordingError {
      return fail(error.message)
    } catch let error as SystemError {
      return fail(plan.complaint(about: error))
    } catch {
      return fail("\(error)")
    }
  }

  /// What somebody wants to know who has just started the relay.
  private static func announcement(
    of relay: Relay, _ mounts: [RoutedMount], _ deployer: ScriptDeployer?
  ) -> [String] {
    var lines = mounts.map { entry in
      let plugins = entry.mount.scripts.plugins.map(\.name)
      let policy = entry.mount.scripts.policy
      let place = mounts.count > 1 ? " at " + entry.route.paths.joined(separator: ", ") : ""
      let host = entry.route.host.map { " for \($0)" } ?? ""
      let with = plugins.isEmpty ? "" : " with \(plugins.joined(separator: ", "))"
      let path = deployer?.deployed(entry.mount) ?? policy.path
      return "lobbyist \(Lobbyist.version) serves \(path) (version \(entry.mount.version))\(place)\(host)\(with)"
    }
    lines += relay.listening
    if let first = relay.addresses.first {
      let (port, s) = (first.address.port, first.isEncrypted ? "s" : "")
      let isShown = mounts.contains { $0.route.pages != nil }
      let page = isShown ? "open http\(s)://localhost:\(port)/ in two tabs" : "look at http\(s)://localhost:\(port)/"
      lines.append("point a client at ws\(s)://localhost:\(port), \(page), stop with Ctrl-C")
    }
    return lines
  }

  private static func fail(_ text: String) -> Int32 {
    complain(text)
    return ExitCode.failure
  }

  /// Takes as many descriptors as the system grants, as each connection is one, and answers how many that is.
  private static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  private static var help: String {
    let limits = RelayLimits()
    let names = RelayLimits.table.map { entry in
      let left = "\(entry.name)=\(limits.value(of: entry))"
      return "  \(left)\(String(repeating: " ", count: max(1, 34 - left.count)))\(entry.summary)"
    }
    return """
      lobbyist [serve] [OPTIONS]

      --listen ADDRESS:PORT     where to listen, may be repeated (default 0.0.0.0:\(defaultPort), or the port
                                in the environment variable PORT); [::]:\(defaultPort) is IPv6, :\(defaultPort) is both
      --config FILE             listeners, mounts, limits and log from a file (see docs/configuration.md)
      --script FILE             the policy (default \(defaultScript))
      --plugin FILE             a rule that runs before the policy, may be repeated; in this order
      --static FOLDER           files that browsers see at this address, such as a page with a game
      --deflate                 compress messages for those who offer it (see docs/deflate.md)
      --demo                    Godot's protocol, and a page to try it with: examples/browser
      --set NAME=VALUE          a setting of the policy, may be repeated; of a plugin: PLUGIN.NAME=VALUE
      --limit NAME=VALUE        a limit of the relay, may be repeated; 0 = none
      --admin ADDRESS:PORT      where the operator asks and decides, on a loopback address (see docs/admin.md)
      --admin-token-file FILE   what the operator has to know, else LOBBYIST_ADMIN_TOKEN in the environment;
                                with it --admin can be at any address
      --certificate FILE[,KEY]  for addresses with tls:// in front of them, may be repeated: a certificate with its
                                chain, and its key if that is in another file (see docs/tls.md)
      --proxy ADDRESS[/BITS]    a proxy whose X-Forwarded-For is believed, or a network of them, may be repeated
      --proxy-protocol ADDRESS[/BITS]
                                a proxy whose connections begin with a PROXY header, may be repeated
      --tail-payloads           the dashboard may show what messages say, not only who sends how much to whom
      --deployments FOLDER      where 'lobbyist deploy' keeps what it brings, which runs again after a restart
      --record FILE             write what peers say and hear into a file for 'lobbyist replay'; an earlier one
                                becomes FILE.1
      --record-payloads KIND    full, or hash or none in place of what people say (default full)
      --record-bytes N          the size at which FILE becomes FILE.1 and is begun again (default 67108864)
      --log-format text|json    (default text)
      --log-level LEVEL         debug, info, warning or error (default info)
      --log-addresses HOW       full, network (203.0.113.0, 2001:db8:1::) or none (default full)

      limits and their defaults:
      \(names.joined(separator: "\n"))
        slow_reader=close                 what becomes of a reader that is too slow: close or drop
      """
  }
}

extension MountEvent {
  func write(to log: Log, about: LogSubject?) {
    switch self {
    case .hookFailed(let hook, let error, let version):
      log.error("\(version): \(hook) failed: \(error.message)", about: about)
    case .fellBack(let from, let to): log.error("\(from) has failed too often, \(to) runs again")
    case .closedAtLimit(_, let limit): log.closed(at: limit, about: about)
    case .finished(let version): log.info("\(version) has no lobby any longer")
    case .script(let level, let text): log.line(Log.Level(level) ?? .info, text, about: about)
    }
  }
}
