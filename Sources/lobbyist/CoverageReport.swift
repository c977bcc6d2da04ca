import Conversation
import Policy

/// Tells for each Lua file how many of the lines that can run have run, and which have not.
struct CoverageReport {
  enum Form {
    case text
    case json
  }

  private struct File {
    let path: String
    let lines: Int
    let notRun: [Int]
  }

  private var files: [File] = []

  /// Leaves out the tests themselves, and what cannot be read any longer.
  init(_ coverage: Coverage) {
    var merged: [String: Set<Int>] = [:]
    for (path, ran) in coverage.files { merged[Self.plain(path), default: []].formUnion(ran) }
    for (path, ran) in merged.sorted(by: { $0.key < $1.key }) where !path.hasSuffix(UnitTests.ending) {
      guard case .success(let source) = Files.read(path), let lines = Coverage.executableLines(source) else { continue }
      files.append(File(path: path, lines: lines.count, notRun: lines.subtracting(ran).sorted()))
    }
  }

  /// What is required from a folder `.` is the same file as what is named without it.
  private static func plain(_ path: String) -> String {
    var path = path[...]
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    return String(path)
  }

  func lines(_ form: Form) -> [String] {
    switch form {
    case .text: text
    case .json: [json]
    }
  }

  /// `scripts/godot.lua  97 %  not run: 45-47, 88`
  private var text: [String] {
    let width = files.map(\.path.count).max() ?? 0
    return files.map { file in
      let name = file.path + String(repeating: " ", count: width - file.path.count)
      // Rounded down, so that only whole files have 100 %.
      let percent = file.lines == 0 ? 100 : (file.lines - file.notRun.count) * 100 / file.lines
      let share = String(repeating: " ", count: 3 - String(percent).count) + "\(percent) %"
      return "\(name)  \(share)" + (file.notRun.isEmpty ? "" : "  not run: \(Self.ranges(file.notRun))")
    }
  }

  /// `{"files":[{"path":"scripts/godot.lua","lines":120,"not_run":[45,46,47,88]}]}`
  private var json: String {
    let all = files.map { file in
      TalkValue.object([
        .init("path", .string(file.path)), .init("lines", .integer(Int64(file.lines))),
        .init("not_run", .array(file.notRun.map { .integer(Int64($0)) })),
      ])
    }
    return String(decoding: TalkValue.object([.init("files", .array(all))]).json, as: UTF8.self)
  }

  /// `45-47, 88`
  static func ranges(_ sorted: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for line in sorted {
      if let last = ranges.last, last.upperBound + 1 == line {
        ranges[ranges.count - 1] = last.lowerBound...line
      } else {
        ranges.append(line...line)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
