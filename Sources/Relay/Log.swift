import Glibc
import Reactor

/// The relay's log: one line an event on standard error, as text or JSON. What outsiders can cause is
/// bounded: beyond `linesPerSecond` of a level, lines are counted instead of written, and long ones are cut.
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

  /// Lines of one level that are written in one second at the most, so that many warnings hide no error.
  public static let linesPerSecond = 50
  /// Bytes of a line's text; what is longer is cut.
  public static let lineBytesMax = 8192

  /// What is below this level is left out.
  public var level: Level
  public var format: Format
  private let write: (String) -> Int
  private let wallSeconds: () -> Int64
  private var second: Int64 = 0
  /// By level, in this second.
  private var written = [Int](repeating: 0, count: Level.allCases.count)
  private var suppressed = 0
  /// Lines that could not be written, as on a full disk, and whether the last of them was begun.
  private var lost = 0
  private var isTorn = false

  /// - Parameters:
  ///   - wallSeconds: the time, in seconds since 1970.
  ///   - write: writes a line, and answers how many of its bytes it could.
  public init(
    level: Level = .info, format: Format = .text, wallSeconds: @escaping () -> Int64 = { Clock.wallSeconds },
    write: @escaping (String) -> Int = Log.toStandardError
  ) {
    self.level = level
    self.format = format
    self.wallSeconds = wallSeconds
    self.write = write
  }

  public func info(_ text: String) { line(.info, text) }
  public func warning(_ text: String) { line(.warning, text) }
  public func error(_ text: String) { line(.error, text) }

  public func line(_ level: Level, _ text: String) {
    guard level.rawValue >= self.level.rawValue else { return }
    let now = wallSeconds()
    if now != second { begin(now) }
    guard written[level.rawValue] < Self.linesPerSecond else {
      suppressed += 1
      return
    }
    written[level.rawValue] += 1
    put(render(level, Self.cut(text), at: now))
  }

  /// Writes a line, before it how many could not be written once that works again.
  private func put(_ line: String) {
    if lost > 0 {
      let news = render(.warning, "\(lost) lines before this one could not be written", at: second)
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
    if suppressed > 0 { put(render(.warning, "\(suppressed) further lines left out", at: second)) }
    second = now
    written = [Int](repeating: 0, count: Level.allCases.count)
    suppressed = 0
  }

  private static func cut(_ text: String) -> String {
    let count = text.utf8.count
    guard count > lineBytesMax else { return text }
    return String(decoding: text.utf8.prefix(lineBytesMax), as: UTF8.self) + " … (\(count) bytes)"
  }

  private func render(_ level: Level, _ text: String, at seconds: Int64) -> String {
    let stamp = Self.stamp(seconds)
    switch format {
    case .text:
      return "\(stamp) \(level) \(Self.printable(text))\n"
    case .json:
      return "{\"time\":\"\(stamp)\",\"level\":\"\(level)\",\"message\":\(JSONText.quoted(text))}\n"
    }
  }

  /// RFC 3339 in UTC.
  private static func stamp(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = unsafe tm()
    unsafe gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }

  /// Continuation lines of a traceback are indented, so that a line that starts with a time is an event;
  /// control characters, which an outsider may have sent, cannot reach a terminal.
  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n" {
        result += "\n    "
      } else if scalar.properties.generalCategory == .control && scalar != "\t" {
        result += "?"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
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
