import Glibc
import Testing

/// `.luacheckrc` knows what api.def defines, no more and no less.
@Suite struct LuacheckTests {
  private static let text: String = {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    guard let file = fopen(root + "/.luacheckrc", "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }()

  @Test func everyTableIsListedWithItsFunctions() {
    let tables = Dictionary(grouping: ApiRow.all.filter { !$0.isMethod }, by: \.receiver)
    #expect(tables.keys.sorted() == ["crypto", "random", "relay"])
    for (table, rows) in tables {
      // Not an operation of the table: it is over before there is a relay to ask.
      let names = rows.map(\.name) + (table == "relay" ? ["settings"] : [])
      let listed = names.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
      #expect(Self.text.contains("\n    \(table) = { fields = { \(listed) } },\n"), "\(table): \(listed)")
    }
  }

  /// The globals of a loaded script are exactly those listed, one a line.
  @Test func everyGlobalIsListed() throws {
    let service = try Service.onMessage(
      """
      local names = {}
      for name in next, _ENV do names[#names + 1] = name end
      table.sort(names)
      peer:send(table.concat(names, " "))
      """)
    let client = service.connect()
    service.send(client, "")
    guard case .text(let globals) = service.heard(client).first else {
      Issue.record("\(service.failures())")
      return
    }
    // Indented by four; deeper lines go on with the one above.
    let lines = Self.text.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
    let listed = lines.filter { $0.first?.isLetter == true }.map { String($0.prefix { $0 != " " }) }
    #expect(listed.sorted().joined(separator: " ") == globals)
  }

  /// No field is listed that a script would not find.
  @Test func everyFieldExists() throws {
    let fields = Self.text.matches(of: /\ \ \ \ (\w+) = { fields = {([^}]*)}/).flatMap { match in
      match.2.matches(of: /\w+/).map { "\(match.1).\($0.0)" }
    }
    #expect(fields.count > 60)
    let checks = fields.map { "assert(\($0) ~= nil, '\($0)')" }
    let service = try Service.onMessage(checks.joined(separator: "\n"))
    service.send(service.connect(), "")
    #expect(service.failures().map(\.error.firstLine) == [])
  }
}
