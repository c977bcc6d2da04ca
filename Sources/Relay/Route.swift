import Policy

/// Where a mount answers.
public struct Route: Sendable, Equatable {
  /// Each stands for itself and for everything below it: `/` for every path.
  public var paths: [String]
  /// The host that requests must name, without a port, in lower case; nil for any.
  public var host: String?
  /// Addresses of the mount's own, where it answers at every path and for every host.
  public var listen: [String]
  /// The files that browsers see there.
  public var pages: StaticFolder?
  /// Whether messages are compressed for those who offer it when they connect.
  public var deflates: Bool

  public init(
    paths: [String] = ["/"], host: String? = nil, listen: [String] = [], pages: StaticFolder? = nil,
    deflates: Bool = false
  ) {
    self.paths = paths
    self.host = host
    self.listen = listen
    self.pages = pages
    self.deflates = deflates
  }

  /// How well this path fits: the length of the longest of `paths` that covers it; nil when none does.
  func fit(_ path: String) -> Int? {
    var best: Int?
    for candidate in paths where Self.covers(candidate, path) { best = max(best ?? 0, candidate.utf8.count) }
    return best
  }

  /// What is left of a path behind the mount's, with the slash; all of it over a listener of the mount's own.
  func rest(of path: String) -> String {
    let length = fit(path) ?? 0
    return length <= 1 ? path : String(decoding: path.utf8.dropFirst(length), as: UTF8.self)
  }

  private static func covers(_ candidate: String, _ path: String) -> Bool {
    if candidate == "/" || path == candidate { return true }
    return path.hasPrefix(candidate) && path.utf8.dropFirst(candidate.utf8.count).first == UInt8(ascii: "/")
  }
}

/// A mount and where it answers.
public struct RoutedMount {
  public let route: Route
  public let mount: Mount

  public init(_ mount: Mount, at route: Route = Route()) {
    self.mount = mount
    self.route = route
  }
}
