import Configuration
import Glibc
import Relay

/// Where the token of the admin listener comes from, for the relay and for those who ask it.
enum AdminToken {
  static let option = "--admin-token-file"
  static let variable = "LOBBYIST_ADMIN_TOKEN"

  /// The first line of a file.
  static func read(file path: String) throws(UsageError) -> OperatorToken {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try Files.read(path).get()
    } catch {
      throw UsageError("\(option): \(error.message)")
    }
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
    guard let token = OperatorToken(String(decoding: line, as: UTF8.self)) else {
      throw UsageError("\(option): the first line of \(path) is no token: one \(OperatorToken.rule)")
    }
    return token
  }

  /// The environment's; nil when it has none.
  static func fromEnvironment() throws(UsageError) -> OperatorToken? {
    guard let text = unsafe getenv(variable), unsafe text[0] != 0 else { return nil }
    guard let token = unsafe OperatorToken(String(cString: text)) else {
      throw UsageError("the environment variable \(variable) is no token: one \(OperatorToken.rule)")
    }
    return token
  }
}
