import Deployment
import Glibc
import Policy
import Reactor
import Recording
import Relay

extension MountPlan: NamedMount {
  /// What the mount is called in the store and in the commands.
  var key: MountKey { MountKey(route.key) }

  /// Whatever else it may be called.
  var names: [String] { route.paths + route.paths.map { (route.host ?? "") + $0 } + route.listen }

  /// The mount with the deployment of this number, or the one that runs, in place of its script; for 0 as it is.
  func served(from store: DeploymentStore, number: Int? = nil) -> MountPlan {
    guard let deployment = store.deployment(number ?? store.current(of: key), of: key) else { return self }
    let files = store.files(deployment.number, of: key) + "/"
    var plan = replaced(
      by: files + deployment.script, plugins: deployment.plugins?.map { files + $0 }, settings: deployment.settings)
    plan.folders = ["plugins", "scripts"].map { files + $0 }
    return plan
  }

  /// The mount with another script; plugins that are given take the place of its own, settings go before its own.
  func replaced(by script: String, plugins: [String]?, settings given: [(name: String, value: String)]) -> MountPlan {
    var plan = self
    plan.script = script
    if let plugins {
      let gone = Set(self.plugins.map(Self.name)).subtracting(plugins.map(Self.name))
      plan.plugins = plugins
      plan.settings.removeAll { setting in gone.contains { setting.name.hasPrefix($0 + ".") } }
    }
    plan.settings.removeAll { setting in given.contains { $0.name == setting.name } }
    plan.settings += given.map { Setting($0.name, $0.value) }
    return plan
  }

  private static func name(of plugin: String) -> String { Script(path: plugin, source: []).name }

  /// What a trial is to know of the mount.
  func trialMount(in store: DeploymentStore) -> TrialPlan.Mount {
    var mount = TrialPlan.Mount(key: key)
    var limits = RelayLimits()
    limits.mount = self.limits
    mount.names = names
    mount.number = store.nextNumber(of: key)
    mount.running = store.current(of: key)
    mount.plugins = plugins.map { Files.whole(ScriptFiles.locate($0)) }
    mount.settings = settings.map { ($0.name, $0.value) }
    mount.limits = RelayLimits.mountNames.map { ($0, limits.text(of: $0)) }
    return mount
  }

  /// The mount that a trial has been told of.
  init(_ mount: TrialPlan.Mount) throws(DeployRefusal) {
    self.init(script: "")
    plugins = mount.plugins
    settings = mount.settings.map { Setting($0.name, $0.value) }
    var limits = RelayLimits()
    for (name, value) in mount.limits {
      do throws(LimitError) {
        try limits.set(name, to: value)
      } catch {
        throw DeployRefusal(500, error.message)
      }
    }
    self.limits = limits.mount
  }
}

extension Files {
  /// A path that holds from every folder.
  static func whole(_ path: String) -> String { path.hasPrefix("/") ? path : FileSystem.currentFolder + "/" + path }
}

extension MountPlan {
  /// Reads and loads the scripts, those that were deployed if there are some.
  func load(
    from store: DeploymentStore?, into outbox: Outbox, recorder: Recorder?, notingIn looked: LookedUp,
    report: @escaping (MountEvent) -> Void
  ) throws(FileError) -> RoutedMount {
    do throws(DeployRefusal) {
      try store?.include(key)
    } catch {
      throw FileError(error.message)
    }
    guard let store, store.current(of: key) > 0 else {
      return try load(into: outbox, recorder: recorder, notingIn: looked, report: report)
    }
    do throws(FileError) {
      return try served(from: store).load(into: outbox, recorder: recorder, notingIn: looked, report: report)
    } catch {
      throw FileError(
        "deployment \(store.current(of: key)) of \(key.text) cannot be served: \(error.message). To serve \(script) "
          + "instead, write 0 into \(store.folder(of: key))/current, or start without --deployments")
    }
  }
}

extension ServePlan {
  /// Opens the store of deployments, if there is to be one.
  func openStore() throws(DeployRefusal) -> DeploymentStore? {
    guard let deployments else { return nil }
    if let problem = problemOfKeys { throw DeployRefusal(500, problem) }
    return try DeploymentStore(deployments)
  }

  /// Why the mounts can have no deployments; nil when they can.
  var problemOfKeys: String? {
    let keys = mounts.map(\.key)
    for (index, key) in keys.enumerated() {
      guard !keys[..<index].contains(key) else {
        return "two mounts are called '\(key.text)', so their deployments cannot be told apart"
      }
      guard key.fileName.utf8.count <= BundlePath.bytesMax else {
        return "the name of the mount '\(key.text)' is too long for the folder of its deployments"
      }
    }
    return nil
  }
}
