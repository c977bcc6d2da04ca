import LuaHost

/// What a mount knows of one hook of one script.
public struct HookRecord: Sendable {
  /// Of the calls that were timed.
  public internal(set) var durations = DurationHistogram()
  /// By cause, in the order of `ScriptError.Cause.allCases`.
  public internal(set) var failures = [UInt64](repeating: 0, count: ScriptError.Cause.allCases.count)
}

/// How long the hooks of a mount take, by script, over all of its versions.
public struct HookTimes: Sendable {
  /// Of so many on_message one is timed, as two looks at the clock for each message would be felt.
  public static let messagesPerSample = 16
  /// By their places in `Row.records`.
  public static let hooks =
    (0..<Int(LH_HOOK_COUNT.rawValue)).map { number in
      unsafe String(cString: lh_hook_name(lh_hook(UInt32(number))))
    } + ["timer"]
  static let timer = hooks.count - 1

  /// The hooks of one script.
  public struct Row: Sendable {
    public let script: String
    public let isPlugin: Bool
    /// Nil for those that have not run.
    public internal(set) var records = [HookRecord?](repeating: nil, count: HookTimes.hooks.count)
  }

  /// A script that has another version by now has the same row.
  public private(set) var rows: [Row] = []

  /// The rows of a version's scripts, in their order.
  mutating func places(of scripts: Scripts) -> [Int] {
    scripts.all.map { script in
      if let known = rows.firstIndex(where: { $0.script == script.name && $0.isPlugin == script.isPlugin }) {
        return known
      }
      rows.append(Row(script: script.name, isPlugin: script.isPlugin))
      return rows.count - 1
    }
  }

  mutating func note(_ hook: Int, at place: Int, nanoseconds: UInt64) {
    if rows[place].records[hook] == nil { rows[place].records[hook] = HookRecord() }
    rows[place].records[hook]?.durations.note(nanoseconds: nanoseconds)
  }

  mutating func noteFailure(_ hook: Int, at place: Int, _ cause: ScriptError.Cause) {
    if rows[place].records[hook] == nil { rows[place].records[hook] = HookRecord() }
    guard let position = ScriptError.Cause.allCases.firstIndex(of: cause) else { return }
    rows[place].records[hook]?.failures[position] += 1
  }
}

extension Mount {
  /// Whether this on_message is one of those that are timed.
  @inline(__always)
  func isSampled() -> Bool {
    messagesUntilSample &-= 1
    if messagesUntilSample > 0 { return false }
    messagesUntilSample = HookTimes.messagesPerSample
    return true
  }

  /// Calls a hook of a version and notes how long its scripts have taken.
  @inline(never)
  func timed<Answer>(
    _ hook: Int, _ host: borrowing ScriptHost, _ places: [Int], _ body: (borrowing ScriptHost) -> Answer
  ) -> Answer {
    host.time()
    let answer = body(host)
    for (position, place) in places.enumerated() {
      let nanoseconds = host.elapsed(position)
      if nanoseconds > 0 { hookTimes.note(hook, at: place, nanoseconds: nanoseconds) }
    }
    return answer
  }

  /// A hook of the script that ran last has failed.
  func noteFailure(of hook: String, _ error: ScriptError, in version: borrowing ScriptVersion) {
    let number = HookTimes.hooks.firstIndex(of: hook) ?? HookTimes.timer
    hookTimes.noteFailure(number, at: version.places[version.host.runningScript], error.cause)
  }
}
