import Glibc
import Lobby
import LuaHost

/// One version of a script, loaded: a Lua state behind the C boundary.
///
/// Invariant: `raw` is open until deinit; `core` outlives it.
@safe
struct ScriptHost: ~Copyable {
  private let raw: OpaquePointer
  let script: Script

  /// Loads a script into a fresh state. Calls from it go to `core`, which must stay where it is.
  init(
    _ script: Script, settings: [(name: String, value: String)], limits: MountLimits,
    core: UnsafeMutablePointer<MountCore>, modules: ModuleFolder
  ) throws(ScriptError) {
    let luaLimits = lh_limits(limits)
    let opened = unsafe withUnsafePointer(to: luaLimits) { unsafe lh_host_open($0, dispatch, resolve, core) }
    guard let opened = unsafe opened else {
      throw ScriptError(LH_OUT_OF_MEMORY, "\(script.path): not enough memory to open a Lua state")
    }
    unsafe raw = opened
    self.script = script
    unsafe core.pointee.modules = modules
    let status = unsafe Self.load(opened, script, settings)
    if status != LH_OK { throw unsafe ScriptError(status, String(cString: lh_host_error(opened))) }
  }

  deinit { unsafe lh_host_close(raw) }

  private static func load(
    _ raw: OpaquePointer, _ script: Script, _ settings: [(name: String, value: String)]
  ) -> lh_status {
    // C borrows the names and values while it loads.
    let copies = unsafe settings.map { unsafe (strdup($0.name), strdup($0.value)) }
    defer {
      for copy in unsafe copies {
        unsafe free(copy.0)
        unsafe free(copy.1)
      }
    }
    var given = unsafe copies.map { unsafe lh_setting(name: $0.0, value: $0.1, used: false) }
    let count = given.count
    return unsafe script.source.withUnsafeBufferPointer { source in
      unsafe given.withUnsafeMutableBufferPointer { given in
        unsafe lh_host_load(raw, source.baseAddress, source.count, "@" + script.path, given.baseAddress, count)
      }
    }
  }

  @inline(__always)
  borrowing func call(_ hook: lh_hook, _ arguments: UnsafePointer<lh_value>, _ count: Int) -> lh_status {
    unsafe lh_host_call(raw, hook, arguments, count)
  }

  borrowing func callTimer(_ name: [UInt8], _ arguments: UnsafePointer<lh_value>, _ count: Int) -> lh_status {
    unsafe name.withUnsafeBufferPointer { name in
      unsafe lh_host_call_timer(raw, name.baseAddress, name.count, arguments, count)
    }
  }

  borrowing func has(_ hook: lh_hook) -> Bool { unsafe lh_host_has_hook(raw, hook) }

  borrowing func error(_ status: lh_status) -> ScriptError {
    unsafe ScriptError(status, String(cString: lh_host_error(raw)))
  }

  /// Memory of the Lua state, in bytes.
  var memory: Int { unsafe lh_host_memory(raw) }
}

/// What C calls when Lua calls the relay. The frame is gone before C raises anything.
private let dispatch: lh_dispatch = { context, call in
  guard let context = unsafe context, let call = unsafe call else { return false }
  return unsafe context.assumingMemoryBound(to: MountCore.self).pointee.perform(call)
}

/// What C calls for `require(name)`.
private let resolve: lh_resolve = { context, name, source, count, chunkName, error in
  guard let context = unsafe context, let name = unsafe name else { return false }
  let core = unsafe context.assumingMemoryBound(to: MountCore.self)
  switch unsafe core.pointee.modules.find(String(cString: name)) {
  case .found(let text, let bytes, let chunk):
    unsafe source?.pointee = text
    unsafe count?.pointee = bytes
    unsafe chunkName?.pointee = chunk
    return true
  case .missing(let reason):
    guard let error = unsafe error else { return false }
    var copy = reason
    copy.withUTF8 { text in
      let length = min(text.count, Int(LH_ERROR_BYTES) - 1)
      for index in 0..<length { unsafe error[index] = CChar(bitPattern: text[index]) }
      unsafe error[length] = 0
    }
    return false
  }
}

extension lh_limits {
  init(_ limits: MountLimits) {
    self.init(
      memory_bytes: limits.scriptBytes,
      hook_instructions: UInt64(limits.hookInstructions),
      hook_nanoseconds: UInt64(limits.hookMilliseconds) * 1_000_000,
      load_instructions: UInt64(limits.loadInstructions),
      load_nanoseconds: UInt64(limits.loadMilliseconds) * 1_000_000)
  }
}
