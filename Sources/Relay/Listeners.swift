import Reactor

/// Whom the connections of a listener are for.
public enum ListenerPurpose: Equatable, Sendable {
  /// For the mount at whose route the request is.
  case everyMount
  /// For this mount alone, at any path: its position.
  case mount(Int)
  /// For whoever runs the relay.
  case `operator`
}

/// The sockets that newcomers connect to.
struct Listeners: ~Copyable {
  private var boxes: [ListenerBox] = []
  private var purposes: [ListenerPurpose] = []

  var count: Int { boxes.count }
  var addresses: [(address: SocketAddress, purpose: ListenerPurpose)] {
    zip(boxes, purposes).map { ($0.listener.address, $1) }
  }

  mutating func append(_ listener: consuming Listener, for purpose: ListenerPurpose) {
    boxes.append(ListenerBox(listener))
    purposes.append(purpose)
  }

  subscript(index: Int) -> ListenerBox { boxes[index] }

  /// What a listener is for, also once they are closed.
  func purpose(of index: Int) -> ListenerPurpose { purposes[index] }

  /// Closes them all; the kernel refuses newcomers from then on.
  mutating func removeAll() { boxes.removeAll() }
}

/// A listener on the heap, because arrays hold copyable elements only.
final class ListenerBox {
  var listener: Listener
  init(_ listener: consuming Listener) { self.listener = listener }
}
