import Glibc
import Testing

@testable import Reactor

@Suite struct FileSystemTests {
  @Test func whatIsWrittenIsRead() throws {
    var template = Array("/tmp/files-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      for name in ["b", ".a"] { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    for name in ["b", ".a"] {
      let file = Descriptor(adopting: open("\(folder)/\(name)", O_RDWR | O_CREAT | O_EXCL, 0o600))
      #expect(FileSystem.write(bytes, into: file.number))
      #expect(lseek(file.number, 0, SEEK_SET) == 0)
      #expect(FileSystem.read(from: file.number, bytesMax: bytes.count) == bytes)
      #expect(lseek(file.number, 0, SEEK_SET) == 0)
      #expect(FileSystem.read(from: file.number, bytesMax: bytes.count - 1) == nil && errno == EFBIG)
    }
    #expect(FileSystem.names(in: folder) == [".a", "b"])
  }

  @Test func failuresLeaveTheirReason() {
    #expect(FileSystem.names(in: "/nowhere") == nil && errno == ENOENT)
    #expect(FileSystem.read(from: -1, bytesMax: 1) == nil && errno == EBADF)
    #expect(!FileSystem.write([1], into: -1) && errno == EBADF)
  }
}
