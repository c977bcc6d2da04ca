import Bytes
import Lobby
import LuaHost

/// One call of the relay by a script, seen from Swift: arguments read, results written.
///
/// Invariant: `raw` is C's call structure, exclusive and alive for as long as this value is used; the
/// bytes of its arguments belong to Lua and stay where they are until the operation returns.
@unsafe
struct Call {
  let raw: UnsafeMutablePointer<lh_call>

  @inline(__always)
  func argument(_ index: Int) -> UnsafeMutablePointer<lh_value> {
    unsafe withUnsafeMutablePointer(to: &raw.pointee.arguments) { arguments in
      unsafe UnsafeMutableRawPointer(arguments).assumingMemoryBound(to: lh_value.self) + index
    }
  }

  var count: Int { unsafe Int(raw.pointee.argument_count) }

  /// Whether an argument was given and is not nil.
  func isGiven(_ index: Int) -> Bool { unsafe index < count && argument(index).pointee.kind != LH_NIL.rawValue }

  @inline(__always)
  func peer(_ index: Int) -> PeerRef {
    let value = unsafe argument(index)
    return unsafe PeerRef(slot: value.pointee.slot, generation: value.pointee.generation)
  }

  @inline(__always)
  func lobby(_ index: Int) -> LobbyRef {
    let value = unsafe argument(index)
    return unsafe LobbyRef(slot: value.pointee.slot, generation: value.pointee.generation)
  }

  func isPeer(_ index: Int) -> Bool { unsafe argument(index).pointee.kind == LH_PEER.rawValue }

  func integer(_ index: Int) -> Int64 { unsafe argument(index).pointee.integer }

  func number(_ index: Int) -> Double { unsafe argument(index).pointee.number }

  func bool(_ index: Int) -> Bool { unsafe argument(index).pointee.integer != 0 }

  func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    let value = unsafe argument(index)
    return unsafe UnsafeRawBufferPointer(start: value.pointee.bytes, count: value.pointee.count)
  }

  func array(_ index: Int) -> [UInt8] { unsafe [UInt8](bytes(index)) }

  /// Text for the relay's own use. Lua's strings are bytes: what is not UTF-8 is replaced.
  func string(_ index: Int) -> String { unsafe String(decoding: bytes(index), as: UTF8.self) }

  func memberID(_ index: Int) -> MemberID {
    unsafe argument(index).pointee.kind == LH_INTEGER.rawValue ? .integer(integer(index)) : .text(array(index))
  }

  func plain(_ index: Int) -> PlainValue? {
    switch unsafe lh_kind(argument(index).pointee.kind) {
    case LH_BOOL: unsafe .bool(bool(index))
    case LH_INTEGER: unsafe .integer(integer(index))
    case LH_NUMBER: unsafe .number(number(index))
    case LH_TEXT: unsafe .text(array(index))
    default: nil
    }
  }

  /// What the attributes or timers of argument `index` belong to.
  func subject(_ index: Int) -> Subject {
    switch unsafe lh_kind(argument(index).pointee.kind) {
    case LH_PEER: unsafe .peer(peer(index))
    case LH_LOBBY: unsafe .lobby(lobby(index))
    default: .mount
    }
  }

  var fieldCount: Int { unsafe Int(raw.pointee.field_count) }

  func field(_ index: Int) -> UnsafeMutablePointer<lh_field> {
    unsafe withUnsafeMutablePointer(to: &raw.pointee.fields) { fields in
      unsafe UnsafeMutableRawPointer(fields).assumingMemoryBound(to: lh_field.self) + index
    }
  }

  // MARK: Results

  /// The next result; each `answer` adds one.
  @inline(__always)
  private func result(_ kind: lh_kind) -> UnsafeMutablePointer<lh_value> {
    let position = unsafe Int(raw.pointee.result_count)
    precondition(position < Int(LH_RESULTS_MAX))
    unsafe raw.pointee.result_count += 1
    return unsafe withUnsafeMutablePointer(to: &raw.pointee.results) { results in
      let place = unsafe UnsafeMutableRawPointer(results).assumingMemoryBound(to: lh_value.self) + position
      unsafe place.pointee.kind = kind.rawValue
      return unsafe place
    }
  }

  func answerNil() { _ = unsafe result(LH_NIL) }

  func answer(_ flag: Bool) { unsafe result(LH_BOOL).pointee.integer = flag ? 1 : 0 }

  func answer(_ integer: Int64) { unsafe result(LH_INTEGER).pointee.integer = integer }

  func answer(_ number: Double) { unsafe result(LH_NUMBER).pointee.number = number }

  /// `bytes` must outlive the call: a part of the message, or of the result buffer.
  func answer(_ bytes: UnsafeRawBufferPointer) {
    let value = unsafe result(LH_TEXT)
    unsafe value.pointee.bytes = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe value.pointee.count = bytes.count
  }

  func answer(_ ref: PeerRef) {
    let value = unsafe result(LH_PEER)
    unsafe value.pointee.slot = ref.slot
    unsafe value.pointee.generation = ref.generation
  }

  func answer(_ ref: LobbyRef) {
    let value = unsafe result(LH_LOBBY)
    unsafe value.pointee.slot = ref.slot
    unsafe value.pointee.generation = ref.generation
  }

  func answer(copying bytes: [UInt8], in buffer: inout ResultBuffer) {
    let room = unsafe buffer.text(count: bytes.count)
    unsafe room.copyBytes(from: bytes)
    unsafe answer(UnsafeRawBufferPointer(room))
  }

  func answer(copying text: String, in buffer: inout ResultBuffer) {
    unsafe answer(copying: [UInt8](text.utf8), in: &buffer)
  }

  func answer(_ value: PlainValue?, in buffer: inout ResultBuffer) {
    switch value {
    case nil: unsafe answerNil()
    case .bool(let flag): unsafe answer(flag)
    case .integer(let integer): unsafe answer(integer)
    case .number(let number): unsafe answer(number)
    case .text(let bytes): unsafe answer(copying: bytes, in: &buffer)
    }
  }

  func answer(_ id: MemberID?, in buffer: inout ResultBuffer) {
    switch id {
    case nil: unsafe answerNil()
    case .integer(let integer): unsafe answer(integer)
    case .text(let bytes): unsafe answer(copying: bytes, in: &buffer)
    }
  }

  func answer(list peers: [PeerRef], in buffer: inout ResultBuffer) {
    let room = unsafe buffer.values(count: peers.count)
    for (index, peer) in peers.enumerated() { unsafe room[index] = lh_value(peer) }
    unsafe answer(list: room)
  }

  func answer(list lobbies: [LobbyRef], in buffer: inout ResultBuffer) {
    let room = unsafe buffer.values(count: lobbies.count)
    for (index, lobby) in lobbies.enumerated() { unsafe room[index] = lh_value(lobby) }
    unsafe answer(list: room)
  }

  private func answer(list: UnsafeMutableBufferPointer<lh_value>) {
    unsafe raw.pointee.results_are_list = true
    unsafe raw.pointee.list = UnsafePointer(list.baseAddress)
    unsafe raw.pointee.list_count = list.count
  }

  /// Writes why the operation is refused; C raises it.
  func refuse(_ message: String) {
    unsafe withUnsafeMutableBytes(of: &raw.pointee.error) { room in
      let count = min(room.count - 1, message.utf8.count)
      unsafe room.copyBytes(from: message.utf8.prefix(count))
      unsafe room[count] = 0
    }
  }
}

extension lh_value {
  init(kind: lh_kind) {
    unsafe self.init()
    unsafe self.kind = kind.rawValue
  }

  init(_ peer: PeerRef) {
    unsafe self.init(kind: LH_PEER)
    unsafe slot = peer.slot
    unsafe generation = peer.generation
  }

  init(_ lobby: LobbyRef) {
    unsafe self.init(kind: LH_LOBBY)
    unsafe slot = lobby.slot
    unsafe generation = lobby.generation
  }

  init(_ integer: Int64) {
    unsafe self.init(kind: LH_INTEGER)
    unsafe self.integer = integer
  }
}

extension lh_value {
  init(_ subject: Subject) {
    switch subject {
    case .peer(let peer): unsafe self.init(peer)
    case .lobby(let lobby): unsafe self.init(lobby)
    case .mount: unsafe self.init(kind: LH_MOUNT)
    }
  }

  /// A plain value, whose text, if it is one, C finds at `text`.
  init(_ value: PlainValue, textAt text: UnsafePointer<UInt8>?) {
    switch value {
    case .bool(let flag):
      unsafe self.init(kind: LH_BOOL)
      unsafe integer = flag ? 1 : 0
    case .integer(let integer): unsafe self.init(integer)
    case .number(let number):
      unsafe self.init(kind: LH_NUMBER)
      unsafe self.number = number
    case .text(let bytes):
      unsafe self.init(kind: LH_TEXT)
      unsafe self.bytes = text
      unsafe count = bytes.count
    }
  }
}
