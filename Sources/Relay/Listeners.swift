import Reactor

/// Whom the connections of a listener are for.
public enum ListenerPurpose: Equatable, Sendable {
  /// For the mount at whose route the request is.
  case everyMount
  /// For this mount alone, at any path: its index.
  case mount(Int)
  /// For whoever runs the relay.
  case `operator`
}

/// The sockets that newcomers connect to, by places that are used again.
struct Listeners: ~Copyable {
  private var boxes: [ListenerBox?] = []

  /// The places of those that are open.
  var places: [Int] { boxes.indices.filter { boxes[$0] != nil } }

  var addresses: [(address: SocketAddress, purpose: ListenerPurpose, isEncrypted: Bool)] {
    boxes.compactMap { box in box.map { ($0.listener.address, $0.purpose, $0.wanted.isEncrypted) } }
  }

  /// Answers the place.
  mutating func insert(_ box: ListenerBox) -> Int {
    if let free = boxes.firstIndex(where: { $0 == nil }) {
      boxes[free] = box
      return free
    }
    boxes.append(box)
    return boxes.count - 1
  }

  /// Nil when the listener is closed.
  subscript(place: Int) -> ListenerBox? { place < boxes.count ? boxes[place] : nil }

  /// Closes one; the kernel refuses newcomers from then on.
  mutating func remove(_ place: Int) { boxes[place] = nil }
}

/// A listener on the heap, because arrays hold copyable elements only.
final class ListenerBox {
  var listener: Listener
  var wanted: ListenAddress
  var purpose: ListenerPurpose

  /// Opens it, unless it has been opened before.
  init(
    on wanted: ListenAddress, for purpose: ListenerPurpose, _ inherited: InheritedSocket? = nil
  ) throws(SystemError) {
    if let inherited { listener = Listener(inherited) } else { listener = try Listener(on: wanted) }
    self.wanted = wanted
    self.purpose = purpose
  }
}
