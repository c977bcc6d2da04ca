extension JSONIndex {
  /// The field that a path such as `offer.candidates.0` leads to: names of members and, in arrays,
  /// decimal indices, joined by dots. A member whose name is the whole path comes first.
  public func field(path: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> JSONField? {
    // Most paths are one name; a name with a dot in it is found this way too.
    if let direct = unsafe field(path, in: text) { return direct }
    return unsafe field(steps: path, in: text, solely: false)
  }

  /// The nested object of which a path such as `offer.candidates.0.id` names a member, the last step; nil where there
  /// is none, and where several members have the name of a step: of them a reader may take any.
  public func parent(of path: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> JSONParent? {
    guard let dot = unsafe path.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let steps = unsafe UnsafeRawBufferPointer(rebasing: path[..<dot])
    guard let object = unsafe field(steps: steps, in: text, solely: true), object.kind == .object else { return nil }
    let name = unsafe UnsafeRawBufferPointer(rebasing: path[(dot + 1)...])
    return unsafe JSONParent(object: object, depth: steps.count { $0 == UInt8(ascii: ".") } + 1, name: name)
  }

  /// - Parameter solely: whether a step that several members have the name of leads nowhere; else it is the last.
  private func field(
    steps path: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, solely: Bool
  ) -> JSONField? {
    var rest = unsafe path
    var here = rootField
    while true {
      let step = unsafe Self.firstStep(&rest)
      if let container = here {
        here = unsafe Self.child(step, of: container, text, solely)
      } else {
        here = unsafe solely ? soleMember(step, in: text) : field(step, in: text)
      }
      guard here != nil, unsafe rest.baseAddress != nil else { return here }
    }
  }

  /// Takes the bytes before the first dot off `path`; afterwards it has no base when that was all.
  private static func firstStep(_ path: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let whole = unsafe path
    guard let dot = unsafe whole.firstIndex(of: UInt8(ascii: ".")) else {
      unsafe path = UnsafeRawBufferPointer(start: nil, count: 0)
      return unsafe whole
    }
    unsafe path = UnsafeRawBufferPointer(rebasing: whole[(dot + 1)...])
    return unsafe UnsafeRawBufferPointer(rebasing: whole[..<dot])
  }

  private static func child(
    _ step: UnsafeRawBufferPointer, of container: JSONField, _ text: UnsafeRawBufferPointer, _ solely: Bool
  ) -> JSONField? {
    guard var scanner = unsafe JSONScanner(text, at: Int(container.valueStart) + 1) else { return nil }
    switch container.kind {
    case .object: return unsafe scanner.lastMember(step, in: text, first: true, solely: solely)
    case .array: return unsafe elementIndex(step).flatMap { scanner.element(at: $0) }
    default: return nil
    }
  }

  /// A decimal index without sign or leading zero; nil for anything else.
  private static func elementIndex(_ step: UnsafeRawBufferPointer) -> Int? {
    guard step.count >= 1, step.count <= 10, unsafe step.count == 1 || step[0] != UInt8(ascii: "0") else { return nil }
    var index = 0
    for position in 0..<step.count {
      let digit = unsafe step[position]
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      index = index * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return index
  }
}

extension JSONScanner {
  /// The last member of this name in the object that the position is in, or nil when there are several and it is to be
  /// the only one. The text is known to be valid.
  mutating func lastMember(
    _ key: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, first: Bool, solely: Bool = false
  ) -> JSONField? {
    var field = JSONField()
    var found: JSONField?
    var isFirst = first
    while member(&field, first: isFirst, depthMax: Self.depthLimit) == .found {
      if unsafe field.isNamed(key, in: text) {
        if solely, found != nil { return nil }
        found = field
      }
      isFirst = false
    }
    return found
  }

  /// The element at an index of the array that the position is in. The text is known to be valid.
  mutating func element(at index: Int) -> JSONField? {
    var field = JSONField()
    for passed in 0...index {
      guard element(&field, first: passed == 0, depthMax: Self.depthLimit) == .found else { return nil }
    }
    return field
  }
}
