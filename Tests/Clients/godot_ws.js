// The Godot demo protocol driven by Debian's node-ws: create, join, relay, seal, host leave, close codes.
// usage: NODE_PATH=/usr/share/nodejs node godot_ws.js     (LOBBYIST names another binary)
"use strict";

const WebSocket = require("ws");
const { counts, equal, startRelay, tellCounts, within } = require("./relay.js");

const [JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL] = [0, 1, 2, 3, 4, 5, 6, 7];
const WHOLE_RUN_MS = 60000;

/** One connection whose messages and close are waited for one by one. */
class Peer {
  constructor(url, options) {
    this.socket = new WebSocket(url, options);
    this.heard = [];
    this.waiting = [];
    this.socket.on("message", (data, isBinary) => this.note(isBinary ? { binary: true } : JSON.parse(data.toString())));
    this.pings = 0;
    this.socket.on("ping", () => { this.pings += 1; });
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        resolve([code, reason.toString()]);
        this.note({ closed: code });
      });
    });
    this.opened = new Promise((resolve) => this.socket.on("open", resolve));
  }

  static async connect(url, options) {
    const peer = new Peer(url, options);
    await within(peer.opened, "the socket to open");
    return peer;
  }

  note(message) {
    const next = this.waiting.shift();
    if (next) next(message);
    else this.heard.push(message);
  }

  say(type, id, data) {
    this.socket.send(JSON.stringify({ type, id, data }));
  }

  async hear() {
    const message = this.heard.length
      ? this.heard.shift()
      : await within(new Promise((resolve) => this.waiting.push(resolve)), "a message");
    return message.closed || message.binary ? message : [message.type, message.id, message.data];
  }

  async create() {
    this.say(JOIN, 0, "");
    const acknowledged = [await this.hear(), await this.hear()];
    this.lobby = acknowledged[1][2];
    return acknowledged;
  }
}

async function meet(url) {
  const ana = await Peer.connect(url, { perMessageDeflate: true });
  const created = await ana.create();
  equal("create: id", created[0], [ID, 1, "true"]);
  equal("create: acknowledgement", created[1].slice(0, 2), [JOIN, 0]);
  equal("no extension is answered", ana.socket.extensions, "");
  equal("no subprotocol is answered", ana.socket.protocol, "");

  const bob = await Peer.connect(url, { perMessageDeflate: false });
  bob.say(JOIN, 0, ana.lobby);
  const [kind, id, flag] = await bob.hear();
  equal("join: id", [kind, id >= 2, flag], [ID, true, "true"]);
  equal("join: the host", await bob.hear(), [PEER_CONNECT, 1, ""]);
  equal("join: acknowledgement", await bob.hear(), [JOIN, 0, ana.lobby]);
  equal("join: announced", await ana.hear(), [PEER_CONNECT, id, ""]);

  const sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" + "a=x\r\n".repeat(500);
  for (const [type, data] of [[OFFER, sdp], [ANSWER, "é漢😀\u0001"], [CANDIDATE, "\n0\n0\ncandidate:1"]]) {
    bob.say(type, 1, data);
    equal(`type ${type} to the host`, await ana.hear(), [type, id, data]);
    ana.say(type, id, data);
    equal(`type ${type} from the host`, await bob.hear(), [type, 1, data]);
  }
  return { ana, bob, id };
}

async function run(url) {
  {
    const { ana, bob, id } = await meet(url);
    bob.socket.close(1000);
    equal("a peer leaves", await ana.hear(), [PEER_DISCONNECT, id, ""]);
    equal("its own code comes back", (await within(bob.closed, "the close"))[0], 1000);
    ana.socket.close();
    equal("a close without a code", (await within(ana.closed, "the close"))[0] !== 1006, true);
  }
  {
    const { ana, bob } = await meet(url);
    ana.socket.terminate();
    equal("the host vanishes", await within(bob.closed, "the close"), [4000, "Room host has disconnected"]);
  }
  {
    const { ana, bob } = await meet(url);
    ana.say(SEAL, 0, "");
    equal("seal: host", await ana.hear(), [SEAL, 0, ""]);
    equal("seal: peer", await bob.hear(), [SEAL, 0, ""]);
    const late = await Peer.connect(url);
    late.say(JOIN, 0, ana.lobby);
    equal("sealed", await within(late.closed, "the close"), [4000, "Lobby is sealed"]);
    equal("seal complete: peer", await within(bob.closed, "the close"), [1000, "Seal complete"]);
    equal("seal complete: host", await within(ana.closed, "the close"), [1000, "Seal complete"]);
  }
  for (const [name, data, reason] of [
    ["not JSON", "hello", "Invalid message format"],
    ["binary", Buffer.from("{}"), "Invalid transfer mode, must be text"],
    ["no such lobby", '{"type":0,"id":0,"data":"nope"}', "Lobby does not exists"],
    ["not in a lobby", '{"type":4,"id":1,"data":""}', "Invalid message when not in a lobby"],
  ]) {
    const peer = await Peer.connect(url);
    peer.socket.send(data);
    equal(name, await within(peer.closed, "the close"), [4000, reason]);
  }
}

async function main() {
  setTimeout(() => {
    console.log(`FAIL the whole run: expected an end within ${WHOLE_RUN_MS} ms`);
    process.exit(1);
  }, WHOLE_RUN_MS).unref();
  const { relay, ended, listening } = startRelay("scripts/godot.lua", { join_timeout: 20, seal_timeout: 1 });
  try {
    await run(await listening);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAIL ${error.stack}`);
  }
  relay.kill("SIGTERM");
  equal("the relay ends well", await within(ended, "the relay's end").catch((error) => {
    relay.kill("SIGKILL");
    return error.message;
  }), 0);
  tellCounts();
}

main();
