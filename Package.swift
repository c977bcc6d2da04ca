// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // Debug builds, and so all tests, check exclusive access at run time; a release build relies on them.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]
// Tests poke at raw memory on purpose; everything else stays as strict as the sources.
let testSettings: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]
let cSettings: [CSetting] = [.unsafeFlags(["-std=c17", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing"])]

/// A Swift room of the relay. Its dependencies point downwards only.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// The operator's page, which is built into the program.
let dashboard = [
  "dashboard.html", "dashboard.css", "dashboard.js", "elements.js", "lobbies.js", "lobby.js", "metrics.js",
  "numbers.js", "plot.js", "refusals.js", "relay.js", "scripts.js", "tail.js", "words.js",
].map { Resource.embedInCode("Admin/Dashboard/\($0)") }

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: testSettings)
}

// libFuzzer links against a static library; see Tests/Fuzzers/README.md.
let fuzzing: [Product] =
  Context.environment["LOBBYIST_FUZZ"] == nil
  ? [] : [.library(name: "Fuzzing", type: .static, targets: ["FuzzBodies"])]

let package = Package(
  name: "lobbyist",
  products: [
    .executable(name: "lobbyist", targets: ["lobbyist"]),
    .executable(name: "floor", targets: ["Floor"]),
  ] + fuzzing,
  targets: [
    // What Swift cannot see by itself. No logic.
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CLinux", cSettings: cSettings),

    // The only code that calls Lua.
    .target(name: "LuaHost", dependencies: ["CLua"], cSettings: cSettings),

    // Values: bytes in, answers out.
    room("Bytes", ["CLinux"]),
    room("HTTP", ["Bytes"]),
    room("WebSocket", ["Bytes", "HTTP", "CCrypto", "CZlib"]),
    room("Schedule"),
    room("Lobby", ["Schedule"]),

    // The only code that waits.
    room("Reactor", ["CLinux", "Bytes"]),

    room("Policy", ["Bytes", "WebSocket", "HTTP", "Lobby", "LuaHost", "CCrypto"]),
    room("Configuration", ["LuaHost"]),
    room("Relay", ["Bytes", "Schedule", "HTTP", "WebSocket", "Lobby", "Policy", "Reactor"], resources: dashboard),
    room("Check", ["Bytes", "HTTP", "WebSocket", "Lobby", "LuaHost", "Policy"]),
    room("Conversation", ["Bytes", "HTTP", "WebSocket", "Reactor"]),
    room("Recording", ["Bytes", "HTTP", "Lobby", "Policy", "WebSocket", "Conversation"]),
    room("Deployment", ["Conversation", "Reactor"]),
    room("Bench", ["Bytes", "CLinux"]),

    .executableTarget(
      name: "lobbyist",
      dependencies: [
        "Bench", "Bytes", "CLinux", "Check", "Configuration", "Conversation", "Deployment", "HTTP", "Lobby", "Policy",
        "Reactor", "Recording", "Relay", "WebSocket",
      ],
      swiftSettings: swiftSettings),
    // The yardstick of the benchmark: a bare epoll WebSocket echo.
    .executableTarget(name: "Floor", cSettings: cSettings),

    tests("Bytes", ["FuzzBodies"]),
    tests("HTTP"),
    tests("WebSocket", ["FuzzBodies"]),
    tests("Schedule"),
    tests("Lobby"),
    tests("Reactor"),
    tests("LuaHost"),
    tests("Policy", ["LuaHost"]),
    tests("Check", ["Policy"]),
    tests("Configuration"),
    tests("Relay"),
    tests("Conversation", ["FuzzBodies"]),
    tests("Recording", ["Conversation", "HTTP", "Lobby", "Policy", "WebSocket"]),
    tests("Deployment", ["Conversation"]),
    tests("Bench"),

    // What must hold for any input: searched by libFuzzer, replayed over the corpora by the tests.
    .target(
      name: "FuzzBodies", dependencies: ["Bytes", "Conversation", "HTTP", "LuaHost", "Reactor", "WebSocket"],
      path: "Tests/Fuzzers/Bodies",
      swiftSettings: testSettings),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzBodies"], path: "Tests/Fuzzers/Replay", swiftSettings: testSettings),
  ]
)
