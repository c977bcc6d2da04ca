import Conversation

/// A deployment as it is kept: what `deployment.json` says beside the folder `files`.
public struct Deployment: Sendable {
  /// From 1 on; 0 stands for the files that the relay was started with.
  public let number: Int
  public let script: String
  /// Nil for those of the mount.
  public let plugins: [String]?
  public let settings: [(name: String, value: String)]
  /// What the relay calls what runs, as it was when this was deployed.
  public let version: String
  /// Seconds since 1970.
  public let deployedAt: Int
  /// The number that ran before.
  public var replaces: Int

  public init(
    number: Int, script: String, plugins: [String]?, settings: [(name: String, value: String)], version: String,
    deployedAt: Int, replaces: Int
  ) {
    self.number = number
    self.script = script
    self.plugins = plugins
    self.settings = settings
    self.version = version
    self.deployedAt = deployedAt
    self.replaces = replaces
  }

  var json: [UInt8] {
    var members: [TalkValue.Member] = [
      .init("number", .integer(Int64(number))), .init("script", .string(script)),
      .init("settings", .object(settings)), .init("version", .string(version)),
      .init("deployed_at", .integer(Int64(deployedAt))), .init("replaces", .integer(Int64(replaces))),
    ]
    if let plugins { members.insert(.init("plugins", .list(plugins)), at: 2) }
    return TalkValue.object(members).json + [UInt8(ascii: "\n")]
  }

  /// Nil when this is none.
  init?(parsing bytes: [UInt8]) {
    guard let value = try? TalkValue(parsing: bytes), let number = value["number"]?.number, number > 0,
      let script = value["script"]?.text, let settings = value["settings"]?.assignments,
      let version = value["version"]?.text, let deployedAt = value["deployed_at"]?.number,
      let replaces = value["replaces"]?.number
    else { return nil }
    let plugins = value["plugins"]?.texts
    guard value["plugins"] == nil || plugins != nil else { return nil }
    guard ([script] + (plugins ?? [])).allSatisfy({ BundlePath.problem(of: $0) == nil }) else { return nil }
    self.init(
      number: number, script: script, plugins: plugins, settings: settings, version: version, deployedAt: deployedAt,
      replaces: replaces)
  }
}
