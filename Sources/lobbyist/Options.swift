/// Reads `--name value` and `--name=value` from the front of a list of words; `-h` is `--help`.
struct Options {
  enum Word {
    case option(String)
    case operand(String)
  }

  private var rest: ArraySlice<String>
  private var inlineValue: String?

  init(_ arguments: [String]) { rest = arguments[...] }

  /// The next word; nil at the end. A dash alone is an operand.
  mutating func next() throws(UsageError) -> Word? {
    if let value = inlineValue { throw UsageError("'\(value)' is not wanted here") }
    guard let word = rest.popFirst() else { return nil }
    if word == "-h" { return .option("--help") }
    guard word.hasPrefix("-"), word.count > 1 else { return .operand(word) }
    guard let equals = word.firstIndex(of: "=") else { return .option(word) }
    inlineValue = String(word[word.index(after: equals)...])
    return .option(String(word[..<equals]))
  }

  /// The value of the option that `next` answered.
  mutating func value(of option: String) throws(UsageError) -> String {
    if let value = inlineValue {
      inlineValue = nil
      return value
    }
    guard let value = rest.popFirst() else { throw UsageError("\(option) needs a value") }
    return value
  }

  /// The value of an option that can do without: only what was joined to it by `=`.
  mutating func optionalValue() -> String? {
    defer { inlineValue = nil }
    return inlineValue
  }

  /// A value of the form NAME=VALUE.
  mutating func assignment(of option: String) throws(UsageError) -> (name: String, value: String) {
    let text = try value(of: option)
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw UsageError("\(option) wants NAME=VALUE, not '\(text)'")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}

/// A command line that cannot be carried out, in words. Exit code 2.
struct UsageError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}
