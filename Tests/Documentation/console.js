// The console of a browser: runs what stands on standard input, a JSON string a line, one after the other in the same
// page, and prints what console.log gets, a JSON string each.
"use strict";

const readline = require("node:readline");
const vm = require("node:vm");

const print = (...values) => process.stdout.write(`${JSON.stringify(values.join(" "))}\n`);
const page = vm.createContext({ WebSocket: globalThis.WebSocket ?? require("ws"), console: { log: print } });

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  try {
    vm.runInContext(JSON.parse(line), page);
  } catch (error) {
    print(`${error.name}: ${error.message}`);
  }
}).on("close", () => process.exit());
