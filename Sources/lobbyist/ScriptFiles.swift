import Glibc
import Lobby
import Policy
import Reactor

/// Finds policies and plugins in files, for every command that needs them.
enum ScriptFiles {
  /// The policy and its plugins, in their order; without a policy, one that says nothing. `require` looks in `folders`
  /// behind their own.
  static func open(
    policy path: String?, plugins: [String] = [], folders: [String] = [], notingIn looked: LookedUp? = nil
  ) throws(FileError) -> Scripts {
    var policy = Script(path: "no policy", source: Array("return {}".utf8))
    if let path { policy = try open(path, isPlugin: false, looked) }
    let plugins = try plugins.map { path throws(FileError) in try open(path, isPlugin: true, looked) }
    do throws(ScriptError) {
      return try Scripts(policy: policy, plugins: plugins, folders: folders)
    } catch {
      throw FileError(error.firstLine)
    }
  }

  private static func open(_ path: String, isPlugin: Bool, _ looked: LookedUp?) throws(FileError) -> Script {
    switch Files.read(path, notingIn: looked) {
    case .success(let source): return Script(path: path, source: source, isPlugin: isPlugin)
    case .failure(let error): throw error.isMissing && isOwn(path) ? lost(path, isPlugin: isPlugin) : error
    }
  }

  /// Whether a path is one of the scripts that come with the relay.
  private static func isOwn(_ path: String) -> Bool { path.hasPrefix("scripts/") || path.hasPrefix("plugins/") }

  /// The relay's own script is nowhere, as when its program was copied alone.
  private static func lost(_ path: String, isPlugin: Bool) -> FileError {
    let folder = path.prefix { $0 != "/" }
    let option = isPlugin ? "--plugin" : "--script"
    let places = (["this folder"] + ownFolders).joined(separator: ", ")
    return FileError(
      "cannot read \(path): No such file or directory. It was looked for in \(places). Put the relay's folder "
        + "\(folder) into one of them, or name a file of your own with \(option)")
  }

  /// Where `require` looks besides the scripts' own folders.
  static var shared: [String] { ["plugins", "scripts"].map(locate) }

  /// What `require` reads, noting which files it has asked for.
  static func modules(notingIn looked: LookedUp) -> (String) -> [UInt8]? {
    { path in
      let result = Files.read(path, notingIn: looked)
      if case .failure(let error) = result, !error.isMissing { looked.remark = " (\(error.message))" }
      return try? result.get()
    }
  }

  /// What `require` reads.
  static func module(_ path: String) -> [UInt8]? {
    if case .success(let bytes) = Files.read(path) { return bytes }
    return nil
  }

  /// Where a script given by a relative path is found: in the current folder, or beside the program's
  /// own folder, so that an installed or built relay finds the scripts that came with it.
  static func locate(_ path: String) -> String {
    places(of: path).first { unsafe access($0, R_OK) == 0 } ?? path
  }

  static func places(of path: String) -> [String] {
    path.hasPrefix("/") ? [path] : [path] + ownFolders.map { $0 + "/" + path }
  }

  /// The folders above the program file, nearest first; above one in `bin` also `share/lobbyist` beside that, where a
  /// package puts scripts.
  static var ownFolders: [String] {
    guard var folder = FileSystem.target(ofLink: "/proc/self/exe") else { return [] }
    var folders: [String] = []
    while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex, folders.count < 5 {
      let isInstalled = folder.hasSuffix("/bin")
      folder = String(folder[..<slash])
      if isInstalled { folders.append(folder + "/share/lobbyist") }
      folders.append(folder)
    }
    return folders
  }
}
