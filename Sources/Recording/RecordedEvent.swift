import Conversation
import HTTP

/// One event of a mount, with all that came of it: one line of a recording.
public struct RecordedEvent: Sendable {
  public enum Kind: Sendable {
    /// The scripts have been loaded.
    case load
    /// Another version runs from here on, or the same one from its beginning. It is no event that anybody answers.
    case reload(Reload)
    case upgrade(RecordedRequest, subprotocols: [String], RecordedVerdict)
    /// Plain HTTP; the answer is nil where the policy had none.
    case request(RecordedRequest, RecordedAnswer?)
    case connect(peer: Int, address: String)
    case message(peer: Int, isBinary: Bool, [UInt8])
    /// The connection has ended; what on_disconnect does comes with `departures`.
    case disconnect(peer: Int, isLost: Bool, code: UInt16, reason: String)
    case departures
    /// `due` is on the clock of the events.
    case timer(name: String, due: UInt64)
    /// The relay takes nobody new in any longer.
    case drain(seconds: Int)
  }

  public struct Reload: Sendable, Equatable {
    public let version: String
    /// The path of the policy.
    public let script: String
    public let reason: Reason

    /// What has led to it.
    public enum Reason: String, Sendable {
      case files, signal, `operator`
      /// The version that ran has failed too often, and gives way to the one before it.
      case failures
      /// Something else, such as a deployment.
      case other
    }
  }

  /// What one peer has heard.
  public struct Hearing: Sendable, Equatable {
    public let peer: Int
    public let heard: Heard

    public init(peer: Int, _ heard: Heard) {
      self.peer = peer
      self.heard = heard
    }
  }

  public var mount: String
  /// Milliseconds since the first mount was loaded.
  public var milliseconds: UInt64
  /// Seconds since 1970.
  public var wallSeconds: Double
  public var kind: Kind
  /// What the scripts have drawn from the random source.
  public var drawn: [UInt64] = []
  public var hearings: [Hearing] = []
  /// Hooks that have failed, and why.
  public var failures: [String] = []

  init(mount: String, milliseconds: UInt64, wallSeconds: Double, kind: Kind) {
    self.mount = mount
    self.milliseconds = milliseconds
    self.wallSeconds = wallSeconds
    self.kind = kind
  }

  /// Whose event it is.
  var peer: Int? {
    switch kind {
    case .connect(let peer, _), .message(let peer, _, _), .disconnect(let peer, _, _, _): peer
    case .load, .reload, .upgrade, .request, .departures, .timer, .drain: nil
    }
  }

  /// Counts the time from this moment on.
  mutating func beginAt(_ moment: UInt64) {
    milliseconds -= min(milliseconds, moment)
    if case .timer(let name, let due) = kind { kind = .timer(name: name, due: due - min(due, moment)) }
  }
}

/// A request as a policy sees it.
public struct RecordedRequest: Sendable, Equatable {
  public let method: String
  public let target: String
  public let minorVersion: Int
  public let headers: [HeaderField]
  public let address: String
}

public enum RecordedVerdict: Sendable, Equatable {
  case accepted(subprotocol: String?)
  case refused(RecordedAnswer)
}

public struct RecordedAnswer: Sendable, Equatable {
  public let status: Int
  public let headers: [HeaderField]
  public let body: [UInt8]
}
