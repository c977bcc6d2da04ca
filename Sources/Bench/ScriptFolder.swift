import Glibc

/// A folder of its own with the script of a relay, of which there are two versions. It goes with the last reference.
final class ScriptFolder {
  static let versionCount = 2
  /// What a message ends in, before the version's digit and a brace.
  private static let mark = Array(#""version":"#.utf8)

  private let path: String

  /// A version as the script it is made of, with a mark in every message that it passes on: `"version":1` or 2.
  static func versions(of source: String) throws(BenchError) -> [String] {
    let call = #""data", json.text)"#
    guard let place = source.firstRange(of: call) else {
      throw .server("the Godot policy does not pass messages on as it did, with \(call)")
    }
    return (1...versionCount).map { version in
      source[..<place.lowerBound] + #""data", json.text, "version", \#(version))"# + source[place.upperBound...]
    }
  }

  /// Which version has passed on a message, from 0; nil when it has no mark.
  static func version(in payload: [UInt8]) -> Int? {
    let digit = payload.count - 2
    guard payload.count > mark.count + 1, payload.last == UInt8(ascii: "}"),
      payload[(digit - mark.count)..<digit].elementsEqual(mark)
    else { return nil }
    let version = Int(payload[digit]) - Int(UInt8(ascii: "1"))
    return (0..<versionCount).contains(version) ? version : nil
  }

  init(_ programs: Programs) throws(BenchError) {
    var template = Array("/tmp/lobbyist-bench-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw .system(call: "mkdtemp", code: errno) }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    for (index, source) in try Self.versions(of: try Self.read(Protocols.godot.script, programs)).enumerated() {
      try write(source, Self.files[index])
    }
    try write(try Self.read("scripts/\(Self.module)", programs), Self.module)
    try put(0)
  }

  deinit {
    for file in Self.files + [Self.module, "policy.lua", "policy.lua.new"] { _ = unsafe unlink("\(path)/\(file)") }
    _ = unsafe rmdir(path)
  }

  /// What the policy requires.
  private static let module = "godot3_text.lua"
  private static let files = (1...versionCount).map { "version\($0).lua" }

  var script: String { "\(path)/policy.lua" }

  /// Puts a version in the place of the script, as editors do: whoever opens it finds one of them whole.
  ///
  /// The files of the versions stay, so that nothing is written or freed, which can hold up the caller on a busy disk.
  func put(_ version: Int) throws(BenchError) {
    guard unsafe link("\(path)/\(Self.files[version % Self.versionCount])", "\(script).new") == 0 else {
      throw .system(call: "link", code: errno)
    }
    guard unsafe rename("\(script).new", script) == 0 else { throw .system(call: "rename", code: errno) }
  }

  private static func read(_ name: String, _ programs: Programs) throws(BenchError) -> String {
    guard let file = programs.find(name) else { throw .server("\(name) is missing") }
    let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(call: "open \(file)", code: errno) }
    defer { close(descriptor) }
    return ProcessClock.readAll(descriptor)
  }

  private func write(_ text: String, _ name: String) throws(BenchError) {
    let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(call: "open \(path)/\(name)", code: errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard written == bytes.count else { throw .system(call: "write \(path)/\(name)", code: errno) }
  }
}
