import Policy

/// What `GET /status` answers.
struct Status {
  let uptimeSeconds: Double
  let readiness: Readiness
  let connections: Int
  let counters: RelayCounters
  let mounts: [LabelledMount]
  let mountsEnding: Int
  let deployer: (any Deployer)?

  var json: JSON {
    .object([
      ("uptime_seconds", .number(uptimeSeconds.rounded())), ("readiness", .text(readiness.description)),
      ("connections", .count(connections)),
      ("relay", .counts(counters.named)), ("mounts", .list(mounts.map(mount))),
      ("mounts_ending", .count(mountsEnding)),
    ])
  }

  private func mount(_ entry: LabelledMount) -> JSON {
    let (mount, counters) = (entry.mount, entry.mount.counters)
    return .object([
      ("mount", .text(entry.label)), ("host", entry.route.host.map { .text($0) }), ("paths", .texts(entry.route.paths)),
      ("deployment", deployer?.deployment(of: mount).map { .count($0) }), ("version", .text(mount.version)),
      ("versions", JSON(mount.versions)), ("script", JSON(mount.scripts.policy)),
      ("plugins", .list(mount.scripts.plugins.map(JSON.init))), ("peers", .count(mount.peerCount)),
      ("lobbies", .count(mount.lobbyCount)), ("script_bytes", .count(mount.scriptMemory)),
      ("counters", .counts(counters.named)), ("metrics", JSON(metrics: counters.script)),
    ])
  }
}

extension JSON {
  init(_ script: Script) { self = .object([("path", .text(script.path)), ("version", .text(script.version))]) }

  init(_ versions: [RunningVersion]) {
    self = .list(
      versions.map { running in
        .object([
          ("version", .text(running.version)), ("loaded_at", .number(running.loadedAt)),
          ("lobbies", .count(running.lobbies)),
        ])
      })
  }

  /// What scripts count themselves, by name.
  init(metrics: [String: Int64]) { self = .counts(metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }
}

extension RelayCounters {
  /// By name, in the order in which they are shown.
  var named: [(String, UInt64)] {
    [
      ("accepted", accepted), ("upgraded", upgraded), ("refused_at_limit", refusedAtLimit),
      ("refused_per_address", refusedPerAddress), ("handshakes_refused", handshakesRefused),
      ("refused_by_rate", refusedByRate), ("refused_by_policy", refusedByPolicy), ("banned", banned),
      ("proxy_headers_refused", proxyHeadersRefused), ("refused_for_buffers", refusedForBuffers),
      ("unmounted", unmounted),
      ("handshakes_timed_out", handshakesTimedOut), ("tls_failures", tlsFailures), ("violations", violations),
      ("vanished", vanished), ("hoarders", hoarders), ("slow_senders", slowSenders), ("stalled", stalled),
      ("control_floods", controlFloods), ("out_of_buffers", outOfBuffers),
      ("out_of_descriptors", outOfDescriptors), ("reloads", reloads), ("reloads_failed", reloadsFailed),
      ("deployments", deployments), ("rollbacks", rollbacks),
      ("deployments_refused", deploymentsRefused), ("bytes_in", bytesIn), ("bytes_out", bytesOut),
    ]
  }
}

extension MountCounters {
  var named: [(String, UInt64)] {
    [
      ("messages_in", messagesIn), ("messages_out", messagesOut), ("messages_dropped", messagesDropped),
      ("hook_failures", hookFailures), ("slow_readers_closed", slowReadersClosed),
    ]
  }
}
