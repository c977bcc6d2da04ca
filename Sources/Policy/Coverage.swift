import LuaHost

/// Which lines of Lua files have run, in all mounts and tests that were given this.
@safe
public final class Coverage {
  /// Invariant: open until deinit; every state that notes its lines here keeps this value.
  let raw: OpaquePointer

  /// Nil when there is not enough memory.
  public init?() {
    guard let opened = unsafe lh_coverage_open() else { return nil }
    unsafe raw = opened
  }

  deinit { unsafe lh_coverage_close(raw) }

  /// The lines that have run, by file.
  public var files: [String: Set<Int>] {
    var found = FoundLines()
    unsafe withUnsafeMutablePointer(to: &found) { found in
      unsafe lh_coverage_visit(raw, found) { context, name, ran, count in
        guard let name = unsafe name, let found = unsafe context?.assumingMemoryBound(to: FoundLines.self) else {
          return
        }
        let lines = unsafe UnsafeBufferPointer(start: ran, count: count)
        // Chunks of files are named "@path".
        let path = unsafe String(cString: name + 1)
        unsafe found.pointee.files[path] = Set(lines.indices.filter { unsafe lines[$0] }.map { $0 + 1 })
      }
    }
    return found.files
  }

  /// The lines of a Lua file on which something can run; nil when it does not compile.
  public static func executableLines(_ source: [UInt8]) -> Set<Int>? {
    var found = FoundLines()
    let isSound = unsafe withUnsafeMutablePointer(to: &found) { found in
      unsafe source.withUnsafeBytes { bytes in
        let text = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        return unsafe lh_executable_lines(text, bytes.count, found) { context, line in
          _ = unsafe context?.assumingMemoryBound(to: FoundLines.self).pointee.lines.insert(Int(line))
        }
      }
    }
    return isSound ? found.lines : nil
  }
}

/// What C hands out piece by piece.
private struct FoundLines {
  var files: [String: Set<Int>] = [:]
  var lines: Set<Int> = []
}
