import Configuration
import Reactor
import Relay

/// Proxies as a command line or a configuration names them.
extension ServePlan {
  /// Takes `--proxy` or `--proxy-protocol`, which then replace what a configuration says of the same.
  mutating func readProxy(_ option: String, _ text: String) throws(UsageError) {
    guard let network = Network(parsing: text) else { throw UsageError("\(option): \(Self.problem(ofNetwork: text))") }
    if option == "--proxy" {
      proxiesGiven.forwarding.append(network)
    } else {
      proxiesGiven.announcing.append(network)
    }
    proxies = proxiesGiven
  }

  mutating func read(proxies configuration: Configuration) throws(ConfigurationError) {
    proxies = proxiesGiven
    if proxies.forwarding.isEmpty {
      proxies.forwarding = try Self.networks(configuration.proxies, configuration)
    }
    if proxies.announcing.isEmpty {
      proxies.announcing = try Self.networks(configuration.proxyProtocol, configuration)
    }
  }

  private static func networks(
    _ texts: [Configuration.Located<String>], _ configuration: Configuration
  ) throws(ConfigurationError) -> [Network] {
    try texts.map { text throws(ConfigurationError) in
      if let network = Network(parsing: text.value) { return network }
      throw configuration.error(at: text.line, problem(ofNetwork: text.value))
    }
  }

  private static func problem(ofNetwork text: String) -> String {
    "'\(text)' is no address and no network: write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32"
  }
}
