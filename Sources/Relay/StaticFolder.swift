import Glibc
import HTTP
import Policy

/// A folder of files that a mount shows to browsers: a page and what belongs to it.
///
/// Files are read when they are asked for, so that a changed one is seen at once. Nothing outside the folder is shown,
/// also not by a link, nothing whose name begins with a dot, and no Lua: scripts and configurations may hold secrets.
public struct StaticFolder: Sendable, Equatable {
  /// Larger files are not shown, because a whole one waits in memory until it is sent.
  public static let fileBytesMax = 8 << 20

  /// Without links.
  private let root: String

  /// Nil when there is no such folder.
  public init?(_ path: String) {
    guard let root = Self.resolve(path) else { return nil }
    var status = stat()
    guard unsafe stat(root, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    self.root = root
  }

  /// The answer for a path below the mount's, which begins with a slash; nil when there is no such file.
  func answer(_ head: RequestHead, path: String) -> RequestAnswer? {
    guard head.method == "GET" || head.method == "HEAD", let name = Self.name(of: path) else { return nil }
    let place = Self.resolve(root + name)
    guard let place, place == root || place.hasPrefix(root == "/" ? root : root + "/") else { return nil }
    if let bytes = Self.read(place) { return Self.answer(head, place, bytes) }
    guard let bytes = Self.read(place + "/index.html") else { return nil }
    // Relative links of the page would lead beside its folder.
    guard head.path.hasSuffix("/") else { return Self.redirection(to: head) }
    return Self.answer(head, "index.html", bytes)
  }

  // MARK: Paths

  /// The path, if none of its parts is hidden or leads elsewhere.
  private static func name(of path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let isPlain = parts.allSatisfy { part in
      part.first != "." && !part.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\\") }
    }
    // An empty part in the middle would name the same file twice.
    return isPlain && !parts.dropLast().contains("") && !path.lowercased().hasSuffix(".lua") ? path : nil
  }

  private static func resolve(_ path: String) -> String? {
    guard let whole = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(whole) }
    return unsafe String(cString: whole)
  }

  /// The bytes of a regular file; nil for everything else.
  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= fileBytesMax
    else { return nil }
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, filled in
      while filled < buffer.count {
        let count = unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled)
        if count <= 0 { return }
        filled += count
      }
    }
  }

  // MARK: Answers

  private static func answer(_ head: RequestHead, _ path: String, _ bytes: [UInt8]) -> RequestAnswer {
    let tag = tag(of: bytes)
    let kind = ContentType.of(path)
    let headers = [
      HeaderField("Content-Type", kind), HeaderField("ETag", tag),
      // Kept, but asked about each time: whoever edits a file sees the new one (RFC 9111 §5.2.2.4).
      HeaderField("Cache-Control", "no-cache"), HeaderField("X-Content-Type-Options", "nosniff"),
    ].compactMap { $0 }
    let isKnown = head.values("If-None-Match").contains { $0 == "*" || $0.contains(tag) }
    if isKnown { return RequestAnswer(status: 304, headers: headers, body: []) }
    return RequestAnswer(status: 200, headers: headers, body: bytes)
  }

  private static func redirection(to head: RequestHead) -> RequestAnswer? {
    let parts = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    // `//host` would lead to another one.
    guard !parts[0].hasPrefix("//") else { return nil }
    let query = parts.count > 1 ? "?" + parts[1] : ""
    return HeaderField("Location", parts[0] + "/" + query).map {
      RequestAnswer(status: 308, headers: [$0], body: [])
    }
  }

  /// A strong validator (RFC 9110 §8.8.3): FNV-1a over the bytes, and how many they are.
  private static func tag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    return "\"\(String(hash, radix: 16))-\(bytes.count)\""
  }
}

/// What a file is, by the ending of its name.
enum ContentType {
  private static let byEnding = [
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8", "json": "application/json", "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "svg": "image/svg+xml", "png": "image/png",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "ico": "image/x-icon",
    "woff2": "font/woff2", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wasm": "application/wasm",
  ]

  static func of(_ path: String) -> String {
    let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return byEnding[ending] ?? "application/octet-stream"
  }
}
