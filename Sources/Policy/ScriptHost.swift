import Glibc
import Lobby
import LuaHost

/// One version of a policy and its plugins, loaded: a Lua state behind the C boundary.
///
/// Invariant: `raw` is open until deinit; `core` outlives it.
@safe
struct ScriptHost: ~Copyable {
  private let raw: OpaquePointer

  private init(_ raw: OpaquePointer) { unsafe self.raw = raw }

  /// Loads the scripts into a fresh state. Calls from them go to `core`, which must stay where it is.
  static func load(
    _ scripts: Scripts, settings: [(name: String, value: String)], limits: MountLimits,
    core: UnsafeMutablePointer<MountCore>, coverage: Coverage?
  ) throws(ScriptError) -> ScriptHost {
    var luaLimits = lh_limits(limits)
    guard let raw = unsafe open(&luaLimits, core, coverage) else {
      throw ScriptError(LH_OUT_OF_MEMORY, "\(scripts.policy.path): not enough memory to open a Lua state")
    }
    let host = unsafe ScriptHost(raw)
    let status = unsafe load(raw, scripts, settings)
    if status != LH_DONE {
      // The scripts are loaded one after the other: this is how far it came.
      let failed = unsafe lh_host_running(raw)
      throw ScriptError(host.error(status), in: (scripts.plugins + [scripts.policy])[failed])
    }
    return host
  }

  deinit { _ = unsafe lh_host_close(raw) }

  /// A fresh state whose scripts call `core`, which must stay where it is; nil when there is no memory for it.
  /// `coverage` outlives it.
  static func open(
    _ limits: inout lh_limits, _ core: UnsafeMutablePointer<MountCore>, _ coverage: Coverage?
  ) -> OpaquePointer? {
    let seed = unsafe (core.pointee.random.next(), core.pointee.random.next())
    var callbacks = unsafe lh_callbacks(
      context: core, dispatch: dispatch, resolve: resolve, log: log, seed: seed, coverage: coverage?.raw)
    return unsafe lh_host_open(&limits, &callbacks)
  }

  private static func load(
    _ raw: OpaquePointer, _ scripts: Scripts, _ settings: [(name: String, value: String)]
  ) -> lh_status {
    // C borrows all of these while it loads.
    var given = unsafe settings.map { unsafe lh_setting(name: strdup($0.name), value: strdup($0.value), used: false) }
    let all = scripts.plugins + [scripts.policy]
    let chunks = unsafe all.map { script in
      let source = UnsafeMutablePointer<UInt8>.allocate(capacity: script.source.count + 1)
      unsafe source.initialize(from: script.source + [0], count: script.source.count + 1)
      return unsafe lh_chunk(
        plugin: script.isPlugin ? strdup(script.name) : nil, source: source, count: script.source.count,
        chunk_name: strdup("@" + script.path))
    }
    defer {
      for index in unsafe given.indices {
        unsafe free(UnsafeMutableRawPointer(mutating: given[index].name))
        unsafe free(UnsafeMutableRawPointer(mutating: given[index].value))
      }
      for index in unsafe chunks.indices {
        unsafe free(UnsafeMutableRawPointer(mutating: chunks[index].plugin))
        unsafe free(UnsafeMutableRawPointer(mutating: chunks[index].chunk_name))
        unsafe chunks[index].source.deallocate()
      }
    }
    let count = unsafe given.count
    return unsafe given.withUnsafeMutableBufferPointer { given in
      unsafe lh_host_load(raw, chunks, chunks.count, given.baseAddress, count)
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

  @inline(__always)
  borrowing func takeLasted() -> Bool { unsafe lh_host_take_lasted(raw) }

  /// How many scripts have this hook.
  borrowing func chain(_ hook: lh_hook) -> Int { unsafe lh_host_chain(raw, hook) }

  /// Which script a link of the chain belongs to, by its position.
  borrowing func script(_ hook: lh_hook, _ link: Int) -> Int { unsafe lh_host_link_script(raw, hook, link) }

  /// Runs a hook in one script of its chain; the verdict tells whether that has dealt with the event.
  borrowing func callLink(
    _ hook: lh_hook, _ link: Int, _ arguments: UnsafePointer<lh_value>, _ count: Int
  ) -> (lh_status, verdict: Bool) {
    var verdict = false
    let status = unsafe lh_host_call_link(raw, hook, link, arguments, count, &verdict)
    return (status, verdict)
  }

  /// Whom a plugin has refused and why, after LH_REFUSED.
  borrowing func refusal() -> (peer: PeerRef, reason: [UInt8]) {
    unsafe withUnsafeTemporaryAllocation(of: lh_value.self, capacity: 1) { peer in
      let reason = unsafe String(cString: lh_host_refusal(raw, peer.baseAddress))
      return unsafe (PeerRef(slot: peer[0].slot, generation: peer[0].generation), Array(reason.utf8))
    }
  }

  borrowing func error(_ status: lh_status) -> ScriptError {
    unsafe ScriptError(status, String(cString: lh_host_error(raw)))
  }

  /// Tells every name that scripts can use.
  borrowing func list(_ context: UnsafeMutableRawPointer, _ visit: lh_name) { unsafe lh_host_list(raw, context, visit) }

  /// Has the next hook call timed.
  borrowing func time() { unsafe lh_host_time(raw) }

  /// How long a script, by its position, has run in that call, in nanoseconds; 0 if it has not.
  borrowing func elapsed(_ position: Int) -> UInt64 { unsafe lh_host_elapsed(raw, position) }

  /// The position of the script that ran last.
  var runningScript: Int { unsafe lh_host_running(raw) }

  /// Memory of the Lua state, in bytes.
  var memory: Int { unsafe lh_host_memory(raw) }
}

/// What C calls when Lua calls the relay. The frame is gone before C raises anything.
private let dispatch: lh_dispatch = { context, call in
  guard let context = unsafe context, let call = unsafe call else { return false }
  return unsafe context.assumingMemoryBound(to: MountCore.self).pointee.perform(call)
}

/// What C calls for `require(name)`.
private let resolve: lh_resolve = { context, name, length, source in
  guard let context = unsafe context, let name = unsafe name, let source = unsafe source else { return false }
  let bytes = unsafe UnsafeRawBufferPointer(start: name, count: length)
  return unsafe context.assumingMemoryBound(to: MountCore.self).pointee.modules.find(
    String(decoding: bytes, as: UTF8.self), &source.pointee)
}

/// What C calls for `print`.
private let log: lh_log = { context, line, length in
  guard let context = unsafe context else { return }
  let text = unsafe String(decoding: UnsafeRawBufferPointer(start: line, count: length), as: UTF8.self)
  unsafe context.assumingMemoryBound(to: MountCore.self).pointee.report(.script(level: "info", text: text))
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
