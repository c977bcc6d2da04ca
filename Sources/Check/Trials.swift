import HTTP
import Policy

/// How often the hooks have run in a trial, and what they have failed with.
final class Trials: MountObserver {
  let wantsOneVersion = true

  /// All failures, in their order.
  private(set) var failures: [ScriptError] = []
  private var tries: [String: Try] = [:]
  /// What runs. A hook that another one brings about is not counted.
  private var hook: String?

  private struct Try {
    var calls = 0
    var failures = 0
    /// Of the first failure.
    var first: Finding?
    var isSame = true
  }

  func begins(_ input: MountInput, milliseconds: UInt64, wallSeconds: Double) {
    switch input {
    case .upgrade: begin("on_upgrade")
    case .request: begin("on_request")
    case .connect: begin("on_connect")
    case .message: begin("on_message")
    case .timer(let name, _): begin("timers." + String(decoding: name, as: UTF8.self))
    case .disconnect, .departures: break
    }
  }

  func ends(_ answer: MountAnswer, drawn: [UInt64]) { hook = nil }

  /// An event of which a mount tells its observer nothing; nil when no hook will run.
  func run(_ name: String?, _ body: () -> Void) {
    if let name { begin(name) }
    body()
    hook = nil
  }

  private func begin(_ name: String) {
    hook = name
    tries[name, default: Try()].calls += 1
  }

  func note(_ event: MountEvent, in policy: String) {
    guard case .hookFailed(let name, let error, _) = event else { return }
    failures.append(error)
    guard name == hook, var attempt = tries[name] else { return }
    let finding = Finding(error, in: policy, .warning)
    attempt.failures += 1
    if let first = attempt.first {
      if first.file != finding.file || first.place != finding.place { attempt.isSame = false }
    } else {
      attempt.first = finding
    }
    tries[name] = attempt
  }

  /// What stops a hook at the same place whenever it runs. A script may refuse what is made up: so it is no error.
  var constant: [Finding] {
    tries.sorted { $0.key < $1.key }.compactMap { name, attempt in
      guard attempt.isSame, attempt.failures == attempt.calls, let first = attempt.first, first.place != nil else {
        return nil
      }
      return Finding(first.file, first.place, .warning, "every trial call of \(name) fails here: \(first.message)")
    }
  }
}
