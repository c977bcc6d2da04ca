import LuaHost

/// Where `require` finds Lua files: the script's own folder, then the plugins.
///
/// The bytes handed to C are kept until the next search, which is as long as C needs them.
@safe
struct ModuleFolder: ~Copyable {
  private var folders: [String]
  private let read: (String) -> [UInt8]?
  /// What has been found since `begin`, in this order: path and text.
  private var found: [Script] = []
  /// While a version loads. Afterwards it has all that it will ever have, or a file that has changed by then would make
  /// it a mixture of two versions.
  private var isOpen = true
  private var text = unsafe UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  private var words = unsafe UnsafeMutableBufferPointer<CChar>(start: nil, count: 0)

  init(folders: [String], read: @escaping (String) -> [UInt8]?) {
    self.folders = folders
    self.read = read
  }

  /// Another version begins to load, with these folders.
  mutating func begin(_ folders: [String]) {
    self.folders = folders
    found = []
    isOpen = true
  }

  /// It has loaded, or failed to. Answers what it has required.
  @discardableResult
  mutating func end() -> [Script] {
    isOpen = false
    defer { found = [] }
    return found
  }

  deinit {
    unsafe text.deallocate()
    unsafe words.deallocate()
  }

  /// `name` is dotted: letters, digits and `_` between dots, so that no path leads out of the folders.
  /// Fills `source` and answers whether there is such a module; if not, with the reason.
  mutating func find(_ name: String, _ source: inout lh_source) -> Bool {
    guard isOpen else {
      return unsafe refuse("modules are loaded with the script: require it at the top of the file", &source)
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { $0.isNameByte }
    }
    guard isPlain else { return unsafe refuse("a module's name is made of letters, digits, '_' and dots", &source) }
    let file = parts.joined(separator: "/") + ".lua"
    for folder in folders {
      guard let bytes = read(folder + "/" + file) else { continue }
      keep(bytes, "@" + folder + "/" + file)
      found.append(Script(path: folder + "/" + file, source: bytes))
      unsafe source.bytes = UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(to: CChar.self)
      unsafe source.length = bytes.count
      unsafe source.chunk_name = UnsafePointer(words.baseAddress)
      return true
    }
    return unsafe refuse("no file \(file) in \(folders.joined(separator: ", "))", &source)
  }

  private mutating func refuse(_ reason: String, _ source: inout lh_source) -> Bool {
    keep([], reason)
    unsafe source.problem = UnsafePointer(words.baseAddress)
    return false
  }

  private mutating func keep(_ bytes: [UInt8], _ name: String) {
    unsafe text.deallocate()
    unsafe words.deallocate()
    // One byte more, so that an empty file has an address too.
    unsafe text = .allocate(capacity: bytes.count + 1)
    unsafe text.initialize(repeating: 0)
    unsafe _ = text.update(fromContentsOf: bytes)
    unsafe words = .allocate(capacity: name.utf8.count + 1)
    unsafe words.initialize(repeating: 0)
    for (index, byte) in name.utf8.enumerated() { unsafe words[index] = CChar(bitPattern: byte) }
  }
}

extension UInt8 {
  /// Whether it may stand in the name of a module or plugin.
  var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
