import Glibc
import LuaHost

/// A host as the tests use it, with a relay behind it that answers whatever it is asked with something plausible.
final class Host {
  private final class Relay {
    var calls = 0
    var lines = 0
    /// Lent to C.
    let text = strdup("some text")!
    let module = strdup("return { name = 'module', items = { 1, 2, 3 } }")!
    let moduleName = strdup("@module.lua")!
    let list = UnsafeMutablePointer<lh_value>.allocate(capacity: 5)
    /// Results by operation, as api.def writes them.
    let results = withUnsafeBytes(of: lh_api_rows) { rows in
      rows.bindMemory(to: lh_api_row.self).map { String(cString: $0.results).replacing("?", with: "") }
    }

    deinit {
      free(text)
      free(module)
      free(moduleName)
      list.deallocate()
    }
  }

  private let pointer: OpaquePointer
  private let relay = Relay()

  init?(memory: Int = 0) {
    var limits = lh_limits(
      memory_bytes: memory, hook_instructions: 0, hook_nanoseconds: 0, load_instructions: 0, load_nanoseconds: 0)
    var callbacks = lh_callbacks()
    callbacks.context = Unmanaged.passUnretained(relay).toOpaque()
    callbacks.seed = (1, 2)
    callbacks.dispatch = { context, call in
      Host.answer(Unmanaged<Relay>.fromOpaque(context!).takeUnretainedValue(), call!)
    }
    callbacks.resolve = { context, _, _, source in
      let relay = Unmanaged<Relay>.fromOpaque(context!).takeUnretainedValue()
      source!.pointee.bytes = UnsafePointer(relay.module)
      source!.pointee.length = strlen(relay.module)
      source!.pointee.chunk_name = UnsafePointer(relay.moduleName)
      return true
    }
    callbacks.log = { context, _, _ in Unmanaged<Relay>.fromOpaque(context!).takeUnretainedValue().lines += 1 }
    guard let opened = lh_host_open(&limits, &callbacks) else { return nil }
    pointer = opened
  }

  /// Bytes that stayed accounted for.
  func close() -> Int { lh_host_close(pointer) }

  var sandbox: OpaquePointer { lh_host_sandbox(pointer) }
  var allocations: UInt64 { lh_sandbox_allocations(sandbox) }
  func fail(from allocation: UInt64) { lh_sandbox_fail_from(sandbox, allocation) }
  var error: String { String(cString: lh_host_error(pointer)) }
  var bytes: Int { lh_host_memory(pointer) }
  var calls: Int { relay.calls }
  var lines: Int { relay.lines }

  func load(_ source: String, settings: [(String, String)] = []) -> lh_status {
    var given = settings.map { lh_setting(name: strdup($0.0), value: strdup($0.1), used: false) }
    defer {
      for setting in given {
        free(UnsafeMutableRawPointer(mutating: setting.name))
        free(UnsafeMutableRawPointer(mutating: setting.value))
      }
    }
    let name = strdup("@policy.lua")!
    let bytes = Array(source.utf8)
    defer { free(name) }
    return bytes.withUnsafeBufferPointer { bytes in
      var chunk = lh_chunk(plugin: nil, source: bytes.baseAddress, count: bytes.count, chunk_name: name)
      return lh_host_load(pointer, &chunk, 1, &given, given.count)
    }
  }

  func call(_ hook: lh_hook, _ arguments: [lh_value]) -> lh_status {
    lh_host_call(pointer, hook, arguments, arguments.count)
  }

  func callTimer(_ name: String, _ arguments: [lh_value]) -> lh_status {
    lh_host_call_timer(pointer, name, name.utf8.count, arguments, arguments.count)
  }

  /// One value of each kind that the operation may answer; refuses closes of code 1000.
  private static func answer(_ relay: Relay, _ call: UnsafeMutablePointer<lh_call>) -> Bool {
    relay.calls += 1
    if call.pointee.operation == LH_OP_PEER_CLOSE.rawValue, call.pointee.arguments.1.integer == 1000 {
      withUnsafeMutableBytes(of: &call.pointee.error) { $0.copyBytes(from: "refused\0".utf8) }
      return false
    }
    var kind = "text"
    if Int(call.pointee.operation) < relay.results.count { kind = relay.results[Int(call.pointee.operation)] }
    if call.pointee.operation == LH_OP_SET_ATTRIBUTE.rawValue { kind = "" }
    if kind.hasSuffix("[]") {
      let each = kind.hasPrefix("peer") ? LH_PEER : LH_LOBBY
      for index in 0..<5 { (relay.list + index).initialize(to: value(each, slot: 100 + UInt32(index))) }
      call.pointee.results_are_list = true
      call.pointee.list = UnsafePointer(relay.list)
      call.pointee.list_count = 5
      return true
    }
    // "int..." answers as many as it was asked for.
    let kinds =
      kind.hasSuffix("...")
      ? Array(repeating: String(kind.dropLast(3)), count: Int(call.pointee.argument_count) - 1)
      : kind.split(separator: " ").map(String.init)
    call.pointee.result_count = UInt32(kinds.count)
    withUnsafeMutableBytes(of: &call.pointee.results) { bytes in
      for (place, kind) in kinds.enumerated() { bytes.bindMemory(to: lh_value.self)[place] = result(kind, relay) }
    }
    return true
  }

  private static func result(_ kind: String, _ relay: Relay) -> lh_value {
    var answer: lh_value
    switch kind {
    case "int", "id": answer = value(LH_INTEGER)
    case "num": answer = value(LH_NUMBER)
    case "bool": answer = value(LH_BOOL)
    case "peer": answer = value(LH_PEER, slot: 200 + UInt32(relay.calls % 50))
    case "lobby": answer = value(LH_LOBBY, slot: 200 + UInt32(relay.calls % 50))
    default: answer = value(LH_TEXT)
    }
    answer.integer = 1
    answer.number = 1.5
    answer.bytes = UnsafeRawPointer(relay.text).assumingMemoryBound(to: UInt8.self)
    answer.count = strlen(relay.text)
    return answer
  }

  static func value(_ kind: lh_kind, slot: UInt32 = 0) -> lh_value {
    var value = lh_value()
    value.kind = kind.rawValue
    value.slot = slot
    value.generation = 1
    return value
  }
}
