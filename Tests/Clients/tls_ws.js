// Godot's protocol over wss:// with Debian's node-ws: create, join, an offer of 60,000 characters each way, close.
// usage: NODE_PATH=/usr/share/nodejs NODE_EXTRA_CA_CERTS=cert.pem node tls_ws.js wss://localhost:PORT
"use strict";

const WebSocket = require("ws");

const url = process.argv[2];
const [JOIN, ID, , , OFFER, ANSWER] = [0, 1, 2, 3, 4, 5];

function peer() {
  const socket = new WebSocket(url);
  const heard = [];
  const waiting = [];
  socket.on("message", (data) => {
    const message = JSON.parse(data.toString());
    if (waiting.length) waiting.shift()(message);
    else heard.push(message);
  });
  return {
    opened: new Promise((resolve, reject) => { socket.on("open", resolve); socket.on("error", reject); }),
    closed: new Promise((resolve) => { socket.on("close", resolve); }),
    say: (type, id, data) => socket.send(JSON.stringify({ type, id, data })),
    hear: () => heard.length ? heard.shift() : new Promise((resolve) => waiting.push(resolve)),
    close: () => socket.close(1000),
    cipher: () => `${socket._socket.getProtocol()} ${socket._socket.authorized}`,
  };
}

function check(name, condition) { console.log(`${condition ? "PASS" : "FAIL"} node-ws: ${name}`); }

async function main() {
  const [ana, bob] = [peer(), peer()];
  await Promise.all([ana.opened, bob.opened]);
  check("TLS 1.3 with a certificate that is verified", ana.cipher() === "TLSv1.3 true");
  ana.say(JOIN, 0, "");
  check("an id", (await ana.hear()).type === ID);
  const lobby = (await ana.hear()).data;
  bob.say(JOIN, 0, lobby);
  const id = (await bob.hear()).id;
  await bob.hear();
  await bob.hear();
  await ana.hear();
  const text = "v=0\r\n".repeat(12000);
  ana.say(OFFER, id, text);
  check("an offer of 60,000 characters", (await bob.hear()).data === text);
  bob.say(ANSWER, 1, text);
  check("an answer of as many", (await ana.hear()).data === text);
  bob.close();
  check("closed by the client", (await bob.closed) === 1000);
  ana.close();
  await ana.closed;
}

setTimeout(() => { console.log("FAIL node-ws: all in time"); process.exit(1); }, 10000).unref();
main().catch((error) => { console.log(`FAIL node-ws: ${error}`); process.exit(1); });
