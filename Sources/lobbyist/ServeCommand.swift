import Glibc
import Policy
import Reactor
import Relay

/// `lobbyist serve`: a policy on one or more listeners until a signal ends it.
enum ServeCommand {
  static let defaultScript = "scripts/godot.lua"
  static let defaultPort = "9080"

  static func run(_ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      guard let plan = try ServePlan(arguments) else {
        say(help)
        return ExitCode.success
      }
      return serve(plan)
    } catch {
      complain("\(error.message). See 'lobbyist serve --help'")
      return ExitCode.usage
    }
  }

  private static func serve(_ plan: ServePlan) -> Int32 {
    raiseDescriptorLimit()
    let log = Log(level: plan.logLevel, format: plan.logFormat)
    let outbox = Outbox()
    let script: Script
    switch Scripts.open(Scripts.locate(plan.script)) {
    case .success(let found): script = found
    case .failure(let error): return fail("\(error.message). Choose a policy with --script")
    }
    let mount: Mount
    do throws(ScriptError) {
      mount = try Mount(
        script: script, settings: plan.settings, limits: plan.limits.mount, outbox: outbox,
        read: Scripts.module, report: { $0.write(to: log, script: script) })
    } catch {
      return fail("the script does not load: \(Scripts.complaint(error, script.path))")
    }
    do throws(SystemError) {
      let relay = try Relay(listen: plan.listen, mount: mount, outbox: outbox, limits: plan.limits, log: log)
      announce(relay, script)
      return try relay.run()
    } catch {
      return fail(error.description)
    }
  }

  private static func announce(_ relay: Relay, _ script: Script) {
    say("lobbyist \(Lobbyist.version) serves \(script.path) (version \(script.version))")
    for address in relay.addresses { say("listening on ws://\(address)") }
    if let port = relay.addresses.first?.port {
      say("point a client at ws://localhost:\(port), look at http://localhost:\(port)/, stop with Ctrl-C")
    }
  }

  private static func fail(_ text: String) -> Int32 {
    complain(text)
    return ExitCode.failure
  }

  /// As many descriptors as the system grants: each connection is one.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
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
      --script FILE             the policy (default \(defaultScript))
      --set NAME=VALUE          a setting of the policy, may be repeated
      --limit NAME=VALUE        a limit of the relay, may be repeated; 0 = none
      --log-format text|json    (default text)
      --log-level LEVEL         debug, info, warning or error (default info)

      limits and their defaults:
      \(names.joined(separator: "\n"))
        slow_reader=close                 what becomes of a reader that is too slow: close or drop
      """
  }
}

/// What the command line asks `serve` to do.
struct ServePlan {
  var listen: [String] = []
  var script = ServeCommand.defaultScript
  var settings: [(name: String, value: String)] = []
  var limits = RelayLimits()
  var logFormat = Log.Format.text
  var logLevel = Log.Level.info

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
    if listen.isEmpty { listen = [try Self.defaultAddress()] }
  }

  private mutating func read(_ name: String, _ options: inout Options) throws(UsageError) {
    switch name {
    case "--listen":
      listen.append(try options.value(of: name))
      guard listen.count <= Relay.listenersMax else {
        throw UsageError("at most \(Relay.listenersMax) addresses can be listened on")
      }
    case "--script": script = try options.value(of: name)
    case "--set": settings.append(try options.assignment(of: name))
    case "--limit":
      let (limit, value) = try options.assignment(of: name)
      do throws(LimitError) {
        try limits.set(limit, to: value)
      } catch {
        throw UsageError(error.message)
      }
    case "--log-format":
      let text = try options.value(of: name)
      guard let format = Log.Format(rawValue: text) else {
        throw UsageError("--log-format is text or json, not '\(text)'")
      }
      logFormat = format
    case "--log-level":
      let text = try options.value(of: name)
      guard let level = Log.Level(text) else {
        throw UsageError("--log-level is debug, info, warning or error, not '\(text)'")
      }
      logLevel = level
    default: throw UsageError("serve has no option '\(name)'")
    }
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

extension MountEvent {
  func write(to log: Log, script: Script) {
    switch self {
    case .hookFailed(let hook, let error):
      log.error("\(script.path) (version \(script.version)): \(hook) failed: \(error.message)")
    case .script(let level, let text):
      log.line(Log.Level(level) ?? .info, text)
    }
  }
}
