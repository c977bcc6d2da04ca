extension JSONScanner {
  enum Step { case found, end, broken }

  /// Passes the next member of an object and the separator before it. The position is behind the opening
  /// brace (`first`) or behind the previous value.
  @inline(__always)
  mutating func member(_ field: inout JSONField, first: Bool, depthMax: Int) -> Step {
    skipSpace()
    if current == UInt8(ascii: "}") {
      position &+= 1
      return .end
    }
    if !first {
      guard take(UInt8(ascii: ",")) else { return .broken }
      skipSpace()
    }
    guard current == UInt8(ascii: "\"") else { return .broken }
    field.keyStart = Int32(truncatingIfNeeded: position &+ 1)
    let name = string()
    guard name != .broken else { return .broken }
    field.keyIsEscaped = name == .escapedString
    field.keyEnd = Int32(truncatingIfNeeded: position &- 1)
    skipSpace()
    guard take(UInt8(ascii: ":")) else { return .broken }
    skipSpace()
    let start = position
    let token = value(depthMax: depthMax)
    return field.setValue(token, from: start, to: position) ? .found : .broken
  }

  /// Passes the next element of an array and the separator before it, as `member` does.
  mutating func element(_ field: inout JSONField, first: Bool, depthMax: Int) -> Step {
    skipSpace()
    if current == UInt8(ascii: "]") {
      position &+= 1
      return .end
    }
    if !first {
      guard take(UInt8(ascii: ",")) else { return .broken }
      skipSpace()
    }
    let start = position
    let token = value(depthMax: depthMax)
    guard field.setValue(token, from: start, to: position) else { return .broken }
    field.keyStart = field.valueStart
    field.keyEnd = field.valueStart
    field.keyIsEscaped = false
    return .found
  }
}
