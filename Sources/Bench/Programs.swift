import Glibc

/// The servers that the bench can start by itself, and where they are.
struct Programs {
  var executable: String
  var floor: String?
  var node: [String]?

  /// Where Debian keeps `node-ws`; put in front of what the environment says.
  static let nodeModules = "/usr/share/nodejs"

  static func find(_ options: BenchOptions) -> Programs {
    let executable = ownPath() ?? "lobbyist"
    let beside = folder(of: executable) + "/floor"
    var programs = Programs(executable: executable, floor: unsafe access(beside, X_OK) == 0 ? beside : nil, node: nil)
    guard options.withNode, let node = onPath("node") else { return programs }
    let script = options.nodeServer.map { [$0] } ?? candidates("benchmarks/node-godot/server.js", from: executable)
    if let found = script.first(where: { unsafe access($0, R_OK) == 0 }) { programs.node = [node, found, "0"] }
    return programs
  }

  /// The relay under test. A benchmark's peers all come from one address, and its limits are not the subject.
  func relay(
    _ signaling: some SignalingProtocol = Protocols.godot, plugins: PluginChain = .none, _ extra: [String] = []
  ) -> [String] {
    [
      executable, "serve", "--listen", "127.0.0.1:0", "--script", signaling.script,
      "--limit", "connections=0", "--limit", "connections_per_address=0", "--limit", "lobbies=0",
    ] + signaling.settings.flatMap { ["--set", $0] } + plugins.arguments + extra
  }

  /// Where a file that came with the relay is; nil when it is nowhere.
  func find(_ name: String) -> String? {
    Self.candidates(name, from: executable).first { unsafe access($0, R_OK) == 0 }
  }

  static var nodeEnvironment: [String] {
    guard let path = unsafe getenv("NODE_PATH") else { return ["NODE_PATH=\(nodeModules)"] }
    return ["NODE_PATH=\(unsafe String(cString: path)):\(nodeModules)"]
  }

  private static func ownPath() -> String? {
    var path = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &path, path.count)
    return count > 0 ? String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// `name` in the working folder, then beside the executable and in every folder above it.
  private static func candidates(_ name: String, from executable: String) -> [String] {
    var result = [name]
    var place = executable
    while let slash = place.lastIndex(of: "/") {
      place = String(place[..<slash])
      result.append("\(place)/\(name)")
    }
    return result
  }

  private static func onPath(_ name: String) -> String? {
    guard let path = unsafe getenv("PATH") else { return nil }
    return unsafe String(cString: path).split(separator: ":").map { "\($0)/\(name)" }
      .first { unsafe access($0, X_OK) == 0 }
  }
}
