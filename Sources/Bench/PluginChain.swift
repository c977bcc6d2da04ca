/// Plugins that a policy is measured with, and their settings: NAME.SETTING=VALUE.
struct PluginChain: Equatable, Sendable {
  var files: [String]
  var settings: [String]

  static let none = PluginChain(files: [], settings: [])

  /// Three that look at every message: by the clock, at what it says, and with a note about its peer. The limits of the
  /// first are out of reach, but not off: it counts all the same.
  static let usual = PluginChain(
    files: ["plugins/rate_limit.lua", "benchmarks/plugins/screen.lua", "benchmarks/plugins/tally.lua"],
    settings: [
      "rate_limit.messages_per_second=1e12", "rate_limit.bytes_per_second=1e12",
      "rate_limit.address_messages_per_second=1e12", "rate_limit.address_bytes_per_second=1e12",
    ])

  var names: [String] {
    files.map { file in
      let name = file.split(separator: "/").last.map(String.init) ?? file
      return name.hasSuffix(".lua") ? String(name.dropLast(4)) : name
    }
  }

  /// The first `count` of them, with their settings.
  func prefix(_ count: Int) -> PluginChain {
    var chain = PluginChain(files: Array(files.prefix(count)), settings: [])
    chain.settings = settings.filter { setting in chain.names.contains { setting.hasPrefix($0 + ".") } }
    return chain
  }

  /// The command line of a relay that has them.
  var arguments: [String] { files.flatMap { ["--plugin", $0] } + settings.flatMap { ["--set", $0] } }
}
