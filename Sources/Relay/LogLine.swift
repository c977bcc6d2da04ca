import Glibc

/// One event as it is written.
struct LogLine {
  let seconds: Int64
  let level: Log.Level
  let text: String
  var about: LogSubject?

  /// Bytes of a line's text; what is longer is cut.
  static let textBytesMax = 8192

  func rendered(_ format: Log.Format, _ addresses: LoggedAddresses) -> String {
    let fields = about.map { Self.fields($0, addresses) } ?? []
    switch format {
    case .text:
      let told = fields.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
      return "\(stamp) \(level) \(Self.printable(cut))\(told.isEmpty ? "" : " (\(Self.printable(told)))")\n"
    case .json:
      let told = fields.map { ",\"\($0.name)\":\(Self.quoted($0.value))" }.joined()
      return "{\"time\":\"\(stamp)\",\"level\":\"\(level)\",\"message\":\(Self.quoted(cut))\(told)}\n"
    }
  }

  private static func fields(_ about: LogSubject, _ addresses: LoggedAddresses) -> [(name: String, value: String)] {
    [
      ("connection", about.connection), ("address", addresses.shown(about.address)), ("mount", about.mount),
    ].compactMap { name, value in value.map { (name, $0) } }
  }

  private var cut: String {
    let count = text.utf8.count
    guard count > Self.textBytesMax else { return text }
    return String(decoding: text.utf8.prefix(Self.textBytesMax), as: UTF8.self) + " … (\(count) bytes)"
  }

  /// RFC 3339 in UTC.
  private var stamp: String {
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
      } else if isDeceptive(scalar) && scalar != "\t" {
        result += "?"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The same in JSON, where what must not reach a terminal is escaped.
  private static func quoted(_ text: String) -> String {
    var result = ""
    for scalar in JSONText.quoted(text).unicodeScalars {
      if isDeceptive(scalar) {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether a terminal or a reader would take it for something else: controls, other line breaks, and what turns the
  /// direction of text (Unicode Standard Annex #9).
  private static func isDeceptive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: scalar.properties.generalCategory == .control
    }
  }
}
