import Glibc

/// Finds the files that a conversation names.
public enum ScriptPath {
  /// `path` from the current folder, else from the folder of the file that names it; nil if neither exists.
  public static func resolve(_ path: String, besides file: String) -> String? {
    if exists(path) { return path }
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return nil }
    let sibling = file[...slash] + path
    return exists(String(sibling)) ? String(sibling) : nil
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }
}
