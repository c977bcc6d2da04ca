import Glibc
import Testing

@testable import Relay

/// docs/limits.md has a row for each limit, with its default, and none for anything else.
@Suite struct LimitPageTests {
  @Test func everyLimitIsOnThePage() throws {
    let limits = RelayLimits()
    let expected = RelayLimits.names.map { "\($0) = \(limits.text(of: $0))" }
    #expect(try rows().sorted() == expected.sorted())
  }

  /// `name = default` of each row of a table whose first column is a name.
  private func rows() throws -> [String] {
    let page = try page()
    return page.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
      guard line.hasPrefix("| `"), cells.count > 1 else { return nil }
      return "\(cells[0]) = \(cells[1])"
    }
  }

  private func page() throws -> String {
    let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/limits.md"
    let file = try #require(fopen(path, "rb"), "no \(path)")
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return String(decoding: bytes, as: UTF8.self)
  }
}
