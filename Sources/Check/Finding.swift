/// Where something stands in a file. Lines and columns count from 1, columns in bytes.
public struct Place: Sendable, Hashable, Comparable {
  public let line: Int
  public let column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (one: Place, other: Place) -> Bool { (one.line, one.column) < (other.line, other.column) }
}

/// Something that is wrong with a script.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
  public enum Severity: String, Sendable {
    /// The script does not load, or fails wherever this line runs.
    case error
    /// It may be meant, but does nothing or may fail.
    case warning
  }

  public let file: String
  /// Nil when it is about the file as a whole.
  public let place: Place?
  public let severity: Severity
  public let message: String

  public init(_ file: String, _ place: Place?, _ severity: Severity, _ message: String) {
    self.file = file
    self.place = place
    self.severity = severity
    self.message = message
  }

  /// `file:line:column: severity: message`.
  public var description: String { "\(file)\(position): \(severity.rawValue): \(message)" }

  /// The same for something that runs all the same: `file:line:column: message`.
  public var remark: String { "\(file)\(position): \(message)" }

  private var position: String { place.map { ":\($0.line):\($0.column)" } ?? "" }

  /// One line of JSON, with line and column 1 for the whole file.
  public var json: String {
    let place = place ?? Place(line: 1, column: 1)
    return """
      {"file":\(Self.quoted(file)),"line":\(place.line),"column":\(place.column),\
      "severity":"\(severity.rawValue)","message":\(Self.quoted(message))}
      """
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
