import Policy

/// What a reload has come to, and when.
struct NotedReload {
  /// In seconds since 1970.
  let at: Double
  let outcome: ReloadOutcome

  var json: JSON {
    switch outcome.result {
    case .loaded(let version, let microseconds):
      .object([
        ("at", .number(at)), ("ok", true), ("version", .text(version)), ("microseconds", .count(microseconds)),
      ])
    case .changed(let changes): .object([("at", .number(at)), ("ok", true), ("changes", .texts(changes))])
    case .failed(let reason): .object([("at", .number(at)), ("ok", false), ("error", .text(reason))])
    }
  }
}

extension Relay {
  /// `GET /scripts`
  func tellScripts(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let mounts = labelledMounts.map(scripts)
    let told = JSON.object([
      ("mounts", .list(mounts)), ("configuration_reload", configurationReload?.json ?? .null),
    ])
    return OperatorAnswer(200, told).response
  }

  private func scripts(_ entry: LabelledMount) -> JSON {
    let mount = entry.mount
    return .object([
      ("mount", .text(entry.label)), ("host", entry.route.host.map { .text($0) }), ("paths", .texts(entry.route.paths)),
      ("script", JSON(mount.scripts.policy)), ("plugins", .list(mount.scripts.plugins.map(JSON.init))),
      ("deployment", deployer?.deployment(of: mount).map { .count($0) }), ("version", .text(mount.version)),
      ("versions", JSON(mount.versions)), ("script_bytes", .count(mount.scriptMemory)),
      ("last_reload", lastReloads[ObjectIdentifier(mount)]?.json ?? .null),
      ("hooks", .list(mount.hookTimes.rows.flatMap(\.told))),
      ("metrics", JSON(metrics: mount.counters.script)),
    ])
  }

  /// Keeps what became of each mount and of the configuration.
  func note(_ outcomes: [ReloadOutcome]) {
    for outcome in outcomes {
      let noted = NotedReload(at: wallSeconds, outcome: outcome)
      if let mount = outcome.mount { lastReloads[mount] = noted } else { configurationReload = noted }
    }
    let serving = Set(mounts.mounts.map { ObjectIdentifier($0.mount) })
    lastReloads = lastReloads.filter { serving.contains($0.key) }
  }
}

extension HookTimes.Row {
  /// Its hooks that have run.
  fileprivate var told: [JSON] {
    zip(HookTimes.hooks, records).compactMap { hook, record in
      guard let record else { return nil }
      let timed = record.durations.count
      let isSampled = hook == "on_message"
      let overBudget = zip(ScriptError.Cause.allCases, record.failures).filter { $0.0 != .raised }.map(\.1).reduce(0, +)
      return .object([
        ("script", .text(script)), ("kind", isPlugin ? "plugin" : "policy"), ("hook", .text(hook)),
        ("calls", .count(isSampled ? timed * UInt64(HookTimes.messagesPerSample) : timed)), ("timed", .count(timed)),
        ("failures", .count(record.failures.reduce(0, +))), ("over_budget", .count(overBudget)),
        ("p50_us", .microseconds(record.durations.quantile(0.5))),
        ("p99_us", .microseconds(record.durations.quantile(0.99))),
        ("max_us", .microseconds(record.durations.mostNanoseconds)),
      ])
    }
  }
}

extension OperatorAnswer {
  /// 422 when something could not be loaded (RFC 9110 §15.5.21).
  init(about outcomes: [ReloadOutcome]) {
    let told = outcomes.map { outcome in
      let subject = ("subject", JSON?.some(.text(outcome.subject)))
      return switch outcome.result {
      case .loaded(let version, let microseconds):
        JSON.object([
          subject, ("version", .text(version)), ("microseconds", .count(microseconds)),
          ("remarks", .texts(outcome.remarks)),
        ])
      case .changed(let changes): JSON.object([subject, ("changes", .texts(changes))])
      case .failed(let reason): JSON.object([subject, ("error", .text(reason))])
      }
    }
    self.init(outcomes.contains(where: \.hasFailed) ? 422 : 200, .list(told))
  }
}
