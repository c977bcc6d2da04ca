import Glibc

/// Reads and plays `.talk` files.
public enum TalkFiles {
  public static let ending = ".talk"

  /// The files that `path` names: itself, or all in and below a folder whose names end in one of these, sorted. Hidden
  /// ones are skipped.
  public static func find(_ path: String, endings: [String] = [ending]) throws(TalkError) -> [String] {
    var found: [String] = []
    try walk(path, depth: 0, endings, into: &found)
    guard !found.isEmpty else {
      let wanted = endings.map { $0.hasPrefix(".") ? $0 : "*\($0)" }.joined(separator: " or ")
      throw unreadable(path, "no \(wanted) file in this folder")
    }
    return found.sorted()
  }

  private static func walk(
    _ path: String, depth: Int, _ endings: [String], into found: inout [String]
  ) throws(TalkError) {
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
        try walk(below, depth: depth + 1, endings, into: &found)
      } else if endings.contains(where: name.hasSuffix) {
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
    for path in paths {
      do throws(TalkError) {
        for file in try find(path) { play(file: file, on: stage, &report, print: print) }
      } catch {
        print(report.add(error))
      }
    }
    print(report.summary)
    return report.failed == 0
  }

  /// Plays the conversations of one file.
  public static func play(file: String, on stage: any Stage, _ report: inout Report, print: (String) -> Void) {
    let runner = Runner(stage: stage)
    do throws(TalkError) {
      for conversation in try read(file) { print(report.add(runner.play(conversation))) }
    } catch {
      print(report.add(error))
    }
  }

  private static func errorText() -> String { unsafe String(cString: strerror(errno)) }

  private static func unreadable(_ path: String, _ why: String) -> TalkError {
    TalkError(Place(file: path, line: 1, column: 1), why, example: "lobbyist test scripts/godot.talk")
  }
}
