#!/usr/bin/env node
// Keeps a lobby open, day and night: as its host, who never leaves. Prints who comes and goes, a line of JSON each.
//
//   node keeper.js [ws://localhost:9080]
"use strict";

const { Lobby } = require("./lobby.js");

const lobby = new Lobby(process.argv[2] ?? "ws://localhost:9080");

function print(event, details = {}) {
  console.log(JSON.stringify({ event, lobby: lobby.name, players: lobby.peers.size, ...details }));
}

lobby.on("open", () => print("open"));
lobby.on("resumed", () => print("resumed"));
lobby.on("joined", (id) => print("joined", { id }));
lobby.on("left", (id) => print("left", { id }));
lobby.on("lost", (code, reason) => print("lost", { code, reason }));
lobby.on("end", (code, reason) => {
  print("end", { code, reason });
  // At once: a relay at a standstill would not close its side.
  process.exit(code === 1000 ? 0 : 1);
});
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => lobby.leave());
