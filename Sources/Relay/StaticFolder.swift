import Glibc
import HTTP
import Policy
import Reactor

/// A folder of files that a mount shows to browsers: a page and what belongs to it.
///
/// Files are read when they are asked for, so that a changed one is seen at once. Nothing outside the folder is shown,
/// also not by a link, nothing hidden, no backup of an editor, and no Lua: scripts and configurations may hold secrets.
public struct StaticFolder: Sendable, Equatable {
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
  func answer(_ head: RequestHead, path: String) -> StaticAnswer? {
    guard head.method == "GET" || head.method == "HEAD", Self.isPlain(path) else { return nil }
    if let place = place(path), let file = OpenFile(place) { return StaticAnswer(head, path, file) }
    let folder = path.hasSuffix("/") ? path : path + "/"
    guard let place = place(folder + "index.html"), let file = OpenFile(place) else { return nil }
    // Relative links of the page would lead beside its folder.
    guard head.path.hasSuffix("/") else { return StaticAnswer(redirecting: head) }
    return StaticAnswer(head, "index.html", file)
  }

  // MARK: Paths

  /// Whether each part is a name: an empty one in the middle would name the same file twice.
  private static func isPlain(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    return !parts.dropLast().contains("")
      && !path.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\\") } && parts.allSatisfy(isShown)
  }

  private static func isShown(_ name: Substring) -> Bool {
    !name.hasPrefix(".") && !name.hasSuffix("~") && !name.lowercased().contains(".lua")
  }

  /// The file that a path leads to, wherever links lead, if it may be shown.
  private func place(_ path: String) -> String? {
    // A slash at the end is a folder's.
    guard !path.hasSuffix("/"), let place = Self.resolve(root + path) else { return nil }
    let folder = root == "/" ? root : root + "/"
    guard place.hasPrefix(folder) else { return nil }
    let names = place.dropFirst(folder.count).split(separator: "/")
    return names.allSatisfy(Self.isShown) ? place : nil
  }

  private static func resolve(_ path: String) -> String? {
    guard let whole = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(whole) }
    return unsafe String(cString: whole)
  }
}

/// What a browser gets: a head, and the file behind it, if there is to be one.
struct StaticAnswer {
  let status: Int
  let headers: [HeaderField]
  let file: OpenFile?

  fileprivate init(_ head: RequestHead, _ path: String, _ file: OpenFile) {
    // A strong validator (RFC 9110 §8.8.3): a file that is written again has another time or length.
    let tag = "\"\(String(file.written, radix: 16))-\(file.size)\""
    headers = [
      HeaderField("Content-Type", ContentType.of(path)), HeaderField("ETag", tag),
      // Kept, but asked about each time: whoever edits a file sees the new one (RFC 9111 §5.2.2.4).
      HeaderField("Cache-Control", "no-cache"), HeaderField("X-Content-Type-Options", "nosniff"),
    ].compactMap { $0 }
    let isKnown = head.values("If-None-Match").contains { $0 == "*" || $0.contains(tag) }
    status = isKnown ? 304 : 200
    self.file = isKnown ? nil : file
  }

  fileprivate init?(redirecting head: RequestHead) {
    let parts = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    // `//host` would lead to another one.
    guard !parts[0].utf8.starts(with: "//".utf8) else { return nil }
    let query = parts.count > 1 ? "?" + parts[1] : ""
    guard let location = HeaderField("Location", parts[0] + "/" + query) else { return nil }
    (status, headers, file) = (308, [location], nil)
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
