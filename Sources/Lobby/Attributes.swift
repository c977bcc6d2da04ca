/// The few named values that a script keeps on a peer, a lobby or the mount, in a plain list:
/// subjects carry a handful, and an empty list owns no memory.
struct Attributes {
  private var entries: [(key: [UInt8], value: PlainValue)] = []
  private(set) var byteCount = 0

  func value(_ key: UnsafeRawBufferPointer) -> PlainValue? {
    for entry in entries where unsafe matches(entry.key, key) { return entry.value }
    return nil
  }

  /// Bytes that the list would hold after `set(key, value)`.
  func byteCount(setting key: UnsafeRawBufferPointer, to value: PlainValue?) -> Int {
    let before = unsafe self.value(key).map { $0.byteCount + key.count } ?? 0
    let after = value.map { $0.byteCount + key.count } ?? 0
    return byteCount - before + after
  }

  mutating func set(_ key: UnsafeRawBufferPointer, to value: PlainValue?) {
    unsafe byteCount = byteCount(setting: key, to: value)
    for index in entries.indices where unsafe matches(entries[index].key, key) {
      if let value { entries[index].value = value } else { entries.remove(at: index) }
      return
    }
    if let value { entries.append((unsafe [UInt8](key), value)) }
  }

  private func matches(_ key: [UInt8], _ wanted: UnsafeRawBufferPointer) -> Bool {
    unsafe key.count == wanted.count && key.elementsEqual(wanted)
  }
}
