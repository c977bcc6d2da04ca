import Glibc
import Policy
import Recording
import Relay

/// `lobbyist replay`: what would have differed, had another version of the scripts been served.
enum ReplayCommand {
  /// Bytes of one file of a recording.
  private static let bytesMax = 1 << 30
  /// Reloads that are shown.
  private static let passagesMax = 20

  private struct Plan {
    var recording = ""
    var script: String?
    var plugins: [String]?
    var settings: [(name: String, value: String)] = []
    var mount: String?
    var version: String?
    var shown = 20
  }

  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    guard let plan = try plan(arguments) else {
      say(help)
      return ExitCode.success
    }
    return try replay(plan)
  }

  /// Nil when the help is asked for.
  private static func plan(_ arguments: [String]) throws(UsageError) -> Plan? {
    var options = Options(arguments)
    var plan = Plan()
    while let word = try options.next() {
      switch word {
      case .operand(let path) where plan.recording.isEmpty: plan.recording = path
      case .operand(let text): throw UsageError("one recording at a time, not also '\(text)'")
      case .option("--script"): plan.script = try options.value(of: "--script")
      case .option("--plugin"): plan.plugins = (plan.plugins ?? []) + [try options.value(of: "--plugin")]
      case .option("--set"): plan.settings.append(try options.assignment(of: "--set"))
      case .option("--mount"): plan.mount = try options.value(of: "--mount")
      case .option("--version"): plan.version = try options.value(of: "--version")
      case .option("--show"):
        let text = try options.value(of: "--show")
        guard let count = Int(text), count >= 0 else { throw UsageError("--show wants a number, not '\(text)'") }
        plan.shown = count
      case .option("--help"): return nil
      case .option(let name): throw UsageError("replay has no option '\(name)'")
      }
    }
    guard !plan.recording.isEmpty else { throw UsageError("name the recording") }
    return plan
  }

  private static func replay(_ plan: Plan) throws(UsageError) -> Int32 {
    do throws(FileError) {
      let recording = try read(plan.recording)
      let mount = try choose(plan.mount, recording)
      return try replay(plan, recording, mount)
    } catch {
      throw UsageError(error.message)
    }
  }

  private static func read(_ path: String) throws(FileError) -> Recording {
    let bytes = try Files.read(path, bytesMax: bytesMax).get()
    do throws(RecordingError) {
      return try Recording(path: path, bytes) { try? Files.read($0, bytesMax: bytesMax).get() }
    } catch {
      throw FileError(error.message)
    }
  }

  private static func choose(_ name: String?, _ recording: Recording) throws(FileError) -> RecordingHeader.Mount {
    let mounts = recording.header.mounts
    let names = mounts.map(\.name).joined(separator: ", ")
    guard let name else {
      guard mounts.count == 1, let only = mounts.first else { throw FileError("say which mount: --mount \(names)") }
      return only
    }
    guard let found = mounts.first(where: { $0.name == name }) else {
      throw FileError("no mount is named '\(name)': there are \(names)")
    }
    return found
  }

  private static func replay(
    _ plan: Plan, _ recording: Recording, _ then: RecordingHeader.Mount
  ) throws(FileError) -> Int32 {
    let scripts = try ScriptFiles.open(
      policy: ScriptFiles.locate(plan.script ?? then.script),
      plugins: (plan.plugins ?? then.plugins).map(ScriptFiles.locate))
    let passages = recording.passages(of: then.name)
    try check(plan.version, among: [then.version] + passages.map(\.to))
    let replay = try Replay(recording, mount: then.name, version: plan.version) { start throws(FileError) in
      try load(scripts, plan, then, start)
    }
    let (path, version) = (scripts.policy.path, replay.replayedVersion)
    say("recorded with \(then.script) (version \(then.version)), replayed with \(path) (version \(version))")
    for passage in passages.prefix(passagesMax) { say(passage.text) }
    if passages.count > passagesMax { say("… and \(passages.count - passagesMax) further reloads") }
    if recording.lacksBeginning {
      let remedy = "a larger --record-bytes keeps more"
      complain("the beginning of the recording is lost: what depends on it differs (\(remedy))")
    }
    var left = plan.shown
    do throws(RecordingError) {
      let summary = try replay.run { difference in
        if left > 0 { say("\n" + difference.lines.joined(separator: "\n")) }
        left -= 1
      }
      report(summary, plan.version, hidden: max(0, -left))
      return summary.differences == 0 ? ExitCode.success : ExitCode.failure
    } catch {
      throw FileError(error.message)
    }
  }

  private static func check(_ version: String?, among versions: [String]) throws(FileError) {
    guard let version, !versions.contains(version) else { return }
    var names: [String] = []
    for name in versions where !names.contains(name) { names.append(name) }
    throw FileError("version '\(version)' is not recorded: there are \(names.joined(separator: ", "))")
  }

  private static func report(_ summary: Replay.Summary, _ version: String?, hidden: Int) {
    if hidden > 0 { say("\n… and \(hidden) more (--show N)") }
    if summary.differences > 0 { say("") }
    let left = summary.leftOut > 0 ? "; \(summary.leftOut) events of connections that are not there were left out" : ""
    let own = version.map { ", \(summary.compared) of version \($0)" } ?? ""
    say("\(summary.events) events of \(summary.connections) connections\(own): \(summary.differences) different\(left)")
  }

  /// The settings and limits are those of then, but for what the command line says.
  private static func load(
    _ scripts: Scripts, _ plan: Plan, _ then: RecordingHeader.Mount, _ start: ReplayStart
  ) throws(FileError) -> Mount {
    var relay = RelayLimits()
    do throws(LimitError) {
      for (name, value) in then.limits { try relay.set(name, to: value) }
    } catch {
      throw FileError(error.message)
    }
    // Wall time is this machine's, and no part of the recording.
    relay.mount.hookMilliseconds = 10_000
    relay.mount.loadMilliseconds = 10_000
    let names = scripts.plugins.map(\.name)
    let kept = then.settings.filter { setting in
      let parts = setting.name.split(separator: ".")
      let isThere = parts.count < 2 || names.contains(String(parts[0]))
      return isThere && !plan.settings.contains { $0.name == setting.name }
    }
    do throws(ScriptError) {
      return try Mount(
        scripts: scripts, settings: kept + plan.settings, limits: relay.mount, outbox: start.outbox,
        random: start.random, shared: ScriptFiles.shared, milliseconds: start.milliseconds,
        wallSeconds: start.wallSeconds, read: ScriptFiles.module, report: start.report)
    } catch {
      throw FileError(error.complaint)
    }
  }

  private static let help = """
    lobbyist replay RECORDING [OPTIONS]

    Runs what 'lobbyist serve --record' wrote against other scripts, without sockets and on the clock of the recording,
    and shows what peers would have heard instead. Exit code 0 when nothing differs, 1 when something does, 2 when it
    cannot be replayed. Scripts, settings and limits are those of the recording unless given here.

    --script FILE             the policy
    --plugin FILE             a rule that runs before the policy, may be repeated; in place of all recorded ones
    --set NAME=VALUE          a setting, may be repeated; of a plugin: PLUGIN.NAME=VALUE
    --mount NAME              which mount, if several were recorded
    --version VERSION         compares only events of this version, where scripts were reloaded while recording
    --show N                  how many differences are shown (default 20)
    """
}
