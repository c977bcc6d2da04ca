import Policy
import Reactor

/// How a trial has ended.
public enum TrialEnd: Equatable, Sendable {
  case exited(Int32)
  case killed(signal: Int32)
  /// It has ended, and nobody knows how.
  case unknown
  /// It was given the time of `deploy_milliseconds`.
  case overdue
  /// The relay shuts down.
  case abandoned
}

/// What puts scripts into service that arrive over the admin listener; it knows where they are kept.
public protocol Deployer: AnyObject {
  /// Starts the trial of what has been sent, a process of its own.
  func begin(_ request: [UInt8]) throws(OperatorAnswer) -> ChildProcess

  /// The trial that was begun last has ended; what passed goes into service now.
  func finish(_ end: TrialEnd) -> OperatorAnswer

  func rollBack(_ request: [UInt8]) -> OperatorAnswer

  /// A turn of the relay is over.
  func turnEnded()

  /// All deployments as JSON.
  var list: String { get }

  /// The number of the deployment that a mount runs; nil for the files that the relay was started with.
  func deployment(of mount: Mount) -> Int?
}

/// A trial that runs, and whom its end is told.
struct RunningTrial: ~Copyable {
  var process: ChildProcess
  let client: Token
  /// When it has had its time, in monotonic milliseconds.
  let ends: UInt64
  var isOverdue = false
}
