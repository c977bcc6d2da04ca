import LuaHost

/// Why a script could not be loaded, or a hook call failed: Lua's message with file and line.
public struct ScriptError: Error, Sendable {
  public enum Cause: Sendable, CaseIterable {
    case raised
    case instructions
    case time
    case memory
  }

  public let cause: Cause
  /// `file:line: message`, then a traceback.
  public let message: String
  /// The file of a script that could not be loaded.
  public private(set) var script: String?

  init(_ status: lh_status, _ message: String) {
    cause =
      switch status {
      case LH_OUT_OF_INSTRUCTIONS: .instructions
      case LH_OUT_OF_TIME: .time
      case LH_OUT_OF_MEMORY: .memory
      default: .raised
      }
    self.message = message
  }

  /// A script that is not even tried.
  init(_ script: Script, _ message: String) {
    cause = .raised
    self.message = "\(script.path): \(message)"
  }

  /// The same, of a script that could not be loaded.
  init(_ error: ScriptError, in script: Script) {
    self = error
    self.script = script.path
  }

  /// What is wrong in one line, with a file even where Lua's message names none.
  public var complaint: String {
    guard let script, !firstLine.contains(script) else { return firstLine }
    return "\(script): \(firstLine)"
  }

  /// The message without its traceback.
  public var firstLine: String {
    message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true).first.map(String.init) ?? message
  }
}
