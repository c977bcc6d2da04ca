// The WebSocket that Node has itself (undici), the same interface as a browser's.
// usage: node node_own.js URL     (Node 20: node --experimental-websocket)
"use strict";

const { Connection, common, run } = require("./report.js");

run(() => common(async (subprotocols) => {
  const connection = new Connection(WebSocket, process.argv[2], subprotocols);
  await connection.opened;
  return connection;
}));
