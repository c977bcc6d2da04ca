#if arch(x86_64)
  import _Builtin_intrinsics.intel.sse2
#endif

/// 64 bytes of a JSON string body, sorted by what they may mean. Bit i of a set stands for byte i.
struct JSONBlock64: Equatable {
  /// `\`
  var backslashes: UInt64 = 0
  /// `"` and control characters.
  var stops: UInt64 = 0
  /// `"`, `n` and `r`: behind a backslash they make the most frequent escapes.
  var followers: UInt64 = 0

  /// All 64 bytes at `start` must be readable.
  @inline(__always)
  init(_ start: UnsafeRawPointer) {
    #if arch(x86_64)
      unsafe add(start, 0)
      unsafe add(start, 16)
      unsafe add(start, 32)
      unsafe add(start, 48)
    #else
      unsafe self.init(portable: start)
    #endif
  }

  #if arch(x86_64)
    @inline(__always)
    private mutating func add(_ start: UnsafeRawPointer, _ offset: Int) {
      let bytes = unsafe start.loadUnaligned(fromByteOffset: offset, as: SIMD2<Int64>.self)
      let quotes = _mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x2222_2222_2222_2222))
      let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, SIMD2(repeating: 0x1F1F_1F1F_1F1F_1F1F)), bytes)
      let feeds = _mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x6E6E_6E6E_6E6E_6E6E))
      let returns = _mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x7272_7272_7272_7272))
      backslashes |= Self.mask(_mm_cmpeq_epi8(bytes, SIMD2(repeating: 0x5C5C_5C5C_5C5C_5C5C))) &<< UInt64(offset)
      stops |= Self.mask(_mm_or_si128(quotes, controls)) &<< UInt64(offset)
      followers |= Self.mask(_mm_or_si128(quotes, _mm_or_si128(feeds, returns))) &<< UInt64(offset)
    }

    @inline(__always)
    private static func mask(_ lanes: SIMD2<Int64>) -> UInt64 {
      UInt64(UInt32(bitPattern: _mm_movemask_epi8(lanes)))
    }
  #endif

  /// The same without vector instructions.
  @inline(__always)
  init(portable start: UnsafeRawPointer) {
    for offset in 0..<8 {
      let bytes = unsafe UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset &* 8, as: UInt64.self))
      let shift = UInt64(offset &* 8)
      let quotes = JSONBlock.zeroes(bytes ^ 0x2222_2222_2222_2222)
      let controls = JSONBlock.zeroes(bytes & 0xE0E0_E0E0_E0E0_E0E0)
      let feeds = JSONBlock.zeroes(bytes ^ 0x6E6E_6E6E_6E6E_6E6E)
      let returns = JSONBlock.zeroes(bytes ^ 0x7272_7272_7272_7272)
      backslashes |= JSONBlock.gather(JSONBlock.zeroes(bytes ^ 0x5C5C_5C5C_5C5C_5C5C)) &<< shift
      stops |= JSONBlock.gather(quotes | controls) &<< shift
      followers |= JSONBlock.gather(quotes | feeds | returns) &<< shift
    }
  }

  /// Leaves out the first bytes, which belong to an escape that began before the block.
  @inline(__always)
  mutating func skip(_ count: Int) {
    backslashes &= ~0 &<< UInt64(count)
    stops &= ~0 &<< UInt64(count)
  }

  /// Whether the string goes on behind the block, every backslash in it begins an escape of two bytes that
  /// ends in it, and that escape is a frequent one. Anything else wants a closer look, not an error.
  @inline(__always)
  var isPlain: Bool {
    let escaped = backslashes &<< 1
    let odd = (backslashes & escaped) | (escaped & ~followers) | (stops & ~escaped) | (backslashes &>> 63)
    return odd == 0
  }
}
