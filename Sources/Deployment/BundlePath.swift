/// The paths of files that are deployed: relative, plain, and no way out of their folder.
public enum BundlePath {
  public static let bytesMax = 255
  public static let partsMax = 16

  /// What is wrong with a path; nil for a good one.
  public static func problem(of path: String) -> String? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard path.utf8.count <= bytesMax else { return "a path is at most \(bytesMax) bytes long" }
    guard parts.count <= partsMax else { return "a path has at most \(partsMax) parts" }
    let isPlain = parts.allSatisfy { part in
      !part.isEmpty && part.first != UInt8(ascii: ".") && part.allSatisfy(isPathByte)
    }
    guard isPlain else {
      return "a path is relative, of parts of letters, digits, '_', '-' and '.', none of which begins with a '.'"
    }
    return nil
  }

  /// The paths of a bundle together: none twice, none a folder of another.
  static func problem(of paths: [String]) -> String? {
    let all = Set(paths)
    guard all.count == paths.count else { return "a file is there twice" }
    for path in paths {
      var folder = path[...]
      while let slash = folder.lastIndex(of: "/") {
        folder = folder[..<slash]
        if all.contains(String(folder)) { return "'\(folder)' is a file and a folder" }
      }
    }
    return nil
  }

  private static func isPathByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
