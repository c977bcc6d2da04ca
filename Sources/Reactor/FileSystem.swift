import Glibc

/// Files and folders as a whole. What fails leaves its reason in `errno`.
public enum FileSystem {
  /// Reads from a descriptor to its end; nil when that fails, with EFBIG when there are more bytes than this. read(2)
  public static func read(from descriptor: Int32, bytesMax: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count <= bytesMax {
      var count = 0
      bytes += unsafe [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
        count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        filled = max(0, count)
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { return bytes }
    }
    errno = EFBIG
    return nil
  }

  /// Writes all of these bytes; false when that fails. write(2)
  public static func write(_ bytes: [UInt8], into descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Bytes that a pipe takes without waiting when it says that it takes any. pipe(7)
  private static let pieceBytes = 4096

  /// Writes as much of these bytes as nobody has to wait for, also into a pipe that is full, and answers how many.
  /// poll(2), write(2)
  public static func offer(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
    var start = 0
    while start < bytes.count {
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      // One entry, a local; of the bytes, as many as the call is told.
      guard unsafe poll(&room, 1, 0) == 1 else { break }
      let piece = min(bytes.count - start, pieceBytes)
      let count = unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), piece)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      start += count
    }
    return start
  }

  /// Where a link leads, as it says; nil for what is no link. readlink(2)
  public static func target(ofLink path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    // The buffer is as long as the call is told.
    let count = unsafe readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }

  /// Without links; "." when it is gone. getcwd(3)
  public static var currentFolder: String {
    guard let path = unsafe getcwd(nil, 0) else { return "." }
    // The C library has allocated it, and it is copied before it is freed.
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  /// What is in a folder, sorted; nil for one that cannot be read. readdir(3)
  public static func names(in folder: String) -> [String]? {
    guard let stream = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe names.append(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
      }
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }
}
