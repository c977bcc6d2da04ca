/// The top-level members of one JSON text after another.
///
/// `scan` validates a whole text and remembers where its members stand; the questions that follow are
/// answered from that, without decoding the rest. The index keeps offsets only, so the same text must be
/// handed to every question. One index serves message after message and never allocates.
@safe
public struct JSONIndex: ~Copyable {
  public enum Shape: Sendable {
    case invalid, object, array, string, number, bool, null
  }

  /// Members that are remembered; the ones behind them are found by scanning again.
  public static var fieldsMax: Int { 24 }
  /// Default bound on arrays and objects within each other.
  public static var depthDefault: Int { 64 }

  public private(set) var shape: Shape
  /// Bytes of the text that was scanned.
  private(set) var textCount: Int
  /// Behind the opening brace, when the shape is an object.
  private(set) var bodyStart: Int
  /// The value itself.
  private var root: JSONField
  /// Room for `fieldsMax`, owned, and reached only below that position. (An InlineArray is copied as a
  /// whole for every element that is read.)
  // `var` for the thread sanitizer alone: Swift 6.3 cannot compile writing through a `let` (swiftlang/swift#86265).
  private var fields: UnsafeMutablePointer<JSONField>
  private(set) var fieldCount: Int
  /// There are members behind the last remembered one.
  private(set) var hasMore: Bool

  public init() {
    shape = .invalid
    textCount = 0
    bodyStart = 0
    root = JSONField()
    unsafe fields = .allocate(capacity: Self.fieldsMax)
    unsafe fields.initialize(repeating: JSONField(), count: Self.fieldsMax)
    fieldCount = 0
    hasMore = false
  }

  deinit { unsafe fields.deallocate() }

  /// Validates all of `text`, strictly by RFC 8259, and remembers its members.
  ///
  /// The text must be UTF-8. More than `depthMax` (at most 128) arrays and objects within each other,
  /// and a text of 2 GiB, are invalid.
  @discardableResult
  public mutating func scan(_ text: UnsafeRawBufferPointer, depthMax: Int = JSONIndex.depthDefault) -> Shape {
    precondition(depthMax >= 0 && depthMax <= JSONScanner.depthLimit)
    fieldCount = 0
    hasMore = false
    textCount = text.count
    shape = unsafe shapeOf(text, depthMax)
    return shape
  }

  @inline(__always)
  private mutating func shapeOf(_ text: UnsafeRawBufferPointer, _ depthMax: Int) -> Shape {
    guard var scanner = unsafe JSONScanner(text, at: 0) else { return .invalid }
    scanner.skipSpace()
    let start = scanner.position
    if scanner.take(UInt8(ascii: "{")) {
      bodyStart = scanner.position
      guard depthMax > 0, members(&scanner, depthMax - 1) else { return .invalid }
      _ = root.setValue(.object, from: start, to: scanner.position)
    } else {
      let token = scanner.value(depthMax: depthMax)
      guard root.setValue(token, from: start, to: scanner.position) else { return .invalid }
    }
    scanner.skipSpace()
    return scanner.position == text.count ? Shape(root.kind) : .invalid
  }

  /// Passes and remembers all members of the outermost object.
  @inline(__always)
  private mutating func members(_ scanner: inout JSONScanner, _ depthMax: Int) -> Bool {
    var first = true
    while fieldCount < Self.fieldsMax {
      switch unsafe scanner.member(&fields[fieldCount], first: first, depthMax: depthMax) {
      case .found: fieldCount &+= 1
      case .end: return true
      case .broken: return false
      }
      first = false
    }
    return furtherMembers(&scanner, depthMax)
  }

  /// Passes the members for which there is no room.
  @inline(never)
  private mutating func furtherMembers(_ scanner: inout JSONScanner, _ depthMax: Int) -> Bool {
    var field = JSONField()
    while true {
      switch scanner.member(&field, first: false, depthMax: depthMax) {
      case .found: hasMore = true
      case .end: return true
      case .broken: return false
      }
    }
  }

  /// Members of the outermost object; of very many, more than are remembered.
  public var memberCount: Int { hasMore ? .max : fieldCount }

  /// The remembered member at a position below `fieldCount`.
  @inline(__always)
  func remembered(_ position: Int) -> JSONField {
    precondition(position >= 0 && position < fieldCount)
    return unsafe fields[position]
  }

  /// A scanner behind the last remembered member, when there are more.
  func furtherScanner(_ text: UnsafeRawBufferPointer) -> JSONScanner? {
    guard hasMore else { return nil }
    return unsafe JSONScanner(text, at: Int(remembered(fieldCount - 1).valueEnd))
  }

  /// The value itself: an object, an array, a string, a number …
  public var wholeField: JSONField? { shape == .invalid ? nil : root }

  /// The value itself of a text that is no object.
  var rootField: JSONField? {
    shape == .object || shape == .invalid ? nil : root
  }

  /// The member of the outermost object with this name, escapes undone. Of several, the last.
  public func field(_ key: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> JSONField? {
    precondition(text.count == textCount, "not the text that was scanned")
    guard shape == .object else { return nil }
    if hasMore, let found = unsafe furtherField(key, text) { return found }
    let wanted = unsafe JSONKey(key)
    var position = fieldCount
    while position > 0 {
      position &-= 1
      if unsafe wanted.names(fields[position], in: text) { return unsafe fields[position] }
    }
    return nil
  }

  /// Where the only member of this name stands; nil when there is none, several, or perhaps more of them behind the
  /// remembered ones.
  @inline(__always)
  public func soleMember(_ key: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> JSONField? {
    precondition(text.count == textCount, "not the text that was scanned")
    guard shape == .object, !hasMore else { return nil }
    let wanted = unsafe JSONKey(key)
    var found = -1
    for position in 0..<fieldCount where unsafe wanted.names(fields[position], in: text) {
      if found >= 0 { return nil }
      found = position
    }
    return unsafe found >= 0 ? fields[found] : nil
  }

  @inline(never)
  private func furtherField(_ key: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> JSONField? {
    guard var scanner = unsafe furtherScanner(text) else { return nil }
    return unsafe scanner.lastMember(key, in: text, first: false)
  }
}

extension JSONIndex.Shape {
  public init(_ kind: JSONField.Kind) {
    switch kind {
    case .object: self = .object
    case .array: self = .array
    case .string: self = .string
    case .number: self = .number
    case .bool: self = .bool
    case .null: self = .null
    }
  }
}
