import Lobby
import LuaHost

/// A file of unit tests: a script that returns a table of functions, each of which runs in a fresh Lua state.
///
/// There it finds what a policy finds while it loads, and `require` as the policies beside it have it.
@safe
public final class TestFile {
  public struct Failure: Error, Sendable {
    /// Of the file of tests; nil when the message begins with a place elsewhere, or the failure has none.
    public let line: Int?
    public let message: String

    /// A message may begin with a place in the file, which is then taken for the line.
    init(line: Int?, message: String, file: String) {
      let place = message.hasPrefix(file + ":") ? message.dropFirst(file.count + 1).prefix { $0 != ":" } : ""
      self.line = line ?? Int(place)
      self.message = Int(place) == nil ? message : String(message.dropFirst(file.count + place.count + 3))
    }
  }

  /// Answers what the helper of the tests asks: plain values, nil among them, out and in. Fails with the reason.
  public typealias Answer = ([PlainValue?]) throws(Refusal) -> [PlainValue?]

  public struct Refusal: Error, Sendable {
    let message: String
    public init(_ message: String) { self.message = message }
  }

  private static let instructionsMax: UInt64 = 100_000_000
  private static let nanosecondsMax: UInt64 = 10_000_000_000

  private let script: Script
  private let folders: [String]
  private let coverage: Coverage?
  private let read: (String) -> [UInt8]?
  private let print: (String) -> Void

  /// `read` finds the files that are required: beside the script, then in the folders `shared`.
  public init(
    script: Script, shared: [String], coverage: Coverage? = nil, read: @escaping (String) -> [UInt8]?,
    print: @escaping (String) -> Void
  ) {
    self.script = script
    folders = [script.folder] + shared.filter { $0 != script.folder }
    self.coverage = coverage
    self.read = read
    self.print = print
  }

  /// The names of the tests, in the order of the file. One without tests fails: it was meant to have some.
  public func tests() throws(Failure) -> [String] {
    let found = try run(nil) { _ in [] }.sorted { $0.line < $1.line }
    guard !found.isEmpty else {
      throw Failure(line: nil, message: "there are no tests in the table that it returns", file: script.path)
    }
    return found.map(\.name)
  }

  public func run(_ name: String, answer: @escaping Answer) throws(Failure) {
    _ = try run(Optional(name), answer)
  }

  private func run(_ name: String?, _ answer: @escaping Answer) throws(Failure) -> [TestAsking.Found] {
    let core = UnsafeMutablePointer<MountCore>.allocate(capacity: 1)
    unsafe core.initialize(
      to: MountCore(
        limits: MountLimits(), outbox: Outbox(), random: .seeded(1),
        modules: ModuleFolder(folders: folders, read: read), report: { [print] in Self.tell($0, print) }))
    defer {
      unsafe core.deinitialize(count: 1)
      unsafe core.deallocate()
    }
    var limits = lh_limits(MountLimits())
    limits.load_instructions = Self.instructionsMax
    limits.load_nanoseconds = Self.nanosecondsMax
    guard let host = unsafe ScriptHost.open(&limits, core, coverage) else {
      throw Failure(line: nil, message: "not enough memory to open a Lua state", file: script.path)
    }
    defer { _ = unsafe lh_host_close(host) }
    unsafe core.pointee.wallSeconds = 1_700_000_000
    let asking = TestAsking { question throws(Refusal) in
      // The one question that is about this state and not about servers.
      guard case .text(let verb)? = question.first ?? nil, verb == Array("clock".utf8) else {
        return try answer(question)
      }
      guard question.count == 2, let seconds = question[1]?.seconds else { throw Refusal("after wants seconds") }
      unsafe core.pointee.wallSeconds += seconds
      return []
    }
    defer { withExtendedLifetime(asking) {} }
    return try unsafe run(name, host, asking)
  }

  private func run(_ name: String?, _ host: OpaquePointer, _ asking: TestAsking) throws(Failure) -> [TestAsking.Found] {
    var test = unsafe lh_test()
    unsafe test.chunk = asking.lend(script.source, named: "@" + script.path)
    unsafe test.helper = asking.lend(Array(TestHelper.source.utf8), named: "=tests")
    unsafe test.name = name.map { unsafe asking.lend($0) }
    unsafe test.context = Unmanaged.passUnretained(asking).toOpaque()
    unsafe test.found = noteFound
    unsafe test.ask = answerAsked
    guard unsafe lh_host_test(host, &test) else {
      let message = unsafe withUnsafeBytes(of: &test.message) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw Failure(line: unsafe test.line > 0 ? unsafe Int(test.line) : nil, message: message, file: script.path)
    }
    return asking.found
  }

  private static func tell(_ event: MountEvent, _ print: (String) -> Void) {
    if case .script(_, let text) = event { print(text) }
  }
}

extension PlainValue {
  /// A number that is not negative.
  fileprivate var seconds: Double? {
    switch self {
    case .integer(let integer) where integer >= 0: Double(integer)
    case .number(let number) where number >= 0: number
    default: nil
    }
  }
}
