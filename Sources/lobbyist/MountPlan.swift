import Check
import Policy
import Reactor
import Recording
import Relay

/// One mount, before its scripts are read.
struct MountPlan: Equatable {
  var route = Route()
  var script: String
  var plugins: [String] = []
  var settings: [Setting] = []
  var limits = MountLimits()
  /// Folders in which `require` looks last.
  var shared = ScriptFiles.shared
  /// Folders in which it looks before those.
  var folders: [String] = []
  /// Where a configuration says it: `file:line`.
  var place: String?

  /// A setting, and where it was given if that was in a configuration: `file:line`.
  struct Setting: Equatable {
    let name: String
    let value: String
    let place: String?

    init(_ name: String, _ value: String, _ place: String? = nil) {
      self.name = name
      self.value = value
      self.place = place
    }
  }

  /// Reads the scripts and loads them. `looked` notes what they require, now and when they are reloaded.
  func load(
    into outbox: Outbox, recorder: Recorder? = nil, notingIn looked: LookedUp = LookedUp(),
    report: @escaping (MountEvent) -> Void
  ) throws(FileError) -> RoutedMount {
    let scripts: Scripts
    do throws(FileError) {
      scripts = try self.scripts(notingIn: looked)
    } catch {
      throw FileError("\(place.map { $0 + ": " } ?? "")\(error.message)")
    }
    do throws(ScriptError) {
      let (milliseconds, wallSeconds) = (Clock.milliseconds, Clock.wallTime)
      let mount = try Mount(
        scripts: scripts, settings: settings.map { ($0.name, $0.value) }, limits: limits, outbox: outbox,
        random: recorder == nil ? .system : .noting, shared: shared, milliseconds: milliseconds,
        wallSeconds: wallSeconds, read: ScriptFiles.modules(notingIn: looked),
        report: { event in
          recorder?.note(event)
          report(event)
        })
      recorder?.add(mount, description(of: scripts), milliseconds: milliseconds, wallSeconds: wallSeconds)
      return RoutedMount(mount, at: route)
    } catch {
      if let place = place(of: error.firstLine) { throw FileError("\(place): \(error.firstLine)") }
      let complaint = Checker.complaint(error, in: scripts)
      throw FileError("\(place.map { $0 + ": " } ?? "")the script does not load: \(complaint)\(looked.remark)")
    }
  }

  /// Reads the scripts again and replaces those that run; with `lobbiesFinish` lobbies that exist keep theirs.
  func reload(_ mount: Mount, notingIn looked: LookedUp, lobbiesFinish: Bool = false) throws(FileError) {
    let scripts = try self.scripts(notingIn: looked, besides: mount.scripts)
    do throws(ScriptError) {
      try mount.reload(scripts, settings: settings.map { ($0.name, $0.value) }, lobbiesFinish: lobbiesFinish)
    } catch {
      if let place = place(of: error.firstLine) { throw FileError("\(place): \(error.firstLine)") }
      throw FileError(Checker.complaint(error, in: scripts) + looked.remark)
    }
  }

  /// Whether the same scripts run with the same settings, wherever the configuration says so.
  func runsLike(_ other: MountPlan) -> Bool {
    script == other.script && plugins == other.plugins && settings.map(\.name) == other.settings.map(\.name)
      && settings.map(\.value) == other.settings.map(\.value)
  }

  /// The files that it names.
  var files: [String] { ([script] + plugins).map(ScriptFiles.locate) }

  /// What is wrong with the scripts, and with the settings where those are given.
  func check() throws(FileError) -> [Finding] {
    let findings = Checker.check(
      try scripts(), settings: settings.map { ($0.name, $0.value) }, limits: limits, shared: shared,
      read: ScriptFiles.module)
    return findings.map { finding in
      guard finding.severity == .error, let place = place(of: finding.message) else { return finding }
      return CheckReport.finding("\(place): \(finding.message)", about: finding.file) ?? finding
    }
  }

  /// For the first line of a recording.
  private func description(of scripts: Scripts) -> RecordingHeader.Mount {
    var relay = RelayLimits()
    relay.mount = limits
    return RecordingHeader.Mount(
      script: scripts.policy.path, version: scripts.policy.version, plugins: scripts.plugins.map(\.path),
      settings: settings.map { ($0.name, $0.value) },
      limits: RelayLimits.mountNames.map { ($0, relay.text(of: $0)) })
  }

  /// Where the setting was given that an error is about.
  private func place(of message: String) -> String? {
    settings.first { setting in
      let ownName = setting.name.split(separator: ".").last.map(String.init) ?? setting.name
      return message.contains("setting is named '\(setting.name)'")
        || message.contains("setting \(ownName):")
    }?.place
  }

  /// One that runs is not looked for elsewhere when its file is gone: it is to be refused.
  private func scripts(notingIn looked: LookedUp? = nil, besides running: Scripts? = nil) throws(FileError) -> Scripts {
    let paths = running.map { $0.plugins.map(\.path) + [$0.policy.path] } ?? []
    func locate(_ path: String) -> String {
      ScriptFiles.places(of: path).first { paths.contains($0) } ?? ScriptFiles.locate(path)
    }
    return try ScriptFiles.open(
      policy: locate(script), plugins: plugins.map(locate), folders: folders, notingIn: looked)
  }
}
