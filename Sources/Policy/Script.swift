import LuaHost

/// A script as text, and where it came from.
public struct Script: Sendable {
  /// As the operator named it; part of every error message.
  public let path: String
  public let source: [UInt8]
  let isPlugin: Bool

  public init(path: String, source: [UInt8], isPlugin: Bool = false) {
    self.path = path
    self.source = source
    self.isPlugin = isPlugin
  }

  /// The file's name without folders and `.lua`: the prefix of a plugin's settings and timers.
  public var name: String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.hasSuffix(".lua") ? String(file.dropLast(4)) : file
  }

  /// The folder that `require` looks in.
  var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Changes with the text: the version in logs.
  public var version: String { VersionHash.text(of: [source]) }
}

/// Eight hexadecimal digits that change with texts (FNV-1a).
enum VersionHash {
  static func text(of texts: [[UInt8]]) -> String {
    var hash: UInt32 = 2_166_136_261
    for text in texts {
      for byte in text { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// What one mount runs: plugins in their order, and the policy behind them.
public struct Scripts: Sendable {
  /// Plugins that one mount can have.
  public static let pluginsMax = Int(LH_SCRIPTS_MAX) - 1

  public let policy: Script
  public let plugins: [Script]
  /// Where `require` looks behind the scripts' own folders.
  private let others: [String]

  /// Fails for more plugins than there may be, and for two of the same name or with a name that is none.
  public init(policy: Script, plugins: [Script] = [], folders: [String] = []) throws(ScriptError) {
    guard plugins.count <= Self.pluginsMax else {
      throw ScriptError(plugins[Self.pluginsMax], "a mount has at most \(Self.pluginsMax) plugins")
    }
    for (index, plugin) in plugins.enumerated() {
      let isNamed = !plugin.name.isEmpty && plugin.name.utf8.count < Int(LH_SCRIPT_NAME_BYTES)
      guard isNamed, plugin.name.utf8.allSatisfy(\.isNameByte) else {
        throw ScriptError(plugin, "a plugin's name is made of letters, digits and '_', below \(LH_SCRIPT_NAME_BYTES)")
      }
      guard !plugins[..<index].contains(where: { $0.name == plugin.name }) else {
        throw ScriptError(plugin, "there is a plugin named '\(plugin.name)' already")
      }
    }
    self.policy = policy
    self.plugins = plugins
    others = folders
  }

  public var all: [Script] { plugins + [policy] }

  /// Where `require` looks: beside the scripts, in folders of their own, then elsewhere.
  public func folders(and shared: [String]) -> [String] {
    var folders: [String] = []
    for folder in [policy.folder] + plugins.map(\.folder) + others + shared where !folders.contains(folder) {
      folders.append(folder)
    }
    return folders
  }

  func version(with modules: [Script], _ settings: [(name: String, value: String)]) -> String {
    if plugins.isEmpty && modules.isEmpty && settings.isEmpty { return policy.version }
    let given = settings.map { Array("\($0.name)=\($0.value)\n".utf8) }
    return VersionHash.text(of: [policy.source] + plugins.map(\.source) + modules.map(\.source) + given)
  }
}
