// The client library of examples/browser, against a relay and WebRTC that are played by this program: what it says to
// the relay, and when, if connections break, greetings stay out or two peers offer at once.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { equal, root, tellCounts } = require("../relay.js");

const [JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL, HOST] = Array(9).keys();

// A clock that stands still until it is told to go on.
const clock = { now: 0, timers: new Map(), next: 1 };
globalThis.setTimeout = (act, milliseconds) => {
  clock.timers.set(clock.next, { at: clock.now + milliseconds, act });
  return clock.next++;
};
globalThis.clearTimeout = (number) => clock.timers.delete(number);

function elapse(milliseconds) {
  clock.now += milliseconds;
  for (const [number, { at, act }] of [...clock.timers]) {
    if (at <= clock.now && clock.timers.delete(number)) act();
  }
}

/** Promises that are due are kept. */
async function settle() {
  for (let turn = 0; turn < 20; turn++) await null;
}

class Socket {
  static all = [];

  static get last() { return Socket.all.at(-1); }

  constructor(url) {
    this.session = new URL(url).searchParams.get("session");
    this.sent = [];
    this.closedWith = null;
    Socket.all.push(this);
  }

  send(text) {
    const { type, id, data } = JSON.parse(text);
    this.sent.push([type, id, data]);
  }

  close(code) { this.closedWith = code ?? "no code"; }

  hears(...messages) {
    for (const message of messages) {
      const [type, id, data = ""] = message;
      this.onmessage({ data: JSON.stringify(typeof message === "string" ? { session: message } : { type, id, data }) });
    }
  }

  breaks(code = 1006, reason = "") { this.onclose({ code, reason }); }
}

class Connection {
  static all = [];
  signalingState = "stable";
  channels = [];
  candidates = [];
  restarts = 0;

  constructor() { Connection.all.push(this); }

  createDataChannel(label, options) {
    const channel = { label, options, readyState: "connecting", bufferedAmount: 0, sent: [] };
    channel.send = (data) => channel.sent.push(data);
    this.channels.push(channel);
    if (this.channels.length === 1) Promise.resolve().then(() => this.onnegotiationneeded());
    return channel;
  }

  async setLocalDescription() {
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    this.signalingState = type === "offer" ? "have-local-offer" : "stable";
    this.localDescription = { type, sdp: `my ${type}` };
  }

  async setRemoteDescription({ type, sdp }) {
    this.taken = sdp;
    this.remoteDescription = { type, sdp };
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
  }

  async addIceCandidate(candidate) { this.candidates.push(candidate); }

  setConfiguration() {}

  restartIce() { this.restarts += 1; }

  close() { this.isClosed = true; }

  opens() {
    for (const channel of this.channels) {
      channel.readyState = "open";
      channel.onopen?.();
    }
    this.channels[0].onmessage({ data: "" });
  }
}

globalThis.WebSocket = Socket;
globalThis.RTCPeerConnection = Connection;

/** A lobby in which one is `id`; what it reports. */
function enter(Lobby, id = 7, others = [1]) {
  const lobby = new Lobby("ws://relay.invalid/", { code: id === 1 ? "" : "CODE", iceServers: [] });
  const events = [];
  lobby.on("state", ({ state, reason }) => events.push(reason ? `${state}: ${reason}` : state));
  for (const name of ["joined", "open", "left"]) lobby.on(name, ({ peer }) => events.push(`${name} ${peer.id}`));
  Socket.last.onopen();
  Socket.last.hears("new", [ID, id, "true"], ...others.map((other) => [PEER_CONNECT, other]), [JOIN, 0, "CODE"]);
  return { lobby, events };
}

async function asksForIceServers(Lobby) {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return { ok: true, json: async () => ({ iceServers: [{ urls: ["turn:turn.invalid"] }] }) };
  };
  const relays = ["ws://relay.invalid", "ws://relay.invalid/", "wss://relay.invalid/chess",
    "wss://relay.invalid/chess/", "wss://relay.invalid:9080/games/chess?token=a/b"];
  for (const relay of relays) {
    const lobby = new Lobby(relay);
    equal(`${relay} gives ICE servers`, await lobby.iceServers(), [{ urls: ["turn:turn.invalid"] }]);
    lobby.leave();
  }
  equal("it asks below the path of the mount", asked, ["http://relay.invalid/ice", "http://relay.invalid/ice",
    "https://relay.invalid/chess/ice", "https://relay.invalid/chess/ice",
    "https://relay.invalid:9080/games/chess/ice"]);
  const lobby = new Lobby("ws://relay.invalid/chess", { iceServers: "https://ice.invalid/list" });
  await lobby.iceServers();
  equal("or where it is told to", asked.at(-1), "https://ice.invalid/list");
  lobby.leave();
}

async function joins(Lobby) {
  const { lobby, events } = enter(Lobby, 7, [1, 9]);
  equal("it brings a session of 16 characters at least", Socket.last.session.length >= 16, true);
  equal("it joins without waiting for the greeting, once", Socket.last.sent, [[JOIN, 0, "CODE"]]);
  await settle();
  equal("it reports whom it meets", events, ["joined 1", "joined 9", "open"]);
  equal("it offers to those with a lower id", Socket.last.sent.slice(1), [[OFFER, 1, "my offer"]]);
  equal("to both sides the channels are known from the beginning", Connection.all.slice(-2).map(({ channels }) =>
    channels.map(({ label, options }) => [label, options.negotiated, options.id])), Array(2).fill(
    [["reliable", true, 10], ["unreliable", true, 11]]));
  Socket.last.hears([OFFER, 9, "their offer"], [CANDIDATE, 9, "\n0\n0\ncandidate:1"]);
  await settle();
  equal("and answers those with a higher one", Socket.last.sent.slice(2), [[ANSWER, 9, "my answer"]]);
  equal("candidates come in three lines", Connection.all.at(-1).candidates,
    [{ sdpMid: "0", sdpMLineIndex: 0, candidate: "candidate:1" }]);
  Connection.all.at(-1).onicecandidate({ candidate: { sdpMid: "0", sdpMLineIndex: 0, candidate: "candidate:2" } });
  equal("and are sent in three lines", Socket.last.sent.at(-1), [CANDIDATE, 9, "\n0\n0\ncandidate:2"]);
  Socket.last.hears([HOST, 9, "1"]);
  equal("it notes a new host", lobby.host, 9);
  Socket.last.hears([OFFER, 55, "an offer"]);
  equal("what comes from strangers is let pass", lobby.peers.size, 2);
  lobby.leave();
  equal("it leaves with code 1000", Socket.last.closedWith, 1000);
  equal("and everybody with it", events.slice(3), ["left", "left 1", "left 9"]);
  lobby.reconnect();
  equal("for good", Socket.last.closedWith, 1000);
}

async function resumes(Lobby) {
  const { lobby, events } = enter(Lobby);
  await settle();
  Connection.all.at(-1).opens();
  const { session } = Socket.last;
  Socket.last.breaks();
  equal("a lost socket is reported", events.at(-1), "reconnecting");
  lobby.signal(CANDIDATE, 1, "later");
  elapse(500);
  equal("it comes with the same session", Socket.last.session, session);
  Socket.last.onopen();
  equal("and does not join before it is greeted", Socket.last.sent, []);
  Socket.last.hears("resumed");
  equal("resumed, it is in its lobby", [events.at(-1), lobby.state], ["open", "open"]);
  equal("and says what had to wait", Socket.last.sent, [[CANDIDATE, 1, "later"]]);
  equal("no peer has left", events.filter((event) => event.startsWith("left")), []);
  const before = Socket.last;
  lobby.reconnect();
  equal("one that seems to be alive is not closed by itself", before.closedWith, null);
  Socket.last.onopen();
  Socket.last.hears("resumed");
  equal("the new one takes over", lobby.state, "open");
  lobby.leave();
}

async function comesTooLate(Lobby) {
  const { lobby, events } = enter(Lobby);
  await settle();
  Connection.all.at(-1).opens();
  Socket.last.breaks();
  elapse(500);
  Socket.last.onopen();
  Socket.last.hears("new");
  equal("new again, it joins by the code", Socket.last.sent, [[JOIN, 0, "CODE"]]);
  Socket.last.breaks(4000, "Lobby does not exists");
  equal("a lobby that is no longer there is gone", events.at(-1), "gone: Lobby does not exists");
  equal("who is connected stays so", [...lobby.peers.keys()], [1]);
  lobby.send("hello");
  equal("and is heard", Connection.all.at(-1).channels[0].sent, ["", "", "hello"]);
  const sockets = Socket.all.length;
  elapse(60_000);
  equal("the relay is left alone", Socket.all.length, sockets);
  Connection.all.at(-1).channels[0].onclose();
  equal("a peer leaves when its channel closes", events.at(-1), "left 1");
}

async function meetsNoPlugin(Lobby) {
  const { lobby, events } = enter(Lobby);
  await settle();
  Socket.last.breaks();
  elapse(500);
  Socket.last.onopen();
  elapse(600);
  equal("without a greeting it waits", Socket.last.sent, []);
  elapse(200);
  equal("and then joins by the code", Socket.last.sent, [[JOIN, 0, "CODE"]]);
  Socket.last.hears([ID, 8, "true"], [PEER_CONNECT, 1], [JOIN, 0, "CODE"]);
  await settle();
  equal("under a new id it meets all anew", events.slice(-3), ["left 1", "joined 1", "open"]);
  equal("and offers anew", Socket.last.sent.at(-1), [OFFER, 1, "my offer"]);
  const before = Socket.last;
  lobby.reconnect();
  Socket.last.onopen();
  elapse(700);
  equal("the connection before is closed, as nobody took it over", before.closedWith, "no code");
  lobby.leave();
}

async function waitsLonger(Lobby) {
  const { lobby } = enter(Lobby);
  const waits = [];
  lobby.on("state", ({ retryMs }) => { if (retryMs) waits.push(retryMs); });
  for (let attempt = 0; attempt < 8; attempt++) {
    Socket.last.breaks();
    elapse(15_000);
  }
  const most = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
  equal("it waits twice as long each time, up to 15 s, and not to the dot",
    waits.map((wait, attempt) => wait >= most[attempt] / 2 && wait <= most[attempt]), most.map(() => true));
  const session = Socket.last.session;
  elapse(10_000);
  equal("a connection that does not open is given up", Socket.last.closedWith, "no code");
  equal("all with one session", Socket.all.slice(-9).map((socket) => socket.session), Array(9).fill(session));
  lobby.leave();
}

async function isRefused(Lobby) {
  const lobby = new Lobby("ws://relay.invalid/", { code: "WRONG", iceServers: [] });
  const states = [];
  lobby.on("state", ({ state, reason }) => states.push(`${state}: ${reason}`));
  const first = Socket.last;
  Socket.last.breaks();
  elapse(500);
  equal("what never began has no session to come back to", Socket.last.session === first.session, false);
  Socket.last.onopen();
  Socket.last.breaks(4000, "Lobby does not exists");
  equal("a refusal is final", states, ["connecting: ", "refused: Lobby does not exists"]);
  const sockets = Socket.all.length;
  elapse(60_000);
  equal("and not tried again", Socket.all.length, sockets);
}

async function isSealed(Lobby) {
  const { lobby, events } = enter(Lobby, 1, []);
  Socket.last.hears([PEER_CONNECT, 7]);
  await settle();
  Connection.all.at(-1).opens();
  lobby.seal();
  equal("it seals", Socket.last.sent.at(-1), [SEAL, 0, ""]);
  Socket.last.hears([SEAL, 0]);
  Socket.last.breaks(1000, "Seal complete");
  equal("the relay's farewell is no loss", [events.at(-1), [...lobby.peers.keys()]], ["sealed: Seal complete", [7]]);
}

async function greets(Lobby) {
  const { lobby, events } = enter(Lobby);
  await settle();
  const [channel] = Connection.all.at(-1).channels;
  channel.readyState = "open";
  channel.onopen();
  equal("when its channel is open it says so", [channel.sent, events.at(-1)], [[""], "open"]);
  equal("and nothing else", [lobby.peers.get(1).send("early"), channel.sent], [false, [""]]);
  channel.onmessage({ data: "" });
  equal("when it hears the other's it answers, and may speak", [channel.sent, events.at(-1)], [["", ""], "open 1"]);
  channel.onmessage({ data: "" });
  equal("once", [channel.sent.length, events.length], [2, 3]);
  lobby.leave();
}

async function negotiates(Lobby) {
  for (const [own, name] of [[7, "the one with the higher id takes the other's"], [1, "the other goes by its own"]]) {
    const { lobby } = enter(Lobby, own, [4]);
    await settle();
    const connection = Connection.all.at(-1);
    Socket.last.hears(own === 7 ? [ANSWER, 4, "their first"] : [OFFER, 4, "their first"]);
    await settle();
    connection.onnegotiationneeded();
    await settle();
    equal("later, each may offer", Socket.last.sent.at(-1), [OFFER, 4, "my offer"]);
    Socket.last.hears([OFFER, 4, "their offer"]);
    await settle();
    equal(`of two offers at once ${name}`, connection.taken, own === 7 ? "their offer" : "their first");
    lobby.leave();
  }
}

async function mendsConnections(Lobby) {
  const { lobby, events } = enter(Lobby);
  await settle();
  const connection = Connection.all.at(-1);
  connection.opens();
  const change = (state) => {
    connection.connectionState = state;
    connection.onconnectionstatechange();
  };
  change("disconnected");
  elapse(1000);
  change("connected");
  elapse(5000);
  equal("a short pause is sat out", [connection.restarts, lobby.peers.get(1).state], [0, "open"]);
  change("failed");
  elapse(0);
  await settle();
  equal("a broken way is looked for anew", [connection.restarts, lobby.peers.get(1).state], [1, "interrupted"]);
  change("connected");
  Socket.last.hears([PEER_DISCONNECT, 1]);
  equal("who leaves the relay but talks on stays", [...lobby.peers.keys()], [1]);
  change("disconnected");
  elapse(3000);
  equal("who falls silent then is gone", [[...lobby.peers.keys()], events.at(-1)], [[], "left 1"]);
  lobby.leave();
}

async function main() {
  // As a module, whatever this version of Node takes a .js file for.
  const source = fs.readFileSync(path.join(root, "examples", "browser", "lobbyist.js"));
  const { Lobby } = await import(`data:text/javascript;base64,${source.toString("base64")}`);
  const scenarios = [asksForIceServers, joins, resumes, comesTooLate, meetsNoPlugin, waitsLonger, isRefused, isSealed,
    greets, negotiates, mendsConnections];
  for (const scenario of scenarios) await scenario(Lobby);
  tellCounts();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
