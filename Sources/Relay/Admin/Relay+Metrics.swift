import Policy

/// `GET /metrics`. A label never holds what outsiders choose, so their number is bounded: no address, no name of a lobby,
/// no path of a request.
extension Relay {
  func tellMetrics(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    var page = MetricsText()
    let mounts = labelledMounts
    addRelay(to: &page)
    addConnections(to: &page)
    addRefusals(to: &page)
    addTraffic(to: &page, mounts)
    addHooks(to: &page, mounts)
    addScripts(to: &page, mounts)
    addLoop(to: &page)
    ProcessFigures.add(to: &page, startedAt: startedAtWall)
    return OperatorAnswer.text(200, page.text, type: MetricsText.contentType)
  }

  private func addRelay(to page: inout MetricsText) {
    page.add(
      "lobbyist_build_info", .gauge, "Always 1; its label tells the version.", [.init([("version", version)], 1)])
    page.add(
      "lobbyist_uptime_seconds", .gauge, "Since the relay serves.", [.init(seconds: uptimeSeconds)])
    page.add(
      "lobbyist_ready", .gauge, "1 while newcomers should be sent here, 0 while the relay drains or shuts down.",
      readiness == .ready ? 1 : 0)
    page.add(
      "lobbyist_reloads_total", .counter, "Reloads of scripts and of the configuration.",
      [
        .init([("result", "ok")], counters.reloads), .init([("result", "failed")], counters.reloadsFailed),
      ])
    page.add(
      "lobbyist_deployments_total", .counter, "Deployments and rollbacks.",
      [
        .init([("result", "deployed")], counters.deployments), .init([("result", "rolled_back")], counters.rollbacks),
        .init([("result", "refused")], counters.deploymentsRefused),
      ])
  }

  private func addConnections(to page: inout MetricsText) {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: Phase.allCases.count), count: 2)
    var (waiting, most) = (0, 0)
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      counts[connections[slot].purpose == .operator ? 1 : 0][Int(connections[slot].phase.rawValue)] += 1
      waiting += outbox.waiting(slot)
      most = max(most, outbox.waiting(slot))
    }
    let samples = Phase.allCases.flatMap { phase in
      ["client", "operator"].enumerated().map { index, kind in
        MetricsText.Sample([("kind", kind), ("phase", "\(phase)")], counts[index][Int(phase.rawValue)])
      }
    }
    page.add(
      "lobbyist_connections", .gauge, "Connections by what they are for and where they are in their life.", samples)
    page.add("lobbyist_queued_bytes", .gauge, "Bytes that wait to be sent, over all connections.", waiting)
    page.add("lobbyist_queued_bytes_max", .gauge, "Bytes that wait for the connection for which most do.", most)
    page.add("lobbyist_connections_accepted_total", .counter, "Connections that were let in.", counters.accepted)
    page.add("lobbyist_upgrades_total", .counter, "Connections that became WebSockets.", counters.upgraded)
    page.add("lobbyist_received_bytes_total", .counter, "Bytes read from all connections.", counters.bytesIn)
    page.add("lobbyist_sent_bytes_total", .counter, "Bytes written to all connections.", counters.bytesOut)
    page.add("lobbyist_bans", .gauge, "Addresses that the operator has banned.", bans.count(now))
  }

  private func addRefusals(to page: inout MetricsText) {
    page.add(
      "lobbyist_refusals_total", .counter, "Connections and requests that were turned away, by reason.",
      counters.refusals.map { .init([("reason", $0.0)], $0.1) })
    page.add(
      "lobbyist_peers_dropped_total", .counter, "WebSockets that the relay has ended, by reason.",
      [
        .init([("reason", "protocol_violation")], counters.violations),
        .init([("reason", "vanished")], counters.vanished), .init([("reason", "unread_pongs")], counters.hoarders),
        .init([("reason", "slow_sender")], counters.slowSenders), .init([("reason", "stalled")], counters.stalled),
        .init([("reason", "control_frames")], counters.controlFloods),
        .init([("reason", "out_of_buffers")], counters.outOfBuffers),
      ])
  }

  private func addTraffic(to page: inout MetricsText, _ mounts: [LabelledMount]) {
    func add(
      _ name: String, _ kind: MetricsText.Kind, _ help: String, _ value: (Mount) -> some BinaryInteger
    ) {
      page.add(name, kind, help, mounts.map { .init([("mount", $0.label)], value($0.mount)) })
    }
    add("lobbyist_peers", .gauge, "Peers of a mount.") { $0.peerCount }
    add("lobbyist_lobbies", .gauge, "Lobbies of a mount.") { $0.lobbyCount }
    add("lobbyist_messages_received_total", .counter, "Messages from peers.") { $0.counters.messagesIn }
    add("lobbyist_messages_sent_total", .counter, "Messages to peers.") { $0.counters.messagesOut }
    add("lobbyist_messages_dropped_total", .counter, "Messages left out for slow readers.") {
      $0.counters.messagesDropped
    }
    add("lobbyist_slow_readers_closed_total", .counter, "Peers closed as they were too slow.") {
      $0.counters.slowReadersClosed
    }
    let closes = mounts.flatMap { entry in
      zip(CloseCounts.names, entry.mount.counters.closes.counts).filter { $0.1 > 0 }.map { name, count in
        MetricsText.Sample([("mount", entry.label), ("code", name)], count)
      }
    }
    page.add("lobbyist_closes_total", .counter, "Peers that have left, by close code; 1006 is without a word.", closes)
  }

  private func addHooks(to page: inout MetricsText, _ mounts: [LabelledMount]) {
    let records = mounts.flatMap { entry in
      entry.mount.hookTimes.told.map { (labels: [("mount", entry.label)] + $0.labels, record: $0.record) }
    }
    page.add(
      "lobbyist_hook_duration_seconds",
      "Time of hook calls by script. Of on_message each \(HookTimes.messagesPerSample)th is timed, of the others all.",
      records.map { ($0.labels, $0.record.durations) })
    let failures = records.flatMap { labels, record in
      zip(ScriptError.Cause.allCases, record.failures).filter { $0.1 > 0 }.map { cause, count in
        MetricsText.Sample(labels + [("cause", cause.label)], count)
      }
    }
    page.add("lobbyist_hook_failures_total", .counter, "Hook calls that were taken back, by cause.", failures)
  }

  private func addScripts(to page: inout MetricsText, _ mounts: [LabelledMount]) {
    page.add(
      "lobbyist_mount_info", .gauge, "Always 1; the version changes with scripts, plugins, modules and settings.",
      mounts.map { .init([("mount", $0.label), ("version", $0.mount.version)], 1) })
    let scripts = mounts.flatMap { entry in
      entry.mount.scripts.all.enumerated().map { position, script in
        let isPlugin = position < entry.mount.scripts.plugins.count
        return MetricsText.Sample(
          [
            ("mount", entry.label), ("script", script.name), ("kind", isPlugin ? "plugin" : "policy"),
            ("version", script.version),
          ], 1)
      }
    }
    page.add("lobbyist_script_info", .gauge, "Always 1; its labels tell which version of a script runs.", scripts)
    page.add(
      "lobbyist_script_loaded_timestamp_seconds", .gauge, "When the newest version was loaded.",
      mounts.map { .init([("mount", $0.label)], seconds: $0.mount.versions[0].loadedAt) })
    page.add(
      "lobbyist_script_versions", .gauge, "Versions that run at once.",
      mounts.map { .init([("mount", $0.label)], $0.mount.versions.count) })
    page.add(
      "lobbyist_script_memory_bytes", .gauge, "Memory of the Lua states.",
      mounts.map { .init([("mount", $0.label)], $0.mount.scriptMemory) })
    let metrics = mounts.flatMap { entry in
      entry.mount.counters.script.sorted { $0.key < $1.key }.map { name, value in
        MetricsText.Sample([("mount", entry.label), ("name", name)], value)
      }
    }
    page.add("lobbyist_script_metric", .gauge, "What scripts count themselves, with relay.count.", metrics)
  }

  private func addLoop(to page: inout MetricsText) {
    page.add(
      "lobbyist_loop_turn_seconds", "Time of the loop's turns; each \(LoopTimes.turnsPerSample)th is timed.",
      [([], loopTimes.turns)])
    page.add(
      "lobbyist_loop_lag_seconds", "How late the first deadline was of those due in a turn, in whole milliseconds.",
      [([], loopTimes.lag)])
    page.add(
      "lobbyist_loop_long_turns_total", .counter, "Turns that left something for the next, so that all are served.",
      loopTimes.longTurns)
  }
}

extension RelayCounters {
  /// Why somebody was turned away, and how often. Each reason is counted apart.
  var refusals: [(String, UInt64)] {
    [
      ("connections", refusedAtLimit - refusedPerAddress - refusedByRate),
      ("connections_per_address", refusedPerAddress), ("rate_per_address", refusedByRate),
      ("proxy_header", proxyHeadersRefused), ("out_of_buffers", refusedForBuffers),
      ("descriptors", outOfDescriptors), ("handshake_timeout", handshakesTimedOut), ("tls", tlsFailures),
      ("banned", banned),
      ("unmounted", unmounted), ("policy", refusedByPolicy), ("bad_request", handshakesRefused - refusedByPolicy),
    ]
  }
}

extension ScriptError.Cause {
  var label: String { self == .raised ? "error" : "\(self)" }
}

extension HookTimes {
  /// Every hook that has run, with the labels by which it is told apart within its mount.
  var told: [(labels: MetricsText.Labels, record: HookRecord)] {
    rows.flatMap { row in
      zip(Self.hooks, row.records).compactMap { hook, record in
        record.map {
          ([("hook", hook), ("script", row.script), ("kind", row.isPlugin ? "plugin" : "policy")], $0)
        }
      }
    }
  }
}
