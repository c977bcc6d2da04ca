import Conversation

/// What the process is told that tries a deployment.
public struct TrialPlan: Sendable {
  /// A mount as it is served.
  public struct Mount: NamedMount, Sendable {
    public let key: MountKey
    public var names: [String] = []
    /// What a deployment at it is called, and which one runs.
    public var number = 1
    public var running = 0
    public var plugins: [String] = []
    public var settings: [(name: String, value: String)] = []
    public var limits: [(name: String, value: String)] = []

    public init(key: MountKey) { self.key = key }
  }

  /// The process of the relay.
  public var relay: Int
  /// Seconds of the processor that it may use.
  public var seconds: Int
  public var now: Int
  /// Folders of the relay in which `require` looks last.
  public var shared: [String]
  public var mounts: [Mount]

  public init(relay: Int, seconds: Int, now: Int, shared: [String], mounts: [Mount]) {
    self.relay = relay
    self.seconds = seconds
    self.now = now
    self.shared = shared
    self.mounts = mounts
  }

  var json: [UInt8] {
    TalkValue.object([
      .init("relay", .integer(Int64(relay))), .init("seconds", .integer(Int64(seconds))),
      .init("now", .integer(Int64(now))), .init("shared", .list(shared)), .init("mounts", .array(mounts.map(\.value))),
    ]).json
  }

  init?(parsing bytes: [UInt8]) {
    guard let value = try? TalkValue(parsing: bytes), let relay = value["relay"]?.number,
      let seconds = value["seconds"]?.number, let now = value["now"]?.number, let shared = value["shared"]?.texts,
      let mounts = value["mounts"]?.elements?.compactMap(Mount.init)
    else { return nil }
    self.init(relay: relay, seconds: seconds, now: now, shared: shared, mounts: mounts)
  }
}

extension TrialPlan.Mount {
  fileprivate var value: TalkValue {
    .object([
      .init("key", .string(key.text)), .init("names", .list(names)), .init("number", .integer(Int64(number))),
      .init("running", .integer(Int64(running))), .init("plugins", .list(plugins)),
      .init("settings", .object(settings)), .init("limits", .object(limits)),
    ])
  }

  fileprivate init?(_ value: TalkValue) {
    guard let key = value["key"]?.text, let names = value["names"]?.texts, let number = value["number"]?.number,
      let running = value["running"]?.number, let plugins = value["plugins"]?.texts,
      let settings = value["settings"]?.assignments, let limits = value["limits"]?.assignments
    else { return nil }
    self.init(key: MountKey(key))
    (self.names, self.number, self.running) = (names, number, running)
    (self.plugins, self.settings, self.limits) = (plugins, settings, limits)
  }
}
