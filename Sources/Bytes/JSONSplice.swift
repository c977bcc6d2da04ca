/// A plan to copy a JSON object with some members replaced, added or removed, and all else byte for byte.
///
/// `begin`, then `replace` and `remove` in any order, then `plan`, then `write`. One splice serves message
/// after message; its memory is kept between them.
///
/// A member that exists is replaced where it stands first and its duplicates go; a member that does not is
/// added at the end, in the order of the calls. A removed member takes one comma with it. Naming a key
/// twice keeps the first call's place and the last call's wish. Between `enter` and `leave` all of this is about the
/// members of a nested object.
@safe
public struct JSONSplice: ~Copyable {
  /// Keys that one splice may name.
  public static var editsMax: Int { 16 }
  /// Above this the memory for replacements is given back at the next `begin`.
  static var keptBytesMax: Int { 1 << 16 }

  /// One byte that keeps the memory when it is emptied, then for every edit its key and its member.
  var written: ByteQueue
  /// Room for `editsMax`, owned; positions come from `editCount`, which `open` keeps below that.
  let edits: UnsafeMutablePointer<JSONEdit>
  var editCount: Int
  /// How many of them are for members whose place is known.
  var directCount: Int
  /// How many of them are for members of nested objects, and how many of these the plan has not come to yet.
  var nestedCount: Int
  var waitingCount = 0
  /// The nested object that is edited now: where it begins and how many arrays and objects it is in. 0 for the
  /// outermost.
  private var object: Int32
  private var depth: Int
  /// An edit did not fit or was not valid, so there will be no plan.
  var isRefused: Bool
  var segments: JSONSegments
  /// Bytes of the text that was planned for, and of its result. Negative while there is no plan.
  var textCount: Int
  var resultCount: Int

  public init() {
    written = ByteQueue()
    unsafe edits = .allocate(capacity: Self.editsMax)
    unsafe edits.initialize(repeating: JSONEdit(), count: Self.editsMax)
    editCount = 0
    directCount = 0
    nestedCount = 0
    object = 0
    depth = 0
    isRefused = false
    segments = JSONSegments()
    textCount = -1
    resultCount = 0
    written.append(0)
  }

  deinit { unsafe edits.deallocate() }

  /// Gives a member that stands in the text only once (`JSONIndex.soleMember`) an integer. Cheaper than by name: nothing
  /// has to be looked for again. The same member must not be given by name as well.
  @discardableResult
  public mutating func replace(_ member: JSONField, integer: Int64) -> Bool {
    guard editCount < Self.editsMax else { return refuse() }
    textCount = -1
    var edit = JSONEdit()
    edit.textStart = member.valueStart
    edit.textEnd = member.valueEnd
    edit.valueStart = Int32(truncatingIfNeeded: written.count)
    written.append(integer: integer)
    edit.end = Int32(truncatingIfNeeded: written.count)
    unsafe edits[editCount] = edit
    editCount += 1
    directCount += 1
    return true
  }

  /// Forgets everything planned so far.
  public mutating func begin() {
    if written.count > Self.keptBytesMax {
      written.removeAll()
      written.append(0)
    } else {
      written.truncate(to: 1)
    }
    segments.removeAll()
    editCount = 0
    directCount = 0
    nestedCount = 0
    leave()
    isRefused = false
    textCount = -1
  }

  /// Turns to a nested object: what is replaced and removed until `leave` are members of it.
  public mutating func enter(_ parent: JSONParent) {
    object = unsafe parent.object.valueStart
    depth = unsafe parent.depth
  }

  /// Turns back to the outermost object.
  public mutating func leave() {
    object = 0
    depth = 0
  }

  /// Gives the member `key` the value that `json` is the text of.
  ///
  /// All of the `replace` functions answer false, and `plan` nil, when the key or the value is not valid
  /// (UTF-8, JSON, a finite number), for more than `editsMax` keys, and for more than 1 GiB in all.
  @discardableResult
  public mutating func replace(_ key: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer) -> Bool {
    guard unsafe isJSON(json), unsafe open(key, valueCount: json.count) else { return refuse() }
    unsafe written.append(json)
    return close()
  }

  @discardableResult
  public mutating func replace(_ key: UnsafeRawBufferPointer, string: UnsafeRawBufferPointer) -> Bool {
    guard unsafe open(key, valueCount: string.count), unsafe written.append(quoted: string) else { return refuse() }
    return close()
  }

  @discardableResult
  public mutating func replace(_ key: UnsafeRawBufferPointer, integer: Int64) -> Bool {
    guard unsafe open(key, valueCount: ASCIIInteger.bytesMax) else { return refuse() }
    written.append(integer: integer)
    return close()
  }

  @discardableResult
  public mutating func replace(_ key: UnsafeRawBufferPointer, number: Double) -> Bool {
    guard unsafe open(key, valueCount: 32), written.append(number: number) else { return refuse() }
    return close()
  }

  /// `true`, `false`, or `null` for nil.
  @discardableResult
  public mutating func replace(_ key: UnsafeRawBufferPointer, bool: Bool?) -> Bool {
    guard unsafe open(key, valueCount: 5) else { return refuse() }
    let word: StaticString = bool.map { $0 ? "true" : "false" } ?? "null"
    written.append(word)
    return close()
  }

  /// Takes the member `key` out, if it is there.
  @discardableResult
  public mutating func remove(_ key: UnsafeRawBufferPointer) -> Bool {
    guard unsafe open(key, valueCount: 0) else { return refuse() }
    unsafe edits[editCount].isRemoval = true
    return close()
  }

  private mutating func refuse() -> Bool {
    isRefused = true
    return false
  }

  /// Whether `text` is UTF-8 and one JSON value, nested so that a scan with the default depth accepts the result.
  private func isJSON(_ text: UnsafeRawBufferPointer) -> Bool {
    guard unsafe UTF8Validator.isValid(text), var scanner = unsafe JSONScanner(text, at: 0) else { return false }
    scanner.skipSpace()
    guard scanner.value(depthMax: max(0, JSONIndex.depthDefault - 1 - depth)) != .broken else { return false }
    scanner.skipSpace()
    return scanner.position == text.count
  }

  /// Begins the edit of `key`: writes `,"key":` behind which the value goes.
  private mutating func open(_ key: UnsafeRawBufferPointer, valueCount: Int) -> Bool {
    textCount = -1
    guard editCount < Self.editsMax, key.count + valueCount < 1 << 28, written.count < 1 << 30 else { return false }
    guard unsafe UTF8Validator.isValid(key) else { return false }
    written.reserve(key.count + valueCount + 16)
    var edit = JSONEdit()
    edit.object = object
    edit.keyStart = Int32(truncatingIfNeeded: written.count)
    if unsafe JSONEscape.plainRun(key, from: 0) == key.count {
      edit.memberStart = edit.keyStart
      edit.keyStart &+= 2
      unsafe appendPlainName(key)
    } else {
      // The name as it is, to compare with, goes in front of the member.
      unsafe written.append(key)
      edit.memberStart = Int32(truncatingIfNeeded: written.count)
      written.append(UInt8(ascii: ","))
      unsafe written.append(quotedUTF8: key)
      written.append(UInt8(ascii: ":"))
    }
    edit.keyEnd = edit.keyStart &+ Int32(truncatingIfNeeded: key.count)
    edit.valueStart = Int32(truncatingIfNeeded: written.count)
    unsafe edits[editCount] = edit
    return true
  }

  /// Appends `,"key":` for a key without anything to escape, in one step because nearly all are.
  private mutating func appendPlainName(_ key: UnsafeRawBufferPointer) {
    unsafe written.append(count: key.count + 4) { output in
      unsafe output[0] = UInt8(ascii: ",")
      unsafe output[1] = UInt8(ascii: "\"")
      for position in 0..<key.count { unsafe output[position + 2] = key[position] }
      unsafe output[key.count + 2] = UInt8(ascii: "\"")
      unsafe output[key.count + 3] = UInt8(ascii: ":")
    }
  }

  /// Ends the edit begun last, which replaces an earlier one of the same key.
  private mutating func close() -> Bool {
    var edit = unsafe edits[editCount]
    edit.end = Int32(truncatingIfNeeded: written.count)
    let queued = edit.key
    for earlier in 0..<editCount where unsafe edits[earlier].object == edit.object {
      let other = unsafe edits[earlier].key
      if other.count == queued.count, unsafe written.withBytes({ unsafe $0[other].elementsEqual($0[queued]) }) {
        unsafe edits[earlier] = edit
        return true
      }
    }
    unsafe edits[editCount] = edit
    editCount += 1
    if edit.object > 0 { nestedCount += 1 }
    return true
  }
}
