#if arch(x86_64)
  import _Builtin_intrinsics.intel.sse2
#endif

/// Finds the bytes that end or interrupt a JSON string body: `"`, `\` and everything below 0x20.
///
/// Bit i of an answer stands for byte i. Swift's own SIMD comparisons compile to a loop over the lanes,
/// so x86-64 names the SSE2 instructions; other machines use 64-bit arithmetic.
enum JSONBlock {
  /// The special ones among the 16 bytes at `start`, all of which must be readable.
  @inline(__always)
  static func special16(_ start: UnsafeRawPointer) -> UInt64 {
    #if arch(x86_64)
      let bytes = unsafe start.loadUnaligned(as: SIMD2<Int64>.self)
      let quotes = _mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x2222_2222_2222_2222))
      let backslashes = _mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x5C5C_5C5C_5C5C_5C5C))
      let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, SIMD2(repeating: 0x1F1F_1F1F_1F1F_1F1F)), bytes)
      let special = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls)
      return UInt64(UInt32(bitPattern: _mm_movemask_epi8(special)))
    #else
      return unsafe portable16(start)
    #endif
  }

  /// `special16` without vector instructions.
  @inline(__always)
  static func portable16(_ start: UnsafeRawPointer) -> UInt64 {
    unsafe portable8(start.loadUnaligned(as: UInt64.self))
      | portable8((start + 8).loadUnaligned(as: UInt64.self)) &<< 8
  }

  @inline(__always)
  private static func portable8(_ loaded: UInt64) -> UInt64 {
    let bytes = UInt64(littleEndian: loaded)
    return gather(
      zeroes(bytes ^ 0x2222_2222_2222_2222) | zeroes(bytes ^ 0x5C5C_5C5C_5C5C_5C5C)
        | zeroes(bytes & 0xE0E0_E0E0_E0E0_E0E0))
  }

  /// The top bit of every byte, gathered into one byte; the others are zero.
  @inline(__always)
  static func gather(_ tops: UInt64) -> UInt64 { ((tops &>> 7) &* 0x0102_0408_1020_4080) &>> 56 }

  /// 0x80 in every byte that is zero; no carry leaves a byte, so the answer is exact.
  @inline(__always)
  static func zeroes(_ bytes: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~(((bytes & low) &+ low) | bytes | low)
  }
}
