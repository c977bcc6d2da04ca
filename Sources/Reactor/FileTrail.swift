import Glibc

/// The way to a file: the entries of folders that the kernel looks at to find it, links and where they lead included.
/// What is found there changes when one of these entries does.
public struct FileTrail {
  /// Links that lead on to further links, before the kernel gives up (path_resolution(7)).
  private static let linksMax = 40

  /// Each is `folder/name` with no link in `folder`. Where the way ends before the file, the last is what is missing.
  public private(set) var entries: Set<String> = []
  /// Folders in which names decide: of the file, of a link, of what is missing.
  private(set) var deciding: Set<String> = []
  /// Folders on the way, of which only what becomes of themselves decides.
  private(set) var passed: Set<String> = []
  /// The last of them.
  public private(set) var end = ""

  public init(to path: String) {
    var folder = path.hasPrefix("/") ? "" : Self.currentFolder
    passed.insert(folder.isEmpty ? "/" : folder)
    var rest = Self.parts(of: path)
    var links = 0
    while let part = rest.popLast() {
      guard part != ".." else {
        // No link is left in the folder, so that its text says what is above.
        folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        continue
      }
      let entry = "\(folder)/\(part)"
      entries.insert(entry)
      end = entry
      var status = stat()
      let kind = unsafe lstat(entry, &status) == 0 ? status.st_mode & S_IFMT : 0
      if kind == S_IFDIR {
        folder = entry
        passed.insert(entry)
        continue
      }
      deciding.insert(folder.isEmpty ? "/" : folder)
      guard kind != 0 else { return }
      links += 1
      guard kind == S_IFLNK, links <= Self.linksMax, let target = FileSystem.target(ofLink: entry) else { return }
      if target.hasPrefix("/") { folder = "" }
      rest += Self.parts(of: target)
    }
  }

  /// The last one first.
  private static func parts(of path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }.reversed()
  }

  /// Without the slash of the root.
  private static var currentFolder: String {
    let folder = FileSystem.currentFolder
    return folder == "/" ? "" : folder
  }
}
