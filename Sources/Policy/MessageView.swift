import Bytes

/// The message that a hook looks at: its bytes where they arrived, and what is known of them so far.
///
/// Invariant: `bytes` is valid while a hook runs, and empty otherwise.
@safe
struct MessageView: ~Copyable {
  private(set) var bytes = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var isBinary = false
  private var cameAsBinary = false
  private var isScanned = false
  private var index = JSONIndex()
  /// Owned. At an address of its own, so that a frame can be written from it while this view is in use.
  // `var` for the thread sanitizer alone: Swift 6.3 cannot compile writing through a `let` (swiftlang/swift#86265).
  var splice: UnsafeMutablePointer<JSONSplice>

  init() {
    unsafe splice = .allocate(capacity: 1)
    unsafe splice.initialize(to: JSONSplice())
  }

  deinit {
    unsafe splice.deinitialize(count: 1)
    unsafe splice.deallocate()
  }

  @inline(__always)
  mutating func begin(_ bytes: UnsafeRawBufferPointer, isBinary: Bool) {
    unsafe self.bytes = bytes
    self.isBinary = isBinary
    cameAsBinary = isBinary
    isScanned = false
  }

  /// For another hook call about the same message.
  mutating func beginAgain() {
    isBinary = cameAsBinary
    isScanned = false
  }

  mutating func end() {
    unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    isScanned = false
  }

  /// Takes a binary message for text from here on; false, with nothing changed, when it is not UTF-8.
  mutating func becomeText() -> Bool {
    guard isBinary else { return true }
    guard unsafe UTF8Validator.isValid(bytes) else { return false }
    isBinary = false
    isScanned = false
    return true
  }

  /// What JSON the whole message is. It is looked at once, when first asked.
  @inline(__always)
  mutating func shape(depthMax: Int) -> JSONIndex.Shape {
    if isScanned { return index.shape }
    isScanned = true
    // Binary messages are not checked for UTF-8, so they are never JSON.
    let text = unsafe isBinary ? UnsafeRawBufferPointer(start: nil, count: 0) : bytes
    return unsafe index.scan(text, depthMax: depthMax)
  }

  /// The field at a path; nil where there is none or the message is not JSON.
  @inline(__always)
  mutating func field(_ path: UnsafeRawBufferPointer, depthMax: Int) -> JSONField? {
    guard shape(depthMax: depthMax) != .invalid else { return nil }
    return unsafe index.field(path: path, in: bytes)
  }

  /// The member `key`, if there is exactly one of that name.
  @inline(__always)
  mutating func soleMember(_ key: UnsafeRawBufferPointer, depthMax: Int) -> JSONField? {
    guard shape(depthMax: depthMax) == .object else { return nil }
    return unsafe index.soleMember(key, in: bytes)
  }

  /// Whether there is a string at a path.
  mutating func hasString(_ path: UnsafeRawBufferPointer, depthMax: Int) -> Bool {
    unsafe field(path, depthMax: depthMax)?.kind == .string
  }

  /// The message itself, when it is JSON.
  mutating func whole(depthMax: Int) -> JSONField? {
    shape(depthMax: depthMax) == .invalid ? nil : index.wholeField
  }

  /// Whether a name leads into nested objects: it has a dot, and no member of the message is called all of it.
  @inline(__always)
  mutating func isPath(_ name: UnsafeRawBufferPointer, depthMax: Int) -> Bool {
    guard unsafe name.contains(UInt8(ascii: ".")), shape(depthMax: depthMax) == .object else { return false }
    return unsafe index.field(name, in: bytes) == nil
  }

  /// The object of which a path names a member; nil when there is none.
  mutating func parent(_ path: UnsafeRawBufferPointer, depthMax: Int) -> JSONParent? {
    guard shape(depthMax: depthMax) == .object else { return nil }
    return unsafe index.parent(of: path, in: bytes)
  }

  /// How long the message is with the edits of `splice` made; nil when it is no JSON object.
  @inline(__always)
  mutating func planSplice(depthMax: Int) -> Int? {
    guard shape(depthMax: depthMax) == .object else { return nil }
    return unsafe splice.pointee.plan(bytes, index)
  }
}
