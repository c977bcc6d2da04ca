// What the programs here that are written for Node share: a relay that is started and watched, bounded waits, counts.
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");

const root = path.join(__dirname, "..", "..");
const binary = process.env.LOBBYIST || path.join(root, ".build", "release", "lobbyist");
const WAIT_MS = 5000;
const counts = { passed: 0, failed: 0 };

function equal(name, got, expected) {
  const [g, e] = [JSON.stringify(got), JSON.stringify(expected)];
  if (g === e) {
    counts.passed += 1;
    console.log(`ok   ${name}`);
  } else {
    counts.failed += 1;
    console.log(`FAIL ${name}: expected ${e.slice(0, 300)} got ${String(g).slice(0, 300)}`);
  }
}

function within(promise, what, milliseconds = WAIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A relay on a free port: its process, its end, its errors so far, and where it listens. */
function startRelay(script, settings) {
  const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  // A hook's time goes on while a busy machine does something else.
  const relay = spawn(binary,
    ["serve", "--listen", "127.0.0.1:0", "--script", script, "--limit", "hook_milliseconds=2000", ...sets],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  const ended = new Promise((resolve) => relay.on("exit", (code) => resolve(code)));
  const listening = new Promise((resolve, reject) => {
    const read = (data) => {
      log += data;
      const match = /listening on (ws:\/\/\S+:\d+)/.exec(log);
      if (match) resolve(match[1]);
    };
    relay.stdout.on("data", read);
    relay.stderr.on("data", read);
    relay.on("error", reject);
    relay.on("exit", (code) => reject(new Error(`the relay ended with ${code}:\n${log}`)));
  });
  const errors = () => log.split("\n").filter((line) => line.includes(" error "));
  return { relay, ended, errors, listening: within(listening, "the relay") };
}

/** Prints the counts that the caller of this program looks for. */
function tellCounts() {
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed ? 1 : 0;
}

module.exports = { WAIT_MS, binary, counts, equal, root, startRelay, tellCounts, within };
