import FuzzBodies
import Glibc
import Testing

/// Every input that a fuzzer once found worth keeping holds still.
@Suite struct CorpusTests {
  @Test(arguments: Fuzzer.all.map(\.name))
  func corpusHolds(_ name: String) throws {
    let fuzzer = try #require(Fuzzer.all.first { $0.name == name })
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/corpora/" + name
    let files = try #require(contents(of: folder), "no folder \(folder)")
    #expect(!files.isEmpty)
    for file in files {
      let bytes = try #require(read(folder + "/" + file))
      #expect(bytes.withUnsafeBytes(fuzzer.body) == nil, "\(name)/\(file)")
    }
  }

  private func contents(of folder: String) -> [String]? {
    guard let directory = opendir(folder) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
        start.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return bytes
  }
}
