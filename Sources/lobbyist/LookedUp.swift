import Glibc

/// The files that somebody wanted to read, whether they were there or not.
final class LookedUp {
  private(set) var paths: Set<String> = []
  /// What the reader should know of one that is there and cannot be read.
  var remark = ""
  /// As they were when they were first read; nil for one that was not there.
  private var marks: [String: FileMark?] = [:]

  func note(_ path: String, _ mark: FileMark?) {
    paths.insert(path)
    if marks[path] == nil { marks.updateValue(mark, forKey: path) }
  }

  /// What is wanted from now on counts.
  func begin() {
    paths = []
    remark = ""
  }

  /// Those that are another file by now than what was read. Afterwards nothing is known of any.
  func takeOutdated() -> [String] {
    defer { marks = [:] }
    return marks.filter { $0.value != FileMark(of: $0.key) }.map(\.key)
  }
}

/// Differs when a file has been written or replaced.
struct FileMark: Equatable {
  private let bytes: Int
  /// Seconds and nanoseconds since 1970: when it was written, and when anything of it was changed.
  private let times: [Int]

  init(_ status: stat) {
    bytes = Int(status.st_size)
    times = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
  }

  /// Nil when there is none.
  init?(of path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}
