import Glibc

/// Why a measurement could not be made, in words for the person who asked for it.
public enum BenchError: Error, Equatable, CustomStringConvertible {
  /// The command line is wrong: exit code 2.
  case usage(String)
  /// A system call failed.
  case system(call: String, code: Int32)
  /// The server answered something that makes the measurement void.
  case server(String)

  public var description: String {
    switch self {
    case .usage(let text): text
    case .system(let call, let code): "\(call): \(errorText(code))"
    case .server(let text): text
    }
  }

  var exitCode: Int32 {
    if case .usage = self { 2 } else { 1 }
  }
}

/// The text of an errno value.
func errorText(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
