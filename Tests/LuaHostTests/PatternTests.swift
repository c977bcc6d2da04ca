import LuaHost
import Testing

/// Our patterns against Lua's own: the same results and the same errors.
@Suite struct PatternTests {
  /// Tries everything with one subject and one pattern: eight lines per check.
  static let prelude = """
    local lines = {}
    local function line(...)
      local shown = {}
      for i = 1, select("#", ...) do
        local value = select(i, ...)
        local text = {}
        if type(value) == "string" then
          for j = 1, #value do
            local byte = value:byte(j)
            text[j] = byte >= 32 and byte < 127 and string.char(byte) or "\\\\" .. byte
          end
        end
        shown[i] = type(value) == "string" and "'" .. table.concat(text) .. "'"
          or (math.type(value) or "") .. " " .. tostring(value)
      end
      lines[#lines + 1] = table.concat(shown, " ")
    end
    local function try(f, ...) line(pcall(f, ...)) end
    local function iterate(s, p, init)
      local found = {}
      for a, b in string.gmatch(s, p, init) do
        found[#found + 1] = tostring(a) .. "," .. tostring(b)
        if #found > 50 then break end
      end
      return table.concat(found, ";")
    end
    local function check(s, p, init, r, n)
      try(function() return string.find(s, p, init) end)
      try(function() return string.find(s, p, init, true) end)
      try(function() return string.match(s, p, init) end)
      try(iterate, s, p, init)
      try(function() return string.gsub(s, p, r, n) end)
      try(function() return string.gsub(s, p, "<%0%1>", n) end)
      try(function() return string.gsub(s, p, { a = "A", b = 1, ["1"] = false, [1] = "one", c = {} }) end)
      try(function() return string.gsub(s, p, function(a, b) return b or a == "b" and 2.5 or nil end, n) end)
    end

    """

  struct SplitMix {
    var state: UInt64
    mutating func next(below bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((z ^ (z >> 31)) % UInt64(bound))
    }
  }

  struct Generator {
    var random: SplitMix
    mutating func pick(_ choices: [String]) -> String { choices[random.next(below: choices.count)] }

    mutating func subject() -> String {
      let parts = ["a", "b", "c", "ab", "(", ")", " ", "1", "%", "A", "\0", "é", "-", "]"]
      return (0..<random.next(below: 13)).map { _ in pick(parts) }.joined()
    }

    mutating func set() -> String {
      let parts = ["a", "b-c", "%a", "%D", "]", "^", "-", "%]", "a-", "-b", "%-", "\0", "1-9", "%s", "z-a", "é"]
      let members = (0..<(1 + random.next(below: 4))).map { _ in pick(parts) }.joined()
      return "[" + pick(["", "^", "]", "^]"]) + members + pick(["]", "]", "]", "]", "]", ""])
    }

    mutating func item() -> String {
      switch random.next(below: 12) {
      case 0...3: return pick(["a", "b", "c", ".", "1", " ", "é", "\0", "]", "A", "-"])
      case 4:
        let letters = "aAdDsSwWpPxXcCgGlLuUzZ.%k".map { String($0) }
        return "%" + pick(letters)
      case 5, 6: return set()
      case 7: return pick(["%b()", "%bab", "%baa", "%b", "%bx"])
      case 8: return "%f" + pick([set(), set(), "a", ""])
      case 9: return "%" + pick(["1", "2", "1", "0", "9"])
      default: return pick(["(", ")", "()", "(a)", "(.-)", "(.)", "(%1)", "$", "^", "%"])
      }
    }

    mutating func pattern() -> String {
      var pattern = pick(["", "", "", "^"])
      for _ in 0..<random.next(below: 7) { pattern += item() + pick(["", "", "", "*", "+", "-", "?"]) }
      return pattern + pick(["", "", "", "", "$", "%"])
    }

    mutating func replacement() -> String {
      (0..<random.next(below: 4)).map { _ in pick(["x", "%0", "%1", "%2", "%%", "%x", "%", "<", "é"]) }.joined()
    }
  }

  /// A Lua string literal with every byte as a decimal escape.
  static func literal(_ text: String) -> String {
    let escapes = text.utf8.map { byte in
      let digits = String(byte)
      return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
    return "\"" + escapes.joined() + "\""
  }

  static func expectSame(_ cases: [String]) throws {
    let script = prelude + cases.joined(separator: "\n") + "\n"
    let sandbox = try #require(Sandbox())
    let ours = sandbox.run(script + "print(table.concat(lines, '\\n'))")
    #expect(ours.outcome == LH_OK, "\(ours.failure)")
    #expect(sandbox.close() == 0)
    let theirs = Reference.run(script + "return table.concat(lines, '\\n')") + "\n"
    guard ours.printed != theirs else { return }
    let ourLines = ours.printed.split(separator: "\n")
    let theirLines = theirs.split(separator: "\n")
    #expect(ourLines.count == theirLines.count)
    let different = zip(ourLines, theirLines).enumerated().filter { $0.element.0 != $0.element.1 }
    for (index, pair) in different.prefix(5) {
      Issue.record("\(cases[index / 8]) [\(index % 8)]\nours:   \(pair.0)\ntheirs: \(pair.1)")
    }
    #expect(different.count > 0, "the texts differ although no line does")
  }

  @Test(arguments: 0..<20) func sameAsLua(seed: Int) throws {
    var generator = Generator(random: SplitMix(state: UInt64(seed) &* 977))
    var cases: [String] = []
    for _ in 0..<500 {
      let subject = Self.literal(generator.subject())
      let pattern = generator.pattern()
      let replacement = Self.literal(generator.replacement())
      let start = generator.pick(["nil", "nil", "1", "2", "0", "-1", "-3", "7", "100", "-100"])
      let count = generator.pick(["nil", "nil", "0", "1", "2", "-1"])
      cases.append("check(\(subject), \(Self.literal(pattern)), \(start), \(replacement), \(count))")
    }
    try Self.expectSame(cases)
  }

  /// Bounds and messages that random patterns hardly reach.
  @Test func cornersAreTheSame() throws {
    let patterns = [
      "('a'):rep(300), ('a?'):rep(199)", "('a'):rep(300), ('a?'):rep(200)", "('a'):rep(300), ('a?'):rep(201)",
      "('a'):rep(300), ('b*'):rep(300)", "('a'):rep(40), ('(a)'):rep(32)", "('a'):rep(40), ('(a)'):rep(33)",
      "('a'):rep(40), ('()'):rep(33)", "'', ''", "'', '^'", "'', '$'", "'', '^$'", "'a^b', 'a^b'", "'a$b', 'a$b'",
      "'x', '(x'", "'x', 'x)'", "'x', '[a'", "'x', '['", "'x', '[]'", "'x', '[^'", "'x', '[^]'", "'x]', '[]]'",
      "'x%', '[%'", "'x%]', '[%]'", "'xx', '()%1'", "'abab', '(ab)%1'", "'THE (quick) fox', '%f[%a]%a+%f[%A]'",
      "'a\\0b', '%z'", "'a\\0b', '[\\0]'", "'a\\0b', '\\0b'", "12345, 23", "'f(a(b)c)d', '%b()'",
      "'hello world', 'o w'", "'0\\0', '%f[\\0]'", "'x', '%f'", "'x', '%'", "nil, 'a'", "'a', nil", "{}, 'a'",
      "'a.b', '.'", "']', ']'", "('a'):rep(1000), '(.-)%1$'", "'k = v, kk=vv', '(%w+)%s*=%s*(%w+)'",
    ]
    try Self.expectSame(
      patterns.flatMap { pattern in
        ["nil", "3", "2.0", "'x'", "2.5"].map { "check(\(pattern), \($0), '<%1>', \($0))" }
      })
  }

  @Test(arguments: [
    "nil", "true", "tostring", "1", "'x'", "{}", "'%'", "'%9'",
    "setmetatable({}, { __index = function(t, k) return k .. k end })",
  ])
  func replacementTypesAreTheSame(replacement: String) throws {
    try Self.expectSame(["check('abc', '%w', nil, \(replacement), nil)"])
  }
}
