import Glibc
import Reactor

/// The relay's log: one line an event on standard error, as text or JSON. What outsiders can cause is bounded: beyond
/// its `LogBudget` lines are counted instead of written, and long ones are cut.
public final class Log {
  public enum Level: Int, Sendable, CaseIterable {
    case debug, info, warning, error

    public init?(_ name: String) {
      guard let level = Level.allCases.first(where: { "\($0)" == name }) else { return nil }
      self = level
    }
  }

  public enum Format: String, Sendable {
    case text, json
  }

  /// What is below this level is left out.
  public var level: Level
  public var format: Format
  public var addresses: LoggedAddresses
  private let write: (String) -> Int
  private let wallSeconds: () -> Int64
  private var budget = LogBudget(linesPerSecond: 50, bytesPerMinute: 0)
  private var second: Int64 = 0
  private var suppressed = 0
  /// Lines that could not be written, as on a full disk, and whether the last of them was begun.
  private var lost = 0
  private var isTorn = false

  /// - Parameters:
  ///   - wallSeconds: the time, in seconds since 1970.
  ///   - write: writes a line, and answers how many of its bytes it could.
  public init(
    level: Level = .info, format: Format = .text, addresses: LoggedAddresses = .full,
    wallSeconds: @escaping () -> Int64 = { Clock.wallSeconds },
    write: @escaping (String) -> Int = Log.toStandardError
  ) {
    self.level = level
    self.format = format
    self.addresses = addresses
    self.wallSeconds = wallSeconds
    self.write = write
  }

  public func info(_ text: String) { line(.info, text) }
  public func warning(_ text: String, about: LogSubject? = nil) { line(.warning, text, about: about) }
  public func error(_ text: String, about: LogSubject? = nil) { line(.error, text, about: about) }

  /// A peer is closed because it has reached a limit, which is given with its value.
  public func closed(at limit: String, about: LogSubject?) {
    line(.info, "a peer is closed: limit \(limit) reached", about: about)
  }

  /// For what happens often: costs nothing while the level is above.
  public func debug(_ text: @autoclosure () -> String, about: @autoclosure () -> LogSubject?) {
    if level == .debug { line(.debug, text(), about: about()) }
  }

  public func line(_ level: Level, _ text: String, about: LogSubject? = nil) {
    guard level.rawValue >= self.level.rawValue else { return }
    let now = wallSeconds()
    if budget.isNews(now) { begin(now) }
    guard budget.hasRoom(on: level) else {
      suppressed += 1
      return
    }
    let line = render(level, text, about: about)
    if budget.spend(line.utf8.count, on: level) { put(line) } else { suppressed += 1 }
  }

  /// From now on at most so many lines of a level in a second, and bytes in a minute; 0 for any number.
  func limit(linesPerSecond: Int, bytesPerMinute: Int) {
    guard budget.linesPerSecond != linesPerSecond || budget.bytesPerMinute != bytesPerMinute else { return }
    budget = LogBudget(linesPerSecond: linesPerSecond, bytesPerMinute: bytesPerMinute)
  }

  /// Writes a line, before it how many could not be written once that works again.
  private func put(_ line: String) {
    if lost > 0 {
      let news = render(.warning, "\(lost) lines before this one could not be written")
      guard putWhole((isTorn ? "\n" : "") + news) else {
        lost += 1
        return
      }
      (lost, isTorn) = (0, false)
    }
    if !putWhole(line) { lost += 1 }
  }

  private func putWhole(_ line: String) -> Bool {
    let count = write(line)
    if count > 0 { isTorn = count < line.utf8.count }
    return count == line.utf8.count
  }

  /// Another second: what the last one left out is told now.
  private func begin(_ now: Int64) {
    if suppressed > 0 { put(render(.warning, "\(suppressed) further lines left out")) }
    second = now
    suppressed = 0
  }

  private func render(_ level: Level, _ text: String, about: LogSubject? = nil) -> String {
    LogLine(seconds: second, level: level, text: text, about: about).rendered(format, addresses)
  }

  /// Bytes that a pipe takes without waiting when it says that it takes any. pipe(7)
  private static let pieceBytes = 4096

  /// Answers how many bytes were written; fewer when whoever reads them is too slow, as nobody is to wait for that.
  /// poll(2), write(2)
  public static func toStandardError(_ line: String) -> Int {
    var copy = line
    return copy.withUTF8 { bytes in
      var start = 0
      while start < bytes.count {
        var room = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // One entry, a local; of the bytes, as many as the call is told.
        guard unsafe poll(&room, 1, 0) == 1 else { break }
        let piece = min(bytes.count - start, Self.pieceBytes)
        let count = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress?.advanced(by: start), piece)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        start += count
      }
      return start
    }
  }
}
