import CLinux

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
}
