import Check
import Glibc
import Policy

/// Scripts of the tests, and those that come with the relay.
enum Checking {
  static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  /// What is wrong with a policy named `test.lua`, a line each; `files` is what it can require.
  static func findings(
    _ source: String, plugin: String? = nil, settings: [(name: String, value: String)] = [],
    files: [String: String] = [:]
  ) throws -> [String] {
    let plugins = plugin.map { [Script(path: "rule.lua", source: Array($0.utf8), isPlugin: true)] } ?? []
    let scripts = try Scripts(policy: Script(path: "test.lua", source: Array(source.utf8)), plugins: plugins)
    return Checker.check(
      scripts, settings: settings, limits: unhurried, shared: ["plugins"], read: { files[$0].map { Array($0.utf8) } }
    ).map(\.description)
  }

  /// No test is about wall time; the machine may be busy.
  static var unhurried: MountLimits {
    var limits = MountLimits()
    limits.hookMilliseconds = 10_000
    limits.loadMilliseconds = 10_000
    return limits
  }

  /// What is wrong with files of the repository.
  static func findings(
    policy: String?, plugins: [String] = [], settings: [(name: String, value: String)] = []
  ) throws -> [String] {
    let nothing = Script(path: "nothing.lua", source: Array("return {}".utf8))
    let scripts = try Scripts(
      policy: policy.map { Script(path: path($0), source: read(path($0)) ?? []) } ?? nothing,
      plugins: plugins.map { Script(path: path($0), source: read(path($0)) ?? [], isPlugin: true) })
    return Checker.check(
      scripts, settings: settings, limits: unhurried, shared: ["plugins", "scripts"].map(path), read: read
    ).map(\.description)
  }

  private static func path(_ file: String) -> String { root + "/" + file }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
  }

  /// The Lua files of a folder and the folders in it.
  static func luaFiles(in folder: String) -> [String] {
    guard let stream = opendir(path(folder)) else { return [] }
    defer { closedir(stream) }
    var files: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      let file = folder + "/" + name
      if name.hasSuffix(".lua") {
        files.append(file)
      } else if !name.contains(".") {
        files += luaFiles(in: file)
      }
    }
    return files.sorted()
  }
}
