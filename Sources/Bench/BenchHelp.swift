extension BenchOptions {
  static let helpText = """
    usage: lobbyist bench [URL] [options] [-- SERVE-OPTIONS…]

    Without a URL: starts this binary's own relay, once for each policy, the floor (a bare echo, beside this binary)
    and, where node and ws are there, a plain Node server; drives them in turn and prints tables. With a URL
    (ws://127.0.0.1:9080, numeric address): drives that server.

      --only PART,…         relay      the Godot policy, the floor and Node
                            protocols  the other policies and the floor
                            plugins    the Godot policy without and with plugins, in turn
                            hooks      policies and plugins in this process, without sockets
                            reload     the Godot policy while its script is replaced ten times a second
                            idle       memory of idle connections
      --url URL             the same as URL
      --pid N               process of the server at URL: for its CPU time and memory
      --protocol NAME       what the server at URL speaks: godot, gamejam, unity, broadcast or singo (godot)
      --echo                the server at URL is an echo server, not a relay
      --pairs N             pairs of peers, each in a lobby of its own; echo: connections (8)
      --bytes N,…           length of a message's text (200,2500)
      --in-flight N,…       messages under way in each pair at any time (1,16)
      --seconds S           length of a measurement (1.5), after --warm-up S (0.3);
                            of the reload part: this by --rounds by 4
      --rounds N            rounds in which the servers take turns (5); plugins and hooks: three times as many
      --plugin FILE         one of the plugins to measure; several in their order (three that look at every message)
      --set NAME=VALUE      a setting of such a plugin: rate_limit.burst_seconds=2
      --idle N              connections in the memory test; 0 leaves it out (10000)
      --joined PERCENT      how many of them join a lobby of four (100); the Godot rule closes the others after 1 s
      --peers N             peers in the reload part, in pairs; 0 leaves it out (10000)
      --no-node             leave the Node server out
      --node-server FILE    the Node server to run (benchmarks/node-godot/server.js)
      --quick               one round of 1 s, 1000 idle connections and peers
      --json                print JSON instead of tables
      --help

    SERVE-OPTIONS go to the relays with the Godot policy.

    A pair passes its messages to and fro as one bunch: whoever has received all of them returns all in one write.
    Latency is the time from that write at one peer to the read at the other; with the server at full load it is
    mostly waiting in line behind the other messages under way. "batch" is how many messages a read at the receiver
    brought. Server and generator are pinned to a core each; "busy" is CPU time by the clock on the wall, and where
    neither reaches 95 % something else was in the way: trust the CPU time per message, not the rate.
    """
}
