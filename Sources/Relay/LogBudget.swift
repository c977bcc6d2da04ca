/// What may be written, so that outsiders cannot fill a disk: lines of each level in a second, so that many warnings hide
/// no error, and bytes of each level in a minute. Zero means no limit.
struct LogBudget {
  let linesPerSecond: Int
  let bytesPerMinute: Int
  private var second: Int64 = 0
  private var minute: Int64 = 0
  /// By level.
  private var lines = [Int](repeating: 0, count: Log.Level.allCases.count)
  private var bytes = [Int](repeating: 0, count: Log.Level.allCases.count)

  init(linesPerSecond: Int, bytesPerMinute: Int) {
    self.linesPerSecond = linesPerSecond
    self.bytesPerMinute = bytesPerMinute
  }

  /// Another second has begun. Clocks that are set back begin one too.
  mutating func isNews(_ now: Int64) -> Bool {
    guard now != second else { return false }
    second = now
    lines = [Int](repeating: 0, count: lines.count)
    if now / 60 != minute {
      minute = now / 60
      bytes = [Int](repeating: 0, count: bytes.count)
    }
    return true
  }

  /// Whether another line may be written, however short: asked first, as a line that is left out should cost nothing.
  func hasRoom(on level: Log.Level) -> Bool { linesPerSecond == 0 || lines[level.rawValue] < linesPerSecond }

  /// Whether a line of `count` bytes may still be written; it is counted then.
  mutating func spend(_ count: Int, on level: Log.Level) -> Bool {
    let index = level.rawValue
    guard bytesPerMinute == 0 || bytes[index] + count <= bytesPerMinute else { return false }
    lines[index] += 1
    bytes[index] += count
    return true
  }
}
