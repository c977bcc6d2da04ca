/// What the owner of a descriptor gets back with each of its events: where it keeps the thing, and which
/// inhabitant of that place was meant.
///
/// A slot that is freed and given to a newcomer gets a new generation. Events still on their way to the former
/// inhabitant carry the old one, and the owner skips them.
public struct Token: Hashable, Sendable {
  public let slot: UInt32
  public let generation: UInt32

  @inlinable
  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  /// As it travels in `epoll_data`.
  var bits: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  init(bits: UInt64) {
    slot = UInt32(truncatingIfNeeded: bits)
    generation = UInt32(truncatingIfNeeded: bits >> 32)
  }
}
