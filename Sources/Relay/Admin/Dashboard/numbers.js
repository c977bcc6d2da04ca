// The figures at the top, and what they were before.

import { find, say } from "./elements.js";
import { Plot } from "./plot.js";
import * as words from "./words.js";

const plots = {
  in: new Plot("Messages in", words.rate),
  out: new Plot("Messages out", words.rate),
  peers: new Plot("Peers", words.count),
};
find("plots").append(...Object.values(plots).map((plot) => plot.figure));

let before = null;

const sum = (list, figure) => list.reduce((total, one) => total + figure(one), 0);

// Those of peers: the page's own come and go.
const connections = (metrics) => sum((metrics.get("lobbyist_connections") ?? [])
  .filter(({ labels }) => labels.kind === "client"), ({ value }) => value);

export function show(status, metrics) {
  const now = {
    at: performance.now(),
    uptime: status.uptime_seconds,
    in: sum(status.mounts, (mount) => mount.counters.messages_in),
    out: sum(status.mounts, (mount) => mount.counters.messages_out),
  };
  // Another relay counts from nothing.
  const isSame = before && now.uptime >= before.uptime;
  const rate = (figure) => (isSame ? Math.max(0, (now[figure] - before[figure]) * 1000 / (now.at - before.at)) : null);
  const [inRate, outRate, peers] = [rate("in"), rate("out"), sum(status.mounts, (mount) => mount.peers)];
  before = now;

  say(find("peers"), words.count(peers));
  say(find("lobby-count"), words.count(sum(status.mounts, (mount) => mount.lobbies)));
  say(find("connections"), words.count(connections(metrics)));
  say(find("messages-in"), words.rate(inRate));
  say(find("messages-out"), words.rate(outRate));
  say(find("memory"), words.bytes(metrics.get("process_resident_memory_bytes")?.[0].value));
  say(find("uptime"), words.duration(status.uptime_seconds));
  const isReady = status.readiness === "ready";
  say(find("readiness"), status.readiness);
  find("readiness").dataset.is = isReady ? "good" : "bad";
  plots.in.add(inRate);
  plots.out.add(outRate);
  plots.peers.add(peers);
}

// Nothing is known of this second.
export function skip() {
  before = null;
  for (const plot of Object.values(plots)) plot.add(null);
}
