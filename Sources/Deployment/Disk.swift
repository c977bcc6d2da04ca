import Glibc
import Reactor

/// What the store does with the disk, step by step. Links are not followed.
public final class Disk {
  /// Bytes of one file that is read.
  private static let readBytesMax = 64 << 20

  /// For tests: asked before each step; the `errno` with which it is to fail, or nil.
  var fault: (() -> Int32?)?

  public init() {}

  private func step(_ what: String, _ path: String, _ done: () -> Bool) throws(DeployRefusal) {
    if let code = fault?() { throw DeployRefusal(what, path, errno: code) }
    guard done() else { throw DeployRefusal(what, path, errno: errno) }
  }

  /// Makes a folder that only this user can enter; one that is there is as good.
  func makeFolder(_ path: String) throws(DeployRefusal) {
    try step("make the folder", path) {
      if unsafe mkdir(path, 0o700) == 0 { return true }
      guard errno == EEXIST else { return false }
      if kind(of: path) == .folder { return true }
      errno = ENOTDIR
      return false
    }
  }

  /// Writes a file that is not there yet and, if asked to, waits until it is on the disk.
  func write(_ path: String, _ bytes: [UInt8], isSynced: Bool) throws(DeployRefusal) {
    try step("write", path) {
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { return false }
      let isWritten = FileSystem.write(bytes, into: descriptor) && (!isSynced || fsync(descriptor) == 0)
      let code = errno
      let isClosed = close(descriptor) == 0
      if !isWritten { errno = code }
      return isWritten && isClosed
    }
  }

  func read(_ path: String) throws(DeployRefusal) -> [UInt8] {
    var bytes: [UInt8]?
    try step("read", path) {
      let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      bytes = FileSystem.read(from: descriptor, bytesMax: Self.readBytesMax)
      let code = errno
      close(descriptor)
      errno = code
      return bytes != nil
    }
    return bytes ?? []
  }

  /// Waits until the names in a folder are on the disk.
  func sync(folder: String) throws(DeployRefusal) {
    try step("write", folder) {
      let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      return fsync(descriptor) == 0
    }
  }

  func rename(_ old: String, to new: String) throws(DeployRefusal) {
    try step("rename", old) { unsafe Glibc.rename(old, new) == 0 }
  }

  /// Removes a file or folder with all that is in it; what is not there is as good.
  func remove(_ path: String) throws(DeployRefusal) {
    switch kind(of: path) {
    case .none: return
    case .folder:
      for name in try names(in: path) { try remove(path + "/" + name) }
      try step("remove", path) { unsafe rmdir(path) == 0 }
    case .other: try step("remove", path) { unsafe unlink(path) == 0 }
    }
  }

  /// What is in a folder, sorted.
  func names(in folder: String) throws(DeployRefusal) -> [String] {
    var names: [String]?
    try step("read the folder", folder) {
      names = FileSystem.names(in: folder)
      return names != nil
    }
    return names ?? []
  }

  enum Kind {
    case none, folder, other
  }

  func kind(of path: String) -> Kind {
    var about = stat()
    guard unsafe lstat(path, &about) == 0 else { return .none }
    return about.st_mode & S_IFMT == S_IFDIR ? .folder : .other
  }
}
