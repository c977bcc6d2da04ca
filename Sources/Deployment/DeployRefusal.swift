import Glibc

/// Why something is not deployed, for people, with the HTTP status that says the same.
public struct DeployRefusal: Error, Equatable, Sendable {
  public let status: Int
  public let message: String

  public init(_ status: Int, _ message: String) {
    self.status = status
    self.message = message
  }

  /// A step on the disk that has failed with this `errno`.
  init(_ what: String, _ path: String, errno code: Int32) {
    let reason = unsafe String(cString: strerror(code))
    let isFull = code == ENOSPC || code == EDQUOT
    self.init(isFull ? 507 : 500, "cannot \(what) \(path): \(reason)\(isFull ? "; nothing has changed" : "")")
  }
}
