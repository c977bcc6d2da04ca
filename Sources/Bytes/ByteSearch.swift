import CLinux
import Glibc

/// Plain search in bytes.
public enum ByteSearch {
  /// Where `wanted` begins in `bytes`, the first time; an empty one begins at 0. memmem(3)
  public static func first(_ wanted: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let needle = wanted.baseAddress, wanted.count > 0 else {
      return wanted.count == 0 ? 0 : nil
    }
    guard let found = unsafe linux_memmem(start, bytes.count, needle, wanted.count) else { return nil }
    return unsafe UnsafeRawPointer(found) - start
  }

  /// Whether both are the same bytes. memcmp(3)
  public static func isEqual(_ left: UnsafeRawBufferPointer, to right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let one = left.baseAddress, let other = right.baseAddress else { return true }
    return unsafe memcmp(one, other, left.count) == 0
  }
}
