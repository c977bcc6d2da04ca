/// A version of a mount's scripts that has been loaded, and what it was made of.
struct ScriptVersion: ~Copyable {
  let host: ScriptHost
  let scripts: Scripts
  /// What they required.
  let modules: [Script]
  let version: String
  /// When it was loaded, in seconds since 1970.
  let loadedAt: Double
  /// Tells which lobbies are this version's, where several run at once (`LobbyMachine.version`).
  let number: UInt32
  /// Where the times of each script are kept, in `HookTimes.rows`.
  let places: [Int]
}

/// A version that the newest has replaced: it still has lobbies, or it is there to come back. On the heap, because
/// arrays hold copyable elements only.
final class ReplacedVersion {
  var version: ScriptVersion

  init(_ version: consuming ScriptVersion) { self.version = version }
}
