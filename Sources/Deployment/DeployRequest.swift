import Conversation

/// What is sent to be deployed.
public struct DeployRequest: Sendable {
  public static let filesMax = 1000

  public struct File: Sendable {
    public let path: String
    public let bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
    }
  }

  /// Nil for the only one.
  public var mount: String?
  public var script: String
  /// Nil for those that the mount has.
  public var plugins: [String]?
  /// These go before the mount's own.
  public var settings: [(name: String, value: String)] = []
  public var files: [File] = []
  public var tests: [String] = []
  /// Lobbies that exist finish on the version that they began with.
  public var newLobbies = false
  public var withoutTests = false

  public init(script: String) { self.script = script }

  /// The request as JSON.
  public var json: [UInt8] {
    var members: [TalkValue.Member] = []
    if let mount { members.append(.init("mount", .string(mount))) }
    members.append(.init("script", .string(script)))
    if let plugins { members.append(.init("plugins", .list(plugins))) }
    if !settings.isEmpty { members.append(.init("settings", .object(settings))) }
    members.append(.init("files", .object(files.map { .init($0.path, .string($0.bytes)) })))
    members.append(.init("tests", .list(tests)))
    if newLobbies { members.append(.init("new_lobbies", .bool(true))) }
    if withoutTests { members.append(.init("without_tests", .bool(true))) }
    return TalkValue.object(members).json
  }
}

extension DeployRequest {
  private static let names = [
    "mount", "script", "plugins", "settings", "files", "tests", "new_lobbies", "without_tests",
  ]

  /// Reads and checks a request. Nothing in it is taken on trust.
  public init(parsing bytes: [UInt8]) throws(DeployRefusal) {
    let fields = try RequestFields(parsing: bytes, names: Self.names)
    script = try fields.required("script", "a path") { $0.text }
    mount = try fields.optional("mount", "a string") { $0.text }
    plugins = try fields.optional("plugins", "a list of paths") { $0.texts }
    settings = try fields.optional("settings", "an object of strings") { $0.assignments } ?? []
    tests = try fields.optional("tests", "a list of paths") { $0.texts } ?? []
    newLobbies = try fields.optional("new_lobbies", "true or false") { $0.flag } ?? false
    withoutTests = try fields.optional("without_tests", "true or false") { $0.flag } ?? false
    let sent = try fields.required("files", "an object of paths and texts") { $0.assignments }
    files = sent.map { File(path: $0.name, bytes: Array($0.value.utf8)) }
    try check()
  }

  private func check() throws(DeployRefusal) {
    guard files.count <= Self.filesMax else {
      throw DeployRefusal(400, "at most \(Self.filesMax) files are deployed at once, not \(files.count)")
    }
    for path in files.map(\.path) {
      if let problem = BundlePath.problem(of: path) { throw DeployRefusal(400, "files: '\(path)': \(problem)") }
    }
    if let problem = BundlePath.problem(of: files.map(\.path)) { throw DeployRefusal(400, "files: \(problem)") }
    let there = Set(files.map(\.path))
    for path in [script] + (plugins ?? []) + tests where !there.contains(path) {
      throw DeployRefusal(400, "'\(path)' is named but not among the files")
    }
  }
}
