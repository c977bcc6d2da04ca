/// A policy script as text, and where it came from.
public struct Script: Sendable {
  /// As the operator named it; part of every error message.
  public let path: String
  public let source: [UInt8]

  public init(path: String, source: [UInt8]) {
    self.path = path
    self.source = source
  }

  /// The folder that `require` looks in.
  var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Eight hexadecimal digits that change with the text (FNV-1a): the version in logs.
  public var version: String {
    var hash: UInt32 = 2_166_136_261
    for byte in source { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
