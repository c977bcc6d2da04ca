// What the clients written for Node share: a line for each check, bounded waits, and what all of them send.
"use strict";

const SIZES = [0, 1, 125, 126, 65535, 65536];
const MESSAGES = 1000;
// Several of the relay's pings long: who answers none of them is closed before.
const PATIENCE_MS = 1500;
const WHOLE_RUN_MS = 30000;
const SUBPROTOCOLS = ["echo.v1", "echo.v2"];
const CLOSE_REASON = "Time is up: é 漢字";

function equal(name, got, expected) {
  const [g, e] = [JSON.stringify(got), JSON.stringify(expected)];
  console.log(g === e ? `PASS ${name}` : `FAIL ${name}: expected ${e.slice(0, 200)} got ${g.slice(0, 200)}`);
}

/** A text of so many bytes, with characters of two bytes where there is room for them. */
function textOf(size) {
  const twos = Math.floor(size / 4);
  return "é".repeat(twos) + "x".repeat(size - twos * 2);
}

function bytesOf(size) {
  return Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A connection by the interface that browsers have too: what it hears is waited for one by one. */
class Connection {
  constructor(WebSocket, url, subprotocols, options) {
    this.socket = new WebSocket(url, subprotocols, options);
    this.socket.binaryType = "arraybuffer";
    this.heard = [];
    this.waiting = [];
    this.socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? data : Buffer.from(data);
      const next = this.waiting.shift();
      if (next) next(message);
      else this.heard.push(message);
    };
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onerror = ({ message }) => reject(new Error(message));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
    });
  }

  hear() {
    if (this.heard.length) return this.heard.shift();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

async function echoes(connection) {
  for (const size of SIZES) {
    connection.socket.send(textOf(size));
    equal(`text of ${size} bytes`, (await connection.hear()) === textOf(size), true);
    connection.socket.send(bytesOf(size));
    const got = await connection.hear();
    equal(`binary of ${size} bytes`, Buffer.isBuffer(got) && got.equals(bytesOf(size)), true);
  }
}

/** What every client with that interface can do. `open(subprotocols)` connects. */
async function common(open) {
  const connection = await open(SUBPROTOCOLS);
  const { socket } = connection;
  equal("a subprotocol is chosen", socket.protocol, "echo.v2");
  equal("no extension is", socket.extensions, "");
  await echoes(connection);
  for (let number = 0; number < MESSAGES; number += 1) socket.send(String(number));
  let inOrder = 0;
  while (inOrder < MESSAGES && (await connection.hear()) === String(inOrder)) inOrder += 1;
  equal("messages in order", inOrder, MESSAGES);
  await pause(PATIENCE_MS);
  socket.send("still here");
  equal("pings are answered", await connection.hear(), "still here");
  socket.send("close 4001");
  equal("closed with code and reason", await connection.closed, [4001, CLOSE_REASON, true]);

  const plain = await open([]);
  equal("no subprotocol is chosen unasked", plain.socket.protocol, "");
  plain.socket.send("ended");
  equal("the relay has heard that close answered", await plain.hear(), `4001 ${CLOSE_REASON}`);
  plain.socket.send("close");
  equal("closed without a code", await plain.closed, [1005, "", true]);

  const leaving = await open([]);
  leaving.socket.close(4002, "bye é");
  equal("closing is answered", (await leaving.closed)[2], true);
  const next = await open([]);
  next.socket.send("ended");
  equal("the relay hears code and reason", await next.hear(), "4002 bye é");
  next.socket.close();
  equal("closing without a code is answered", (await next.closed)[2], true);
  const last = await open([]);
  last.socket.send("ended");
  equal("the relay hears that there was none", await last.hear(), "1005 ");
  last.socket.send(textOf(65537));
  equal("a byte too many", (await last.closed)[0], 1009);
}

function run(main) {
  const timer = setTimeout(() => {
    console.log(`FAIL the whole run: expected an end within ${WHOLE_RUN_MS} ms`);
    process.exit(1);
  }, WHOLE_RUN_MS);
  main().then(() => clearTimeout(timer), (error) => {
    console.log(`FAIL the whole run: ${error.stack.replaceAll("\n", " ")}`);
    process.exit(1);
  });
}

module.exports = { Connection, bytesOf, common, equal, run, textOf };
