import Glibc

/// Reads and plays `.talk` files.
public enum TalkFiles {
  /// The `.talk` files that `path` names: itself, or all in and below a folder, sorted. Hidden ones are skipped.
  public static func find(_ path: String) throws(TalkError) -> [String] {
    var found: [String] = []
    try collect(path, depth: 0, into: &found)
    guard !found.isEmpty else { throw unreadable(path, "no .talk file in this folder") }
    return found.sorted()
  }

  private static func collect(_ path: String, depth: Int, into found: inout [String]) throws(TalkError) {
    guard depth < TalkLimits.depthMax else { throw unreadable(path, "folders too deep") }
    guard found.count < TalkLimits.filesMax else { throw unreadable(path, "more than \(TalkLimits.filesMax) files") }
    guard let folder = unsafe opendir(path) else {
      guard errno == ENOTDIR else { throw unreadable(path, errorText()) }
      found.append(path)
      return
    }
    defer { unsafe closedir(folder) }
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let below = path.hasSuffix("/") ? path + name : path + "/" + name
      if name.hasPrefix(".") { continue }
      if unsafe entry.pointee.d_type == UInt8(DT_DIR) {
        try collect(below, depth: depth + 1, into: &found)
      } else if name.hasSuffix(".talk") {
        found.append(below)
      }
    }
  }

  public static func read(_ file: String) throws(TalkError) -> [Conversation] {
    let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(file, errorText()) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while bytes.count <= TalkLimits.fileBytesMax {
      var failed = false
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
        let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        failed = count < 0
        filled = max(0, count)
      }
      guard !failed else { throw unreadable(file, errorText()) }
      if chunk.isEmpty { break }
      bytes += chunk
    }
    return try TalkParser.parse(bytes, file: file)
  }

  /// Plays all conversations of `paths` on `stage` and prints as it goes. True if none failed.
  public static func play(_ paths: [String], on stage: any Stage, print: (String) -> Void) -> Bool {
    var report = Report()
    let runner = Runner(stage: stage)
    for path in paths {
      do throws(TalkError) {
        for file in try find(path) {
          do throws(TalkError) {
            for conversation in try read(file) { print(report.add(runner.play(conversation))) }
          } catch {
            print(report.add(error))
          }
        }
      } catch {
        print(report.add(error))
      }
    }
    print(report.summary)
    return report.failed == 0
  }

  private static func errorText() -> String { unsafe String(cString: strerror(errno)) }

  private static func unreadable(_ path: String, _ why: String) -> TalkError {
    TalkError(Place(file: path, line: 1, column: 1), why, example: "lobbyist test scripts/godot.talk")
  }
}
