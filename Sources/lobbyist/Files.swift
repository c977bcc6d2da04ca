import Configuration
import Glibc
import Reactor

/// Reading and writing whole files.
enum Files {
  static let bytesMax = 16 << 20

  /// The folder that a file is in: "." for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Why the first of these files and folders that is not there cannot be read; nil when all are there.
  static func missing(among paths: [String]) -> FileError? {
    for path in paths where unsafe access(path, R_OK) != 0 { return FileError(path: path) }
    return nil
  }

  /// The file in the same folder whose name is nearest to this path's.
  static func nearest(to path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = parts.last else { return nil }
    let folder = parts.dropLast().joined(separator: "/")
    let names = names(in: folder.isEmpty ? "." : folder)
    let found = NearestName.find(String(name), in: names.filter { $0.hasSuffix(".lua") })
    return found.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
  }

  /// What is in a folder, sorted; nothing for one that cannot be read.
  static func names(in folder: String) -> [String] { FileSystem.names(in: folder) ?? [] }

  /// The bytes of a file, or why they cannot be had. A pipe or a device is refused: it could keep a relay waiting.
  static func read(
    _ path: String, bytesMax: Int = Files.bytesMax, notingIn looked: LookedUp? = nil
  ) -> Result<[UInt8], FileError> {
    // Or opening a pipe that nobody writes would wait, open(2).
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let error = FileError(path: path)
      looked?.note(path, FileMark(of: path))
      return .failure(error)
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return .failure(FileError(path: path)) }
    looked?.note(path, FileMark(status))
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: return .failure(FileError(path: path, "it is a folder"))
    default: return .failure(FileError(path: path, "it is no file, but a pipe or a device"))
    }
    guard status.st_size <= bytesMax else { return .failure(FileError(path: path, "larger than \(bytesMax) bytes")) }
    if let bytes = FileSystem.read(from: descriptor, bytesMax: bytesMax) { return .success(bytes) }
    return .failure(errno == EFBIG ? FileError(path: path, "larger than \(bytesMax) bytes") : FileError(path: path))
  }

  /// Writes a file that is not there yet; what is there stays as it is, also a link that leads nowhere.
  static func create(_ path: String, _ text: String) throws(FileError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let isThere = errno == EEXIST
      throw FileError(isThere ? "\(path) is there already" : "cannot write \(path): \(FileError.reason)")
    }
    defer { close(descriptor) }
    guard FileSystem.write(Array(text.utf8), into: descriptor) else {
      let error = FileError("cannot write \(path): \(FileError.reason)")
      remove(path)
      throw error
    }
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }
}

struct FileError: Error {
  let message: String
  /// Whether there is no such file.
  private(set) var isMissing = false

  /// A file that cannot be read, with the reason that errno holds.
  init(path: String) {
    let isMissing = errno == ENOENT || errno == ENOTDIR
    self.init(path: path, Self.reason)
    self.isMissing = isMissing
  }
  init(path: String, _ reason: String) { message = "cannot read \(path): \(reason)" }
  init(_ message: String) { self.message = message }

  /// What errno holds, in words.
  static var reason: String { unsafe String(cString: strerror(errno)) }
}
