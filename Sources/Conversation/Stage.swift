import HTTP
import Reactor

/// What a conversation is played on: a policy host with a virtual clock, or a live server.
///
/// A stage keeps what each actor has heard, in order, until `next` asks for it.
public protocol Stage: AnyObject {
  /// A live stage waits for real and knows nothing of policies, settings and limits.
  var isLive: Bool { get }

  /// Where a script is that is neither in the current folder nor beside the conversation; nil for nowhere.
  func locate(_ path: String) -> String?

  /// Starts afresh: no actor is connected.
  func begin(_ scene: Scene) throws(StageError)

  /// After the last step of every conversation, also a failed one.
  func end()

  /// Opens a connection. Its outcome is the first that `next` tells: `.opened` or `.refused`.
  func connect(_ actor: String, _ request: ConnectRequest) throws(StageError)

  func send(_ actor: String, _ message: Sent) throws(StageError)

  /// Starts the closing handshake; `code` nil sends a close frame without one.
  func close(_ actor: String, code: UInt16?, reason: [UInt8]) throws(StageError)

  /// Ends the connection beneath WebSocket, as a vanished client does.
  func drop(_ actor: String) throws(StageError)

  /// A plain HTTP request and its answer.
  func fetch(_ request: PlainRequest) throws(StageError) -> PlainReply

  func advance(milliseconds: Int) throws(StageError)

  /// Replaces the running policy by the script at `path`.
  func reload(_ path: String, lobbiesFinish: Bool) throws(StageError)

  /// Tells the policy that the server takes nobody new in any longer and ends after so many seconds at the latest.
  func drain(seconds: Int) throws(StageError)

  /// Takes what `actor` heard next, or nil if nothing came.
  func next(_ actor: String, _ patience: Patience) throws(StageError) -> Heard?
}

extension Stage {
  public func locate(_ path: String) -> String? { nil }
}

/// How long a live stage waits for something to be heard. Without sockets nothing is ever late.
public enum Patience: Sendable {
  /// Something is expected: wait for it.
  case answer
  /// Nothing is expected: wait just long enough to be sure.
  case silence
  /// Only what is here already.
  case none
}

/// A stage could not do what it was asked to.
public struct StageError: Error, Sendable, Equatable {
  public let message: String

  public init(_ message: String) { self.message = message }
}

/// What a conversation is played against.
public struct Scene: Sendable, Equatable {
  /// Paths that exist. Nil when the conversation names no policy.
  public var policy: String?
  public var plugins: [String] = []
  public var settings: [(name: String, value: TalkValue)] = []
  public var limits: [(name: String, value: Int)] = []

  public init() {}

  public static func == (left: Scene, right: Scene) -> Bool {
    left.policy == right.policy && left.plugins == right.plugins
      && left.settings.elementsEqual(right.settings) { $0 == $1 }
      && left.limits.elementsEqual(right.limits) { $0 == $1 }
  }
}

/// The request that opens a connection.
public struct ConnectRequest: Sendable {
  /// Path and query; nil for where the server usually listens.
  public var path: String?
  public var headers: [HeaderField] = []
  public var subprotocols: [String] = []
  /// Where the client is to be seen; nil for wherever it is.
  public var address: HostAddress?

  public init() {}
}

public struct PlainRequest: Sendable {
  public var method: String
  public var path: String
  public var headers: [HeaderField]
  public var body: [UInt8]
  /// Where the client is to be seen; nil for wherever it is.
  public var address: HostAddress?

  public init(
    method: String, path: String, headers: [HeaderField] = [], body: [UInt8] = [], address: HostAddress? = nil
  ) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
    self.address = address
  }
}

public struct PlainReply: Sendable {
  public var status: Int
  public var headers: [HeaderField]
  public var body: [UInt8]

  public init(status: Int, headers: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// What an actor sends. `.text` need not be UTF-8: a server has to cope.
public enum Sent: Sendable, Equatable {
  case text([UInt8])
  case binary([UInt8])
  case ping([UInt8])
  case pong([UInt8])
  /// Bytes written past the framing.
  case raw([UInt8])
}

/// What an actor hears.
public enum Heard: Sendable, Equatable {
  case opened(subprotocol: String?)
  case refused(status: Int, body: [UInt8])
  case text([UInt8])
  case binary([UInt8])
  case pong([UInt8])
  /// A close frame; `code` nil if it had none.
  case closed(code: UInt16?, reason: [UInt8])
  /// The connection is gone without a close frame.
  case dropped
}
