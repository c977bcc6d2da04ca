import Conversation

/// The first line of a recording: what was served, and how.
public struct RecordingHeader: Sendable {
  /// The version of the format.
  static let format: Int64 = 1

  public struct Mount: Sendable {
    public var name: String
    public var script: String
    public var version: String
    public var plugins: [String]
    /// As given, which is also how secrets are.
    public var settings: [(name: String, value: String)]
    public var limits: [(name: String, value: String)]

    public init(
      script: String, version: String, plugins: [String], settings: [(name: String, value: String)],
      limits: [(name: String, value: String)]
    ) {
      name = ""
      self.script = script
      self.version = version
      self.plugins = plugins
      self.settings = settings
      self.limits = limits
    }
  }

  /// The version of the relay.
  public var relay: String
  /// The same for all generations of one recording.
  public var id: String
  /// How many files of this recording came before this one.
  public var generation = 0
  /// Seconds since 1970 when it began.
  public var began: Double
  public var payloads: RecordedPayloads
  public var mounts: [Mount] = []

  /// The line, without its end.
  var line: [UInt8] {
    let members: [TalkValue.Member] = [
      .init("recording", .integer(Self.format)), .init("lobbyist", .string(relay)), .init("id", .string(id)),
      .init("generation", .integer(Int64(generation))), .init("began", .double(began)),
      .init("payloads", .string(payloads.rawValue)),
      .init("mounts", .array(mounts.map { .object(fields(of: $0)) })),
    ]
    return TalkValue.object(members).json
  }

  private func fields(of mount: Mount) -> [TalkValue.Member] {
    func pairs(_ list: [(name: String, value: String)], _ payloads: RecordedPayloads) -> TalkValue {
      .array(list.map { .array([.string($0.name), payloads.text($0.value)]) })
    }
    return [
      .init("mount", .string(mount.name)), .init("script", .string(mount.script)),
      .init("version", .string(mount.version)), .init("plugins", .array(mount.plugins.map { .string($0) })),
      .init("settings", pairs(mount.settings, payloads)), .init("limits", pairs(mount.limits, .full)),
    ]
  }

  init(relay: String, id: String, began: Double, payloads: RecordedPayloads) {
    self.relay = relay
    self.id = id
    self.began = began
    self.payloads = payloads
  }

  init(_ value: TalkValue) throws(FieldMistake) {
    let fields = try FieldReader(value)
    guard case .integer(let format)? = fields.find("recording") else { throw FieldMistake("this is no recording") }
    guard format == Self.format else { throw FieldMistake("recordings of format \(format) cannot be read") }
    relay = try fields.text("lobbyist")
    id = try fields.text("id")
    generation = try fields.integer("generation")
    began = try fields.number("began")
    guard let payloads = RecordedPayloads(rawValue: try fields.text("payloads")) else {
      throw FieldMistake("'payloads' is full, hash or none")
    }
    self.payloads = payloads
    // Of any other recording nothing but this is wanted: it cannot be replayed.
    guard payloads == .full else { return }
    mounts = try fields.list("mounts").map { element throws(FieldMistake) in try Mount(FieldReader(element)) }
  }
}

extension RecordingHeader.Mount {
  fileprivate init(_ fields: FieldReader) throws(FieldMistake) {
    name = try fields.text("mount")
    script = try fields.text("script")
    version = try fields.text("version")
    plugins = try fields.texts("plugins")
    settings = try fields.pairs("settings").map { ($0, $1) }
    limits = try fields.pairs("limits").map { ($0, $1) }
  }
}
