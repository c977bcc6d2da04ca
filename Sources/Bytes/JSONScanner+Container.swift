extension JSONScanner {
  /// Deepest nesting that `container` can keep track of.
  static var depthLimit: Int { 128 }

  /// Passes an array or object with all it contains; the position is at its opening bracket.
  ///
  /// No recursion: one bit per open bracket, the innermost lowest, says whether it is an object.
  @inline(never)
  mutating func container(depthMax: Int) -> Bool {
    precondition(depthMax <= Self.depthLimit)
    var objects: UInt128 = 0
    var depth = 0
    while true {
      // At a value.
      let open = current
      var token = JSONToken.broken
      if open == UInt8(ascii: "{") || open == UInt8(ascii: "[") {
        guard depth < depthMax else { return false }
        let isObject = open == UInt8(ascii: "{")
        objects = objects &<< 1 | (isObject ? 1 : 0)
        depth += 1
        position &+= 1
        skipSpace()
        if current != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          if isObject, !name() { return false }
          continue
        }
      } else {
        token = open == UInt8(ascii: "\"") ? string() : number()
        guard token != .broken else { return false }
        skipSpace()
      }
      // Behind a value or at the bracket that closes an empty container.
      while true {
        let isObject = objects & 1 == 1
        if take(UInt8(ascii: ",")) {
          guard token != .broken else { return false }
          skipSpace()
          if isObject, !name() { return false }
          break
        }
        guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
        objects &>>= 1
        depth -= 1
        if depth == 0 { return true }
        token = .object
        skipSpace()
      }
    }
  }

  /// Passes a member's name, the colon and the white space around it.
  @inline(__always)
  private mutating func name() -> Bool {
    guard current == UInt8(ascii: "\""), string() != .broken else { return false }
    skipSpace()
    guard take(UInt8(ascii: ":")) else { return false }
    skipSpace()
    return true
  }
}
