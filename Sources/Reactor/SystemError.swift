import Glibc

/// A system call that failed: which one, `errno` as it was right after the call, and a sentence for the operator.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The C name of the call, or of the check that refused.
  public let call: String
  /// `errno`.
  public let code: Int32
  /// What went wrong and, where there is something to do, what to do.
  public let description: String

  public init(_ call: String, _ code: Int32, _ description: String? = nil) {
    self.call = call
    self.code = code
    self.description = description ?? "\(call) failed: \(Self.text(of: code))"
  }

  /// The C library's sentence for `code`, with a hint for the ones an operator can cure.
  public static func text(of code: Int32) -> String {
    switch code {
    case EMFILE: "too many open files in this process: raise the limit with ulimit -n"
    case ENFILE: "too many open files on this system: raise fs.file-max"
    // strerror answers a valid C string for any number, and glibc keeps it per thread; it is copied at once.
    default: unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
  }
}
