/// One statement, and how it is taken apart.
struct StatementCursor {
  let statement: Statement
  let text: SourceText

  init(_ statement: Statement, _ text: SourceText) {
    self.statement = statement
    self.text = text
  }

  func error(_ message: String, line: Int? = nil) -> ConfigurationError {
    ConfigurationError(message: "\(text.path):\(line ?? statement.line): \(message)")
  }

  private func line(of name: String, from line: Int? = nil) -> Int {
    text.line(of: name, from: line ?? statement.line)
  }

  /// Refuses a name that is none of `names`.
  func require(_ name: String, in names: [String], _ owner: String, line: Int) throws(ConfigurationError) {
    guard !names.contains(name) else { return }
    let nearest = NearestName.find(name, in: names).map { "did you mean '\($0)'?" }
    let all = "there are \(names.joined(separator: ", "))"
    throw error("\(owner) no '\(name)': \(nearest ?? all)", line: line)
  }

  /// Arguments that are all strings, or a list of them.
  func texts(_ wanted: String) throws(ConfigurationError) -> [Configuration.Located<String>] {
    guard !statement.arguments.isEmpty else { throw error("\(statement.word) wants \(wanted)") }
    if statement.arguments.count == 1, case .table(let table) = statement.arguments[0], table.fields.isEmpty {
      return try texts(table.items, wanted, line: statement.line)
    }
    return try texts(statement.arguments, wanted, line: statement.line)
  }

  private func texts(
    _ values: [ConfigurationValue], _ wanted: String, line: Int
  ) throws(ConfigurationError) -> [Configuration.Located<String>] {
    var texts: [Configuration.Located<String>] = []
    for value in values {
      guard case .text(let text) = value else { throw error("expected \(wanted), found \(value.kind)", line: line) }
      texts.append(Configuration.Located(value: text, line: line))
    }
    return texts
  }

  /// The fields of the one table that is the argument.
  func assignments(example: String) throws(ConfigurationError) -> [Configuration.Assignment] {
    guard statement.arguments.count == 1, case .table(let table) = statement.arguments[0], table.items.isEmpty else {
      throw error("\(statement.word) wants a table of names and values: \(example)")
    }
    return try assignments(table.fields, from: statement.line)
  }

  private func assignments(
    _ fields: [ConfigurationTable.Field], from start: Int
  ) throws(ConfigurationError) -> [Configuration.Assignment] {
    var result: [Configuration.Assignment] = []
    for field in fields {
      let line = line(of: field.name, from: start)
      result.append(.init(name: field.name, value: try plain(field, line: line), line: line))
    }
    return result
  }

  /// A value as text; the words of a list with spaces in between.
  private func plain(_ field: ConfigurationTable.Field, line: Int) throws(ConfigurationError) -> String {
    switch field.value {
    case .bool(let flag): return flag ? "true" : "false"
    case .integer(let number): return "\(number)"
    case .number(let number): return "\(number)"
    case .text(let text): return text
    case .table(let table):
      guard table.fields.isEmpty else { throw error("\(field.name): a list has no names", line: line) }
      var words: [String] = []
      for item in table.items {
        guard case .text(let word) = item, !word.isEmpty, !word.utf8.contains(where: { $0 <= 0x20 }) else {
          throw error("\(field.name): a list holds strings without spaces", line: line)
        }
        words.append(word)
      }
      return words.joined(separator: " ")
    }
  }

  // MARK: admin

  /// `admin "127.0.0.1:9081"`, or with a token `admin { "0.0.0.0:9081", token = "…" }`.
  func admin() throws(ConfigurationError) -> (
    address: Configuration.Located<String>, token: Configuration.Located<String>?
  ) {
    let example = "one address: admin \"127.0.0.1:9081\", or admin { \"0.0.0.0:9081\", token = env \"TOKEN\" }"
    guard statement.arguments.count == 1 else { throw error("admin wants \(example)") }
    guard case .table(let table) = statement.arguments[0] else { return (try texts(example)[0], nil) }
    guard table.items.count == 1 else { throw error("admin wants \(example)") }
    let address = try texts(table.items, example, line: statement.line)[0]
    var token: Configuration.Located<String>?
    for field in try assignments(table.fields, from: statement.line) {
      try require(field.name, in: ["token"], "admin has", line: field.line)
      token = Configuration.Located(value: field.value, line: field.line)
    }
    return (address, token)
  }

  // MARK: mount

  private static let mountExample = "mount \"/\" { script = \"scripts/godot.lua\" }"
  private static let mountFields = ["script", "plugins", "settings", "limits", "host", "listen", "static", "deflate"]

  func mount() throws(ConfigurationError) -> Configuration.Mount {
    guard statement.arguments.count == 2, case .table(let table) = statement.arguments[1], table.items.isEmpty else {
      throw error("mount wants a path and a table: \(Self.mountExample)")
    }
    var mount = Configuration.Mount(line: statement.line, paths: try paths(statement.arguments[0]))
    for field in table.fields {
      let line = line(of: field.name)
      try require(field.name, in: Self.mountFields, "a mount has", line: line)
      try read(field, line, &mount)
    }
    guard !mount.script.isEmpty else { throw error("the mount has no script: \(Self.mountExample)") }
    return mount
  }

  private func paths(_ value: ConfigurationValue) throws(ConfigurationError) -> [String] {
    var values = [value]
    if case .table(let table) = value {
      guard table.fields.isEmpty else { throw error("paths are a list: mount { \"/one\", \"/two\" } { … }") }
      values = table.items
    }
    let paths = try texts(values, "a path: \(Self.mountExample)", line: statement.line).map(\.value)
    for path in paths {
      let isPlain = path == "/" || (path.hasPrefix("/") && !path.hasSuffix("/"))
      guard !path.utf8.contains(UInt8(ascii: "%")) else {
        throw error("'\(path)' is no path: it is written as meant, not percent-encoded: \"/café\"")
      }
      guard isPlain, !path.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "?") }) else {
        throw error("'\(path)' is no path: it begins with / and does not end with one, as \"/game\"")
      }
    }
    guard !paths.isEmpty else { throw error("mount wants a path: \(Self.mountExample)") }
    return paths
  }

  /// A name or address as requests name it, without the port, which they may leave out.
  private func host(_ text: String, _ line: Int) throws(ConfigurationError) -> String {
    let isAddress = text.hasPrefix("[") && text.hasSuffix("]")
    guard !text.isEmpty, isAddress || !text.utf8.contains(where: { $0 <= 0x20 || ":/[]".utf8.contains($0) }) else {
      throw error("'\(text)' is no host: a name or an address without a port, as \"play.example.org\"", line: line)
    }
    return text.lowercased()
  }

  private func read(
    _ field: ConfigurationTable.Field, _ line: Int, _ mount: inout Configuration.Mount
  ) throws(ConfigurationError) {
    switch (field.name, field.value) {
    case ("script", .text(let path)):
      mount.script = path
      mount.scriptLine = line
    case ("static", .text(let folder)): mount.pages = .init(value: folder, line: line)
    case ("deflate", .bool(let flag)): mount.deflates = flag
    case ("host", .text(let host)): mount.host = try self.host(host, line)
    case ("listen", .text(let address)): mount.listen = [.init(value: address, line: line)]
    case ("listen", .table(let table)):
      guard table.fields.isEmpty, !table.items.isEmpty else {
        throw error("listen is an address or a list of them: \"0.0.0.0:8080\"", line: line)
      }
      mount.listen = try texts(table.items, "an address", line: line)
    case ("settings", .table(let table)): mount.settings = try assignments(table.fields, from: line)
    case ("limits", .table(let table)): mount.limits = try assignments(table.fields, from: line)
    case ("plugins", .table(let table)): mount.plugins = try plugins(table, line)
    default: throw error("\(field.name) is not \(field.value.kind): see docs/configuration.md", line: line)
    }
  }

  /// Each is a path, or a table of a path and settings: `{ "plugins/codes.lua", length = 6 }`.
  private func plugins(_ table: ConfigurationTable, _ line: Int) throws(ConfigurationError) -> [Configuration.Plugin] {
    let example = "plugins = { \"plugins/origins.lua\", { \"plugins/codes.lua\", length = 6 } }"
    guard table.fields.isEmpty else { throw error("plugins are a list: \(example)", line: line) }
    var plugins: [Configuration.Plugin] = []
    for item in table.items {
      switch item {
      case .text(let script): plugins.append(.init(script: script, settings: [], line: line))
      case .table(let entry):
        guard entry.items.count == 1, case .text(let script) = entry.items[0] else {
          throw error("a plugin is a path, or a table of a path and settings: \(example)", line: line)
        }
        plugins.append(.init(script: script, settings: try assignments(entry.fields, from: line), line: line))
      default: throw error("a plugin is a path, not \(item.kind): \(example)", line: line)
      }
    }
    return plugins
  }
}
