import HTTP
import Lobby

/// What a mount is told.
public enum MountInput: Sendable {
  case upgrade(RequestHead, subprotocols: [String], address: String)
  case request(RequestHead, address: String)
  case connect(outlet: UInt32, address: String)
  case message(outlet: UInt32, isBinary: Bool, [UInt8])
  /// on_disconnect is still to run, with `departures`. Of a lost connection not even the socket is left.
  case disconnect(outlet: UInt32, isLost: Bool, code: UInt16, reason: String)
  case departures
  /// A timer runs, which was due at `due` in monotonic milliseconds.
  case timer(name: [UInt8], due: UInt64)
}

/// What it answers its caller.
public enum MountAnswer: Sendable {
  case none
  case upgrade(UpgradeVerdict)
  case request(RequestAnswer?)
  /// Who has the connection.
  case connect(PeerRef)

  /// For events whose caller is answered nothing that matters.
  static func nothing<Answer>(_ answer: Answer) -> MountAnswer { .none }
}

/// Is told of every event of a mount before and after it, except of a `disconnect` at once, which no relay does.
public protocol MountObserver: AnyObject {
  /// Whether it cannot follow a mount that runs several versions at once.
  var wantsOneVersion: Bool { get }

  func begins(_ input: MountInput, milliseconds: UInt64, wallSeconds: Double)

  /// `drawn` is what the event has drawn from a random source that notes it.
  func ends(_ answer: MountAnswer, drawn: [UInt64])
}

/// Is told of all frames for connections, once they are certain to be sent.
public protocol OutboxObserver: AnyObject {
  /// Whole frames, valid until this returns.
  func sends(_ frames: UnsafeMutableRawBufferPointer, to outlet: UInt32)
}

extension Mount {
  /// Tells `newcomer` as well from the next event on.
  public func addObserver(_ newcomer: any MountObserver) { observers.append(newcomer) }

  /// Outside any event.
  public func removeObserver(_ leaver: any MountObserver) { observers.removeAll { $0 === leaver } }

  /// Does what an event asks for, in sight of the observers if there are any.
  @inline(__always)
  func observed<Answer>(
    _ input: @autoclosure () -> MountInput, _ answer: (Answer) -> MountAnswer, _ body: () -> Answer
  ) -> Answer {
    if !isObserved { return body() }
    let (now, wallSeconds) = unsafe (core.pointee.now, core.pointee.wallSeconds)
    let told = input()
    for observer in observers { observer.begins(told, milliseconds: now, wallSeconds: wallSeconds) }
    let result = body()
    let (said, drawn) = (answer(result), takeDrawn())
    for observer in observers { observer.ends(said, drawn: drawn) }
    return result
  }

  /// What the scripts have drawn since this was last asked, from a random source that notes it.
  public func takeDrawn() -> [UInt64] { unsafe core.pointee.random.takeDrawn() }

  /// Lets the scripts draw these numbers next.
  public func supply(_ numbers: [UInt64]) { unsafe core.pointee.random.supply(numbers) }
}
