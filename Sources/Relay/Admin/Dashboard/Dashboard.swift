import HTTP
import Policy

/// The operator's page and what it loads: the files beside this one, built into the program. They hold no data, so
/// everybody gets them who reaches the admin listener; what they show the page asks for by itself.
enum Dashboard {
  static let files: [String: [UInt8]] = [
    "/": PackageResources.dashboard_html,
    "/dashboard/dashboard.css": PackageResources.dashboard_css,
    "/dashboard/dashboard.js": PackageResources.dashboard_js,
    "/dashboard/elements.js": PackageResources.elements_js,
    "/dashboard/lobbies.js": PackageResources.lobbies_js,
    "/dashboard/lobby.js": PackageResources.lobby_js,
    "/dashboard/metrics.js": PackageResources.metrics_js,
    "/dashboard/numbers.js": PackageResources.numbers_js,
    "/dashboard/plot.js": PackageResources.plot_js,
    "/dashboard/refusals.js": PackageResources.refusals_js,
    "/dashboard/relay.js": PackageResources.relay_js,
    "/dashboard/scripts.js": PackageResources.scripts_js,
    "/dashboard/tail.js": PackageResources.tail_js,
    "/dashboard/words.js": PackageResources.words_js,
  ]

  static var routes: [OperatorRoute] {
    files.keys.sorted().map { path in
      OperatorRoute(method: "GET", path: path, body: .unneeded, isPublic: true, answer: Relay.showDashboard)
    }
  }

  /// Nothing runs in the page but these files, and it neither talks to anybody but its relay nor stands in a frame
  /// (Content Security Policy 3).
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  fileprivate static func answer(_ path: String) -> RequestAnswer? {
    files[path].map { file in
      let headers = [
        ("Content-Type", path == "/" ? ContentType.of("html") : ContentType.of(path)),
        ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
      ]
      return RequestAnswer(status: 200, headers: headers.compactMap { HeaderField($0.0, $0.1) }, body: file)
    }
  }
}

extension Relay {
  func showDashboard(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    Dashboard.answer(request.head.path)
  }
}
