import Glibc
import LuaHost

/// Runs a configuration and puts together what it says.
@safe
final class StatementReader {
  static let plain = ["listen", "limits", "log", "admin", "deployments", "proxies", "proxy_protocol"]
  /// These go on with a table: `mount "/" { … }`.
  static let curried = ["mount"]

  private var statements: [Statement] = []
  /// The tables that have begun and not ended, the outermost first, each with its name in the one around it.
  private var open: [(name: String?, table: ConfigurationTable)] = []
  private let modules: (String) -> (path: String, source: [UInt8])?
  private let log: (String) -> Void
  /// Lent to C for as long as the configuration runs.
  private var lent: [UnsafeMutableRawPointer] = unsafe []

  private init(modules: @escaping (String) -> (path: String, source: [UInt8])?, log: @escaping (String) -> Void) {
    self.modules = modules
    self.log = log
  }

  deinit { for index in unsafe lent.indices { unsafe lent[index].deallocate() } }

  /// - Parameters:
  ///   - modules: what `require` finds under a name.
  ///   - log: takes what the configuration prints.
  static func run(
    path: String, source: [UInt8], modules: @escaping (String) -> (path: String, source: [UInt8])?,
    log: @escaping (String) -> Void
  ) throws(ConfigurationError) -> [Statement] {
    let reader = StatementReader(modules: modules, log: log)
    var problem = [CChar](repeating: 0, count: Int(LH_PROBLEM_BYTES))
    var configuration = unsafe lh_configuration(
      source: reader.lend(source), count: source.count, chunk_name: reader.lend("@" + path),
      statements: reader.lend(plain), curried: reader.lend(curried),
      context: Unmanaged.passUnretained(reader).toOpaque(), listen: listen, log: print, resolve: resolve)
    let done = unsafe lh_configuration_run(&configuration, &problem)
    withExtendedLifetime(reader) {}
    guard !done else { return reader.statements }
    let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw ConfigurationError(message: String(decoding: text, as: UTF8.self))
  }

  // MARK: What C is lent

  private func lend(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
    unsafe copy.initialize(from: bytes + [0], count: bytes.count + 1)
    unsafe lent.append(copy)
    return unsafe UnsafePointer(copy)
  }

  private func lend(_ text: String) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(lend(Array(text.utf8))).assumingMemoryBound(to: CChar.self)
  }

  /// The words, and NULL behind them.
  private func lend(_ words: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
    let list = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: words.count + 1)
    unsafe list.initialize(repeating: nil, count: words.count + 1)
    for (index, word) in words.enumerated() { unsafe list[index] = lend(word) }
    unsafe lent.append(list)
    return unsafe UnsafePointer(list)
  }

  // MARK: What it says

  fileprivate func hear(_ said: lh_said) {
    let name = unsafe said.name.map { unsafe String(cString: $0) }
    switch unsafe said.step {
    case LH_STATEMENT: statements.append(Statement(word: name ?? "", line: unsafe Int(said.line)))
    case LH_TABLE_BEGIN: open.append((name, ConfigurationTable()))
    case LH_TABLE_END: if let ended = open.popLast() { put(.table(ended.table), under: ended.name) }
    default: put(unsafe Self.value(said.value), under: name)
    }
  }

  private func put(_ value: ConfigurationValue, under name: String?) {
    if open.isEmpty {
      statements[statements.count - 1].arguments.append(value)
    } else if let name {
      open[open.count - 1].table.fields.append(ConfigurationTable.Field(name: name, value: value))
    } else {
      open[open.count - 1].table.items.append(value)
    }
  }

  private static func value(_ value: lh_value) -> ConfigurationValue {
    switch unsafe lh_kind(value.kind) {
    case LH_BOOL: unsafe .bool(value.integer != 0)
    case LH_INTEGER: unsafe .integer(value.integer)
    case LH_NUMBER: unsafe .number(value.number)
    default:
      unsafe .text(String(decoding: UnsafeRawBufferPointer(start: value.bytes, count: value.count), as: UTF8.self))
    }
  }

  fileprivate func find(_ name: String, _ source: inout lh_source) -> Bool {
    guard let module = modules(name) else {
      unsafe source.problem = lend("no module '\(name)' beside the configuration")
      return false
    }
    unsafe source.bytes = UnsafeRawPointer(lend(module.source)).assumingMemoryBound(to: CChar.self)
    unsafe source.length = module.source.count
    unsafe source.chunk_name = lend("@" + module.path)
    return true
  }

  fileprivate func printed(_ line: String) { log(line) }
}

/// The reader that C was given; it is alive for as long as the configuration runs.
private func reader(_ context: UnsafeMutableRawPointer?) -> StatementReader? {
  unsafe context.map { unsafe Unmanaged<StatementReader>.fromOpaque($0).takeUnretainedValue() }
}

private let listen: lh_listen = { context, said in
  guard let said = unsafe said else { return }
  unsafe reader(context)?.hear(said.pointee)
}

private let resolve: lh_resolve = { context, name, length, source in
  guard let source = unsafe source, let reader = unsafe reader(context) else { return false }
  let name = unsafe String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
  return unsafe reader.find(name, &source.pointee)
}

private let print: lh_log = { context, line, length in
  let text = unsafe String(decoding: UnsafeRawBufferPointer(start: line, count: length), as: UTF8.self)
  unsafe reader(context)?.printed(text)
}
