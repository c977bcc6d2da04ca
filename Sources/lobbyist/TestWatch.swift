import Conversation
import Glibc
import Reactor

/// Runs the tests again whenever something they depend on changes, and tells the failures only.
struct TestWatch: ~Copyable {
  /// A burst of saves is one run: it starts when nothing has changed for `pause`, at the latest after `patience`.
  private static let pauseMilliseconds: UInt64 = 100
  private static let patienceMilliseconds: UInt64 = 2000
  private static let foldersMax = 5000

  private let paths: [String]
  private var reactor: Reactor
  private var watch: FileWatch
  private var folders: Set<String> = []

  init(_ paths: [String]) throws(SystemError) {
    var reactor = try Reactor()
    let watch = try FileWatch()
    try reactor.add(watch.descriptor, .reading, Token(slot: 0, generation: 0))
    self.paths = paths
    self.reactor = reactor
    self.watch = watch
  }

  /// For ever: Ctrl-C ends the process.
  mutating func run() throws(SystemError) {
    while true {
      // Before the run, so that nothing is missed that changes while it lasts.
      for path in paths { add(below: path) }
      let run = TestRun(paths: paths)
      play(run)
      for path in run.looked.paths { add(Files.folder(of: path)) }
      try waitForChange()
    }
  }

  private func play(_ run: TestRun) {
    let start = Clock.milliseconds
    let report = run.run { text in
      if text.hasPrefix("ok  ") || text.hasPrefix("--  ") || text.hasPrefix("note  ") { return }
      say(text)
    }
    say("\(Self.timeOfDay)  \(report.summary) (\(Clock.milliseconds - start) ms)")
  }

  private mutating func waitForChange() throws(SystemError) {
    var isDue = false
    while !isDue {
      _ = try reactor.wait(until: nil)
      for path in watch.takeChanges() where matters(path) { isDue = true }
    }
    let latest = Clock.milliseconds + Self.patienceMilliseconds
    while Clock.milliseconds < latest, try reactor.wait(until: Clock.milliseconds + Self.pauseMilliseconds) > 0 {
      _ = watch.takeChanges()
    }
  }

  /// Lua files and conversations do, and what may hold some: folders, links, folders that are gone.
  private func matters(_ path: String) -> Bool {
    if path == FileWatch.unknown || folders.contains(path) { return true }
    if path.hasSuffix(".lua") || path.hasSuffix(TalkFiles.ending) { return true }
    var status = stat()
    // The pointer is to a local that outlives the call.
    guard unsafe lstat(path, &status) == 0 else { return false }
    let kind = status.st_mode & S_IFMT
    return kind == S_IFDIR || kind == S_IFLNK
  }

  // MARK: Folders

  /// A folder that is not there, or that nobody may read, changes nothing that a test could see.
  private mutating func add(_ folder: String) {
    guard folders.contains(folder) || folders.count < Self.foldersMax else { return }
    do throws(SystemError) {
      try watch.add(folder: folder)
      folders.insert(folder)
    } catch {
      if error.code != ENOENT && error.code != ENOTDIR && error.code != EACCES { complain(error.description) }
    }
  }

  private mutating func add(below path: String) {
    guard let stream = unsafe opendir(path) else { return add(Files.folder(of: path)) }
    defer { unsafe closedir(stream) }
    add(path)
    guard folders.count < Self.foldersMax else { return }
    while let entry = unsafe readdir(stream) {
      guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { add(below: path.hasSuffix("/") ? path + name : "\(path)/\(name)") }
    }
  }

  /// `14:05:09`, where the user is.
  private static var timeOfDay: String {
    var now = time_t(Clock.wallSeconds)
    // tm is unsafe for its pointer to the zone's name, which nobody reads. The pointers of the call are to locals.
    var parts = unsafe tm()
    _ = unsafe localtime_r(&now, &parts)
    let numbers = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
    return numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
