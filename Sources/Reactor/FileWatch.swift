import CLinux
import Glibc

/// Tells which files in some folders have changed: inotify as something for the loop to wait for.
///
/// Folders are watched, not files, so that an editor's rename over the old file and a file that comes later are seen.
/// A change is a file or link that was written and closed, made, renamed (both names), deleted or given other rights.
/// Reading counts for nothing, and a file that is still being written not before it is closed. Nothing is said about
/// folders below: each is added by itself.
///
/// A save is often several changes. Whoever reacts to them waits until they have paused, a tenth of a second or so.
@safe
public struct FileWatch: ~Copyable {
  /// Names of one answer of ``takeChanges()``; beyond them it says ``unknown``.
  public static var changesMax: Int { 1000 }
  /// What ``takeChanges()`` says when more has changed than it can name: look at everything.
  public static var unknown: String { "" }

  /// Readable while changes wait.
  public let descriptor: Descriptor
  /// The names under which each watched folder was added. The kernel never gives a number twice.
  private var folders: [Int32: Set<String>] = [:]
  /// Those of them of which only what becomes of themselves is told.
  private var passed: Set<String> = []
  private let buffer: UnsafeMutableRawBufferPointer

  /// Room for the events of one read: each is 16 bytes and a name of at most 256.
  private static var bufferBytes: Int { 16 << 10 }
  /// Reads of one answer, so that a storm of changes cannot hold the loop.
  private static var readsMax: Int { 64 }

  /// inotify_init1(2)
  public init() throws(SystemError) {
    let number = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard number >= 0 else {
      let code = errno
      guard code == EMFILE else { throw SystemError("inotify_init1", code) }
      throw SystemError(
        "inotify_init1", code, "no more file watches for this user: raise fs.inotify.max_user_instances")
    }
    descriptor = Descriptor(adopting: number)
    unsafe buffer = .allocate(byteCount: Self.bufferBytes, alignment: 8)
  }

  deinit { unsafe buffer.deallocate() }

  /// Watches the files in `folder`, whose changes are named `folder/file`. Adding it again changes nothing, unless it
  /// is another folder by now (replaced, or a link that points elsewhere): then that is watched instead.
  /// inotify_add_watch(2)
  public mutating func add(folder: String) throws(SystemError) {
    try add(
      folder,
      IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
  }

  private mutating func add(_ folder: String, _ kinds: Int32) throws(SystemError) {
    let number = unsafe inotify_add_watch(descriptor.number, folder, UInt32(kinds | IN_ONLYDIR | IN_EXCL_UNLINK))
    guard number >= 0 else {
      let code = errno
      let reason = code == ENOSPC ? "too many watched folders: raise fs.inotify.max_user_watches" : nil
      throw SystemError(
        "inotify_add_watch", code, "cannot watch \(folder): \(reason ?? SystemError.text(of: code))")
    }
    if folders[number]?.contains(folder) == true { return }
    remove(folder: folder)
    folders[number, default: []].insert(folder)
  }

  /// Watches whatever decides what is found under these names, and nothing else: the folders of the files and of links
  /// on the way, and what becomes of the folders above. Changes are named as ``FileTrail/entries`` are. A file need not
  /// be there. What has changed on the way since the last time is watched where it is now: call it again after changes.
  ///
  /// Answers why folders of files and links cannot be watched. Folders above may often not be read, and need not be.
  public mutating func watch(_ trails: [FileTrail]) -> [SystemError] {
    let deciding = trails.reduce(into: Set<String>()) { $0.formUnion($1.deciding) }
    let above = trails.reduce(into: Set<String>()) { $0.formUnion($1.passed) }.subtracting(deciding)
    let former = folders.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    for folder in former where !deciding.contains(folder) {
      if !above.contains(folder) || !passed.contains(folder) { remove(folder: folder) }
    }
    passed = above
    // Added to what is asked for, in case it is another name of a folder in which names decide.
    for folder in above { try? add(folder, IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_ADD) }
    var problems: [SystemError] = []
    for folder in deciding.sorted() {
      do throws(SystemError) { try add(folder: folder) } catch { problems.append(error) }
    }
    return problems
  }

  /// Stops watching; changes that already wait are no longer told. inotify_rm_watch(2)
  public mutating func remove(folder: String) {
    for (number, names) in folders where names.contains(folder) {
      folders[number] = names.count == 1 ? nil : names.subtracting([folder])
      if names.count == 1 { _ = inotify_rm_watch(descriptor.number, number) }
    }
  }

  /// The files that have changed since the last time, as `folder/file`; never blocks. A link is named by its own name,
  /// never by what it points to. A watched folder that was itself deleted or moved is named too, and not watched any
  /// longer: add it again when it is back.
  ///
  /// At most ``changesMax`` names. When there were more, or the kernel has dropped some, ``unknown`` is among them.
  public mutating func takeChanges() -> Set<String> {
    var changes: Set<String> = []
    for _ in 0..<Self.readsMax {
      // The kernel writes whole events into the buffer, which lives as long as this value.
      let count = unsafe Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      note(count, in: &changes)
    }
    return changes
  }

  /// Reads the events in the first `count` bytes of the buffer.
  private mutating func note(_ count: Int, in changes: inout Set<String>) {
    // struct inotify_event: number, mask, cookie and length of the name, four bytes each; then the name, ended and
    // padded by zeros. The kernel answers whole events, so both lie within `count`.
    var offset = 0
    while offset + 16 <= count {
      let number = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self)
      let kind = unsafe Int32(bitPattern: buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
      let length = unsafe Int(buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
      precondition(offset + 16 + length <= count)
      let name = unsafe UnsafeRawBufferPointer(rebasing: buffer[(offset + 16)..<(offset + 16 + length)])
      let file = unsafe String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      note(kind, number, file, in: &changes)
      offset += 16 + length
    }
  }

  private mutating func note(_ kind: Int32, _ number: Int32, _ file: String, in changes: inout Set<String>) {
    if kind & IN_Q_OVERFLOW != 0 { changes.insert(Self.unknown) }
    guard let names = folders[number] else { return }
    if kind & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) != 0 {
      folders[number] = nil
      // Fails when the folder is deleted, and with it the watch.
      _ = inotify_rm_watch(descriptor.number, number)
    }
    // The folder's own news come without a file's name; of these its rights alone are none.
    if file.isEmpty && kind & IN_ATTRIB != 0 { return }
    for folder in names {
      let path = file.isEmpty ? folder : folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
      let fits = changes.count < Self.changesMax || changes.contains(path)
      changes.insert(fits ? path : Self.unknown)
    }
  }
}

@available(*, unavailable, message: "The loop belongs to one thread.")
extension FileWatch: Sendable {}
