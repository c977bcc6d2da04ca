import Bytes
import Conversation

/// A recording that has been read: all its events, and where they stand.
public struct Recording: Sendable {
  public struct Line: Sendable {
    /// `file:line`.
    public let place: String
    public let event: RecordedEvent
  }

  public let header: RecordingHeader
  public let lines: [Line]

  /// Reads the file of a recording, and before it FILE.1 where that is what went before. `older` is asked for its bytes
  /// when there should be one; nil when there is none.
  public init(path: String, _ bytes: [UInt8], older: (String) -> [UInt8]?) throws(RecordingError) {
    let newest = try Self.header(path, bytes)
    guard newest.payloads == .full else {
      throw RecordingError(
        "\(path) was recorded with --record-payloads \(newest.payloads.rawValue): "
          + "only a full recording can be replayed")
    }
    var before: [Line] = []
    var first = newest
    if newest.generation > 0, let bytes = older(path + ".1") {
      let header = try Self.header(path + ".1", bytes)
      if header.id == newest.id, header.generation == newest.generation - 1 {
        first = header
        before = try Self.lines(path + ".1", bytes, header)
      }
    }
    header = first
    lines = before + (try Self.lines(path, bytes, newest))
  }

  /// Whether what came before the first event is lost.
  public var lacksBeginning: Bool { header.generation > 0 }

  private static func header(_ path: String, _ bytes: [UInt8]) throws(RecordingError) -> RecordingHeader {
    let first = bytes.prefix { $0 != UInt8(ascii: "\n") }
    return try read(path, 1, first, isWhole: first.count < bytes.count) { value throws(FieldMistake) in
      try RecordingHeader(value)
    }
  }

  private static func lines(
    _ path: String, _ bytes: [UInt8], _ header: RecordingHeader
  ) throws(RecordingError) -> [Line] {
    var lines: [Line] = []
    var number = 0
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
      number += 1
      let line = bytes[start..<(end ?? bytes.count)]
      start = (end ?? bytes.count) + 1
      if number == 1 { continue }
      let event = try read(path, number, line, isWhole: end != nil) { value throws(FieldMistake) in
        let event = try RecordedEvent(value)
        guard header.mounts.contains(where: { $0.name == event.mount }) else {
          throw FieldMistake("there is no mount '\(event.mount)'")
        }
        return event
      }
      lines.append(Line(place: "\(path):\(number)", event: event))
    }
    return lines
  }

  private static func read<Value>(
    _ path: String, _ number: Int, _ line: ArraySlice<UInt8>, isWhole: Bool,
    _ make: (TalkValue) throws(FieldMistake) -> Value
  ) throws(RecordingError) -> Value {
    let place = "\(path):\(number)"
    guard isWhole else {
      throw RecordingError("\(place): the recording is cut off here; without this line the rest can be replayed")
    }
    let bytes = Array(line)
    guard UTF8Validator.isValid(bytes) else { throw RecordingError("\(place): not UTF-8") }
    let value: TalkValue
    do throws(JSONMistake) {
      value = try TalkValue(parsing: bytes)
    } catch {
      throw RecordingError("\(place): not JSON: \(error.message), at byte \(error.offset)")
    }
    do throws(FieldMistake) {
      return try make(value)
    } catch {
      throw RecordingError("\(place): \(error.message)")
    }
  }
}
