import Reactor

/// `--ca` and `--insecure`: whose certificates are good for a server that is asked over TLS.
struct TrustOptions {
  private(set) var trust = TLSContext.Trust.system

  /// False for any other option.
  mutating func read(_ name: String, _ options: inout Options) throws(UsageError) -> Bool {
    switch name {
    case "--ca": trust = .file(try options.value(of: name))
    case "--insecure": trust = .anybody
    default: return false
    }
    return true
  }
}
