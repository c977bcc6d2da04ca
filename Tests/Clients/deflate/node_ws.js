// Debian's node-ws with permessage-deflate: echoes of all sizes, whole and in fragments, and what was negotiated.
// usage: NODE_PATH=/usr/share/nodejs node node_ws.js URL
"use strict";

const WebSocket = require("ws");
const { Connection, equal, run, textOf } = require("../websocket_clients/report.js");

const SIZES = [0, 1, 125, 126, 2000, 65536];

async function echoes(options) {
  const name = JSON.stringify(options);
  const connection = new Connection(WebSocket, process.argv[2], [], { perMessageDeflate: options });
  await connection.opened;
  const { socket } = connection;
  equal(`${name}: is agreed`, socket.extensions, "permessage-deflate");
  for (const size of SIZES) {
    socket.send(textOf(size), { compress: true });
    equal(`${name}: text of ${size} bytes`, (await connection.hear()) === textOf(size), true);
    socket.send(textOf(size), { compress: false });
    equal(`${name}: plain text of ${size} bytes`, (await connection.hear()) === textOf(size), true);
  }
  const whole = textOf(40000);
  for (let start = 0; start < whole.length; start += 1000) {
    socket.send(whole.slice(start, start + 1000), { fin: start + 1000 >= whole.length });
  }
  equal(`${name}: a text in fragments`, (await connection.hear()) === whole, true);
  socket.close(4001, "done");
  equal(`${name}: closes`, await connection.closed, [4001, "", true]);
}

run(async () => {
  await echoes({ threshold: 0 });
  await echoes({ threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 });
  await echoes({ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true });
});
