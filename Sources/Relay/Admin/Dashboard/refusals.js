// Who was sent away, and why.

import { emptyRow, fill, find, row, rows } from "./elements.js";
import * as words from "./words.js";

const MINUTE_MS = 60000;
// What was counted at the beginning, and then once a second, for a minute.
let seen = [];

// By reason: who was not let in, and who was dropped later.
const reasons = (metrics) => ["lobbyist_refusals_total", "lobbyist_peers_dropped_total"].flatMap((name) =>
  (metrics.get(name) ?? []).map(({ labels, value }) => [labels.reason.replaceAll("_", " "), value]));

export function show(metrics) {
  const now = performance.now();
  const counts = Object.fromEntries(reasons(metrics));
  // Another relay counts from nothing.
  const last = seen.at(-1)?.counts ?? {};
  if (Object.entries(last).some(([reason, count]) => (counts[reason] ?? 0) < count)) seen = [];
  seen = [...seen.filter(({ at }) => now - at <= MINUTE_MS), { at: now, counts }];
  const before = seen[0].counts;
  const body = find("refusal-rows");
  const counted = Object.entries(counts).filter(([, count]) => count > 0);
  rows(body, counted, ([reason]) => reason, () => row("", "number", "number"), (line, [reason, count]) =>
    fill(line, reason, words.count(count - (before[reason] ?? 0)), words.count(count)));
  emptyRow(body, 3, "Nobody has been refused.");
}
