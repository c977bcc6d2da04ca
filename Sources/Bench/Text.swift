import Glibc

/// `value` with `places` digits behind the point, rounded half away from zero.
func fixed(_ value: Double, _ places: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "-" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let scaled = Int((abs(value) * scale).rounded(.toNearestOrAwayFromZero))
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard places > 0 else { return "\(sign)\(scaled)" }
  let digits = "\(scaled % Int(scale))"
  return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: places - digits.count))\(digits)"
}

func percent(_ share: Double) -> String { fixed(share * 100, 0) + " %" }

/// Nanoseconds in the unit that leaves one to three digits before the point.
func duration(_ nanoseconds: UInt64) -> String {
  switch nanoseconds {
  case ..<1000: "\(nanoseconds) ns"
  case ..<1_000_000: fixed(Double(nanoseconds) / 1e3, 1) + " us"
  default: fixed(Double(nanoseconds) / 1e6, 2) + " ms"
  }
}

/// A Markdown table whose columns line up: the first two flush left, the others flush right.
func table(_ header: [String], _ rows: [[String]]) -> [String] {
  let widths = header.indices.map { column in
    ([header] + rows).map { $0[column].count }.max() ?? 0
  }
  func line(_ cells: [String]) -> String {
    let padded = zip(cells, widths).enumerated().map { column, cell in
      let spaces = String(repeating: " ", count: cell.1 - cell.0.count)
      return column < 2 ? cell.0 + spaces : spaces + cell.0
    }
    return "| \(padded.joined(separator: " | ")) |"
  }
  let rule = widths.enumerated().map { column, width in
    column < 2 ? String(repeating: "-", count: width + 2) : String(repeating: "-", count: width + 1) + ":"
  }
  return [line(header), "|\(rule.joined(separator: "|"))|"] + rows.map(line)
}

func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\\(scalar)"
    case "\n": result += "\\n"
    case _ where scalar.value < 32: result += " "
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// A JSON object of values that are JSON already. Members without a value are null.
func jsonObject(_ members: [(String, String?)]) -> String {
  "{\(members.map { "\(quoted($0.0)):\($0.1 ?? "null")" }.joined(separator: ","))}"
}

/// Writes a line to standard error.
func complain(_ text: String) {
  let line = Array("\(text)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
