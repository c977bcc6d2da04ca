import Lobby
import LuaHost

/// Keeps what an operation answers alive until C has copied it into Lua, right after the call.
@safe
struct ResultBuffer: ~Copyable {
  /// Invariant: both blocks have the capacity beside them.
  private var bytes: UnsafeMutablePointer<UInt8>
  private var bytesCapacity = 256
  private var list: UnsafeMutablePointer<lh_value>
  private var listCapacity = 16

  init() {
    unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    unsafe list = UnsafeMutablePointer<lh_value>.allocate(capacity: 16)
  }

  deinit {
    unsafe bytes.deallocate()
    unsafe list.deallocate()
  }

  /// Room for a text of `count` bytes.
  mutating func text(count: Int) -> UnsafeMutableRawBufferPointer {
    if count > bytesCapacity || bytesCapacity > 1 << 16 {
      unsafe bytes.deallocate()
      bytesCapacity = max(count, 256)
      unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: bytesCapacity)
    }
    return unsafe UnsafeMutableRawBufferPointer(start: bytes, count: count)
  }

  /// Room for a list of `count` values, all nil.
  mutating func values(count: Int) -> UnsafeMutableBufferPointer<lh_value> {
    if count > listCapacity {
      unsafe list.deallocate()
      listCapacity = max(count, listCapacity * 2)
      unsafe list = UnsafeMutablePointer<lh_value>.allocate(capacity: listCapacity)
    }
    let room = unsafe UnsafeMutableBufferPointer(start: list, count: count)
    unsafe room.initialize(repeating: lh_value())
    return unsafe room
  }
}
