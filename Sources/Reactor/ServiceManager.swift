import Glibc

/// Whoever has started this process and wants to know how it is: systemd, or what speaks its protocol. sd_notify(3)
public final class ServiceManager {
  /// At least so often it wants to hear `WATCHDOG=1`, in milliseconds; nil when it does not.
  public let watchdogMilliseconds: Int?
  private let socket: Descriptor
  private let address: [UInt8]

  /// As the environment says it; nil without one. socket(2)
  public convenience init?() {
    func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
    self.init(process: Int(getpid()), variable)
  }

  init?(process: Int, _ variable: (String) -> String?) {
    guard let address = variable("NOTIFY_SOCKET").flatMap(Self.kernelForm) else { return nil }
    let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard number >= 0 else { return nil }
    socket = Descriptor(adopting: number)
    self.address = address
    watchdogMilliseconds = Self.watchdog(process: process, variable)
  }

  /// Half of what is granted. sd_watchdog_enabled(3)
  static func watchdog(process: Int, _ variable: (String) -> String?) -> Int? {
    guard let granted = variable("WATCHDOG_USEC").flatMap({ Int($0) }), granted > 0 else { return nil }
    if let owner = variable("WATCHDOG_PID"), Int(owner) != process { return nil }
    return max(1, granted / 2000)
  }

  /// A `sockaddr_un`, as long as it has to be. `@name` is a name outside of the file system, which begins with a zero
  /// and has none at its end. unix(7)
  static func kernelForm(_ path: String) -> [UInt8]? {
    var name = Array(path.utf8)
    guard name.count > 1, name.count < 108, !name.contains(0) else { return nil }
    if name[0] == UInt8(ascii: "@") {
      name[0] = 0
    } else if name[0] == UInt8(ascii: "/") {
      name.append(0)
    } else {
      return nil
    }
    var family = [sa_family_t(AF_UNIX)]
    return unsafe family.withUnsafeMutableBytes { unsafe Array($0) } + name
  }

  /// Tells it `NAME=VALUE` lines. Whether they arrive is its affair. sendto(2)
  public func tell(_ lines: String...) {
    let text = Array(lines.joined(separator: "\n").utf8)
    unsafe address.withUnsafeBytes { address in
      guard let start = address.baseAddress else { return }
      // The bytes are a sockaddr_un's, and the kernel copies as many as it is told.
      let form = unsafe start.assumingMemoryBound(to: sockaddr.self)
      _ = unsafe sendto(socket.number, text, text.count, Int32(MSG_NOSIGNAL), form, socklen_t(address.count))
    }
  }
}
