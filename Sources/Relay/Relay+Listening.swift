import Glibc
import Policy
import Reactor

/// A listener that is to be there.
struct ListenerWish {
  let address: ListenAddress
  let purpose: ListenerPurpose

  /// Those of an arrangement whose mounts are in this table.
  static func all(_ wanted: Arrangement, _ mounts: MountTable) throws(ListenerRefusal) -> [ListenerWish] {
    var texts = wanted.listen.map { ($0, ListenerPurpose.everyMount) }
    for entry in wanted.mounts {
      guard let index = mounts.index(of: entry.mount) else { continue }
      texts += entry.route.listen.map { ($0, .mount(index)) }
    }
    if let admin = wanted.admin { texts.append((admin, .operator)) }
    return try texts.map { text, purpose throws(ListenerRefusal) in
      do throws(SystemError) {
        return ListenerWish(address: try ListenAddress(parsing: text), purpose: purpose)
      } catch {
        throw ListenerRefusal(address: text, reason: error.description)
      }
    }
  }
}

extension Relay {
  /// The addresses really bound, and what for.
  public var addresses: [(address: SocketAddress, purpose: ListenerPurpose)] { listeners.addresses }

  /// The same in words.
  public var listening: [String] { addresses.map { Self.told($0.address, $0.purpose, mounts) } }

  private static func told(_ address: SocketAddress, _ purpose: ListenerPurpose, _ mounts: MountTable) -> String {
    switch purpose {
    case .everyMount: "listening on ws://\(address)"
    case .mount(let index): "listening on ws://\(address) (\(mounts[index].scripts.policy.name) only)"
    case .operator: "admin on http://\(address)/status, the dashboard on http://\(address)/"
    }
  }

  /// Opens the listeners that are lacking, then closes those that nobody wants: all of it or, when one cannot be
  /// opened, nothing. Answers what it has done, in words.
  func relisten(_ wishes: [ListenerWish], _ mounts: MountTable) throws(ListenerRefusal) -> [String] {
    var spare = listeners.places
    let (lacking, moved) = match(wishes, &spare)
    var told: [String] = []
    for place in try open(lacking) { told += words(place, mounts) }
    for (place, purpose) in moved {
      listeners[place]?.purpose = purpose
      told += words(place, mounts)
    }
    for place in spare {
      if let box = listeners[place] { told.append("no longer listening on \(box.listener.address)") }
      listeners.remove(place)
    }
    return told
  }

  private func words(_ place: Int, _ mounts: MountTable) -> [String] {
    listeners[place].map { [Self.told($0.listener.address, $0.purpose, mounts)] } ?? []
  }

  /// Takes what is open and wanted out of `spare`. Answers the wishes that nothing open fulfils, and the places of
  /// listeners that are for somebody else from now on.
  private func match(
    _ wishes: [ListenerWish], _ spare: inout [Int]
  ) -> (lacking: [ListenerWish], moved: [(Int, ListenerPurpose)]) {
    func take(_ wish: ListenerWish, _ spare: inout [Int], _ isFit: (ListenerBox) -> Bool) -> Int? {
      let found = spare.firstIndex { place in
        guard let box = listeners[place] else { return false }
        let isSame = box.wanted.address == wish.address.address && box.wanted.bothFamilies == wish.address.bothFamilies
        return isSame && isFit(box)
      }
      return found.map { spare.remove(at: $0) }
    }
    let unmet = wishes.filter { wish in take(wish, &spare) { $0.purpose == wish.purpose } == nil }
    var lacking: [ListenerWish] = []
    var moved: [(Int, ListenerPurpose)] = []
    for wish in unmet {
      // Port 0 is another one each time.
      if wish.address.address.port != 0, let place = take(wish, &spare, { _ in true }) {
        moved.append((place, wish.purpose))
      } else {
        lacking.append(wish)
      }
    }
    return (lacking, moved)
  }

  private func open(_ wishes: [ListenerWish]) throws(ListenerRefusal) -> [Int] {
    var places: [Int] = []
    for wish in wishes {
      do throws(SystemError) {
        places.append(try open(wish))
      } catch {
        for place in places { listeners.remove(place) }
        throw ListenerRefusal(address: wish.address.description, reason: reason(of: error, wish))
      }
    }
    return places
  }

  /// Answers its place.
  @discardableResult
  func open(_ wish: ListenerWish) throws(SystemError) -> Int {
    let box = try ListenerBox(on: wish.address, for: wish.purpose)
    box.listener.limitSendBuffers(bytes: limits.socketBytes)
    let place = listeners.insert(box)
    do throws(SystemError) {
      let token = Token(slot: Source.listenersFrom + UInt32(place), generation: 0)
      try reactor.add(box.listener.descriptor, .reading, token)
    } catch {
      listeners.remove(place)
      throw error
    }
    return place
  }

  /// Another program may have the port, or the relay itself, by an address that takes the wanted one in.
  private func reason(of error: SystemError, _ wish: ListenerWish) -> String {
    let own = listeners.addresses.first { $0.address.port == wish.address.address.port }
    guard error.code == EADDRINUSE, let own else { return error.description }
    return "cannot listen on \(wish.address.address) while this relay listens on \(own.address): take that address "
      + "away first, or restart"
  }
}
