import Bytes
import LuaHost

extension Fuzzer {
  /// What the sandbox decodes as JSON, it encodes again to a text that decodes to the same; and it takes for
  /// JSON what the relay's scanner does, except that a number has to fit. Nothing of it leaks.
  public static let decode = Fuzzer(name: "decode") { input in
    guard input.count <= 4096 else { return nil }
    let script = """
      local value, problem = json.decode("\(input.map { "\\x\(hex($0))" }.joined())")
      if problem then return print(problem) end
      local function same(one, other)
        if type(one) ~= "table" then return one == other end
        if type(other) ~= "table" then return false end
        for key, item in pairs(one) do if not same(item, other[key]) then return false end end
        for key in pairs(other) do if one[key] == nil then return false end end
        return true
      end
      local text = json.encode(value)
      local again, problem = json.decode(text)
      if problem then error("cannot decode " .. text .. ": " .. problem) end
      -- Once read, -0 is 0.
      local settled = json.encode(again)
      if json.encode(json.decode(settled)) ~= settled then error(settled .. " is not written twice") end
      if not same(value, again) then error("another value: " .. text) end
      print("JSON")
      """
    var options = lh_options()
    guard let sandbox = lh_sandbox_open(&options) else { return "no sandbox" }
    let outcome = lh_sandbox_run(sandbox, "=decode", script, script.utf8.count, 1 << 40, 1 << 40)
    let printed = String(cString: lh_sandbox_printed(sandbox))
    let failure = String(cString: lh_sandbox_failure(sandbox))
    guard lh_sandbox_close(sandbox) == 0 else { return "It leaks" }
    guard outcome == LH_OK else { return failure }
    guard String(validating: input, as: UTF8.self) != nil else {
      return printed == "JSON\n" ? "Decoded what is not UTF-8" : nil
    }
    var index = JSONIndex()
    let isJSON = index.scan(input) != .invalid
    if printed.hasPrefix("number out of range") { return nil }
    return isJSON == (printed == "JSON\n") ? nil : "The scanner says \(isJSON), the sandbox: \(printed)"
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}
