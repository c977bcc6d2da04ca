extension JSONField {
  /// What became of a string that was asked for.
  public enum StringAnswer: Sendable {
    /// The value is no string; nothing was appended.
    case notString
    case appended
    /// Appended, with U+FFFD for every escaped surrogate that lacked its other half.
    case mended
  }

  /// Appends the string with its escapes undone.
  public func string(in text: UnsafeRawBufferPointer, into queue: inout ByteQueue) -> StringAnswer {
    guard let body = unsafe stringBody(in: text) else { return .notString }
    guard valueIsEscaped else {
      unsafe queue.append(body)
      return .appended
    }
    return unsafe Self.unescape(text, Int(valueStart) + 1..<Int(valueEnd) - 1, into: &queue)
  }

  /// Appends the member's name with its escapes undone; nothing for an element, which has no name.
  public func key(in text: UnsafeRawBufferPointer, into queue: inout ByteQueue) -> StringAnswer {
    guard keyStart < valueStart else { return .notString }
    precondition(keyStart >= 0 && keyStart <= keyEnd && Int(keyEnd) <= text.count)
    return unsafe Self.unescape(text, Int(keyStart)..<Int(keyEnd), into: &queue)
  }

  private static func unescape(
    _ text: UnsafeRawBufferPointer, _ body: Range<Int>, into queue: inout ByteQueue
  ) -> StringAnswer {
    var isWellFormed = true
    _ = unsafe queue.appendUpTo(minimum: body.count) { output in
      let written = unsafe JSONUnescape.write(text, body, to: output)
      isWellFormed = written.isWellFormed
      return written.count
    }
    return isWellFormed ? .appended : .mended
  }
}
