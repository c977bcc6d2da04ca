// Debian's node-ws, which offers permessage-deflate; it can fragment and ping.
// usage: NODE_PATH=/usr/share/nodejs node node_ws.js URL
"use strict";

const WebSocket = require("ws");
const { Connection, common, equal, run, textOf } = require("./report.js");

const url = process.argv[2];

async function open(subprotocols) {
  const connection = new Connection(WebSocket, url, subprotocols, { perMessageDeflate: true });
  await connection.opened;
  return connection;
}

async function fragments() {
  const connection = await open([]);
  const { socket } = connection;
  const whole = textOf(40000);
  for (let start = 0; start < whole.length; start += 1000) {
    socket.send(whole.slice(start, start + 1000), { fin: start + 1000 >= whole.length });
  }
  equal("a text in 40 fragments", (await connection.hear()) === whole, true);
  // The two bytes of é come in two fragments.
  socket.send(Buffer.from([0x61, 0xc3]), { binary: false, fin: false });
  socket.ping("between");
  const pong = new Promise((resolve) => socket.once("pong", (data) => resolve(data.toString())));
  equal("a ping between fragments is answered", await pong, "between");
  socket.send(Buffer.from([0xa9]), { binary: false, fin: false });
  socket.send(Buffer.alloc(0), { binary: false, fin: true });
  equal("a character in two fragments", await connection.hear(), "aé");
  socket.send(Buffer.from([1, 2]), { binary: true, fin: false });
  socket.send(Buffer.from([3]), { binary: true, fin: true });
  equal("binary in two fragments", await connection.hear(), Buffer.from([1, 2, 3]));
  socket.close();
  await connection.closed;
}

run(async () => {
  await common(open);
  await fragments();
});
