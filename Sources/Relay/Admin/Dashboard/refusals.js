// Who was sent away, and why.

import { emptyRow, fill, find, row, rows } from "./elements.js";
import * as words from "./words.js";

const MINUTE_MS = 60000;
// What was counted at the beginning, and then once a second, for a minute.
let seen = [];

export function show(refusals) {
  const now = performance.now();
  // Another relay counts from nothing.
  const last = seen.at(-1);
  if (last && Object.entries(last.counts).some(([reason, count]) => (refusals[reason] ?? 0) < count)) seen = [];
  seen = [...seen.filter(({ at }) => now - at <= MINUTE_MS), { at: now, counts: refusals }];
  const before = seen[0].counts;
  const body = find("refusal-rows");
  const counted = Object.entries(refusals).filter(([, count]) => count > 0);
  rows(body, counted, ([reason]) => reason, () => row("", "number", "number"), (line, [reason, count]) =>
    fill(line, reason.replaceAll("_", " "), words.count(count - (before[reason] ?? 0)), words.count(count)));
  emptyRow(body, 3, "Nobody has been refused.");
}
