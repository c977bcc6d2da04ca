// A lobby of Godot's networking/webrtc_signaling protocol, for Node: who is in it, and what they signal.
//
// With the relay's plugin `resume` the place is kept while the connection is lost; without it, or when the relay was
// restarted, the lobby is joined again, or a new one is created in place of one's own.
"use strict";

const { randomBytes } = require("node:crypto");
const { EventEmitter } = require("node:events");
// Node's own from version 22 on, Debian's node-ws before.
const WebSocket = globalThis.WebSocket ?? require("ws");

const [JOIN, ID, PEER_CONNECT, PEER_DISCONNECT, OFFER, ANSWER, CANDIDATE, SEAL] = [0, 1, 2, 3, 4, 5, 6, 7];
const HOST = 1;
const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 15000;
const GREETING_MS = 500; // The relay waits a second for who wants to join.

/**
 * Emits `open` (name, id), `resumed`, `joined` (id), `left` (id), `signal` (kind, id, data), `lost` (code, reason,
 * milliseconds until it tries again) and `end` (code, reason) when it tries no longer.
 */
class Lobby extends EventEmitter {
  constructor(url, name = "") {
    super();
    this.url = new URL(url);
    this.url.searchParams.set("session", randomBytes(16).toString("base64url"));
    this.name = name;
    this.id = 0;
    this.peers = new Set();
    this.attempts = 0;
    this.connect();
  }

  /** To one member: an OFFER, an ANSWER or a CANDIDATE. False while the connection is lost. */
  signal(kind, id, data) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ type: kind, id, data }));
    return true;
  }

  /** Lets nobody in any longer, if this is the host; ten seconds later the relay closes the lobby. */
  seal() {
    return this.signal(SEAL, 0, "");
  }

  leave() {
    this.isLeaving = true;
    clearTimeout(this.timer);
    this.socket.close(1000);
  }

  connect() {
    this.isGreeted = false;
    this.socket = new WebSocket(this.url.href);
    this.socket.onopen = () => {
      // Who may have a place waits for the greeting, which says so. Relays without `resume` greet nobody.
      if (this.id) this.timer = setTimeout(() => this.join(), GREETING_MS);
      else this.join();
    };
    this.socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
    this.socket.onerror = () => {}; // The close that follows says more.
    this.socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  join() {
    clearTimeout(this.timer);
    this.isGreeted = true;
    this.signal(JOIN, 0, this.id === HOST ? "" : this.name);
  }

  hear({ type, id, data, session }) {
    if (session === "new" && !this.isGreeted) return this.join();
    if (session === "resumed") return this.isBack();
    if (type === ID) this.isNamed(id);
    if (type === PEER_CONNECT) this.peers.add(id);
    if (type === PEER_CONNECT && this.isIn) this.emit("joined", id);
    if (type === PEER_DISCONNECT && this.peers.delete(id)) this.emit("left", id);
    if (type === JOIN) this.entered(data);
    if (type >= OFFER && type <= CANDIDATE) this.emit("signal", type, id, data);
    return undefined;
  }

  isNamed(id) {
    this.id = id;
    this.isIn = false;
    this.peers.clear();
  }

  entered(name) {
    this.name = name;
    this.isIn = true;
    this.attempts = 0;
    this.emit("open", name, this.id);
    for (const id of this.peers) this.emit("joined", id);
  }

  isBack() {
    clearTimeout(this.timer);
    this.isGreeted = true;
    this.attempts = 0;
    this.emit("resumed");
  }

  closed(code, reason) {
    clearTimeout(this.timer);
    // 1000 and 4000: the lobby is over, or it is none for us.
    if (this.isLeaving || code === 1000 || code === 1008 || code === 4000) return this.emit("end", code, reason);
    const longest = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.attempts);
    // So that not all clients of a relay come back at once.
    const wait = longest * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.timer = setTimeout(() => this.connect(), wait);
    return this.emit("lost", code, reason, wait);
  }
}

module.exports = { ANSWER, CANDIDATE, HOST, Lobby, OFFER };
