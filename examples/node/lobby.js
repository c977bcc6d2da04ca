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
const QUIET_MS = 10000;
const ANSWER_MS = 5000;
const ABNORMAL = 1006; // No close frame came (RFC 6455, section 7.1.5).

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
    this.givenUp = [];
    this.connect();
  }

  /** To one member: an OFFER, an ANSWER or a CANDIDATE. False while the connection is lost. */
  signal(kind, id, data) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
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
    if (this.socket) this.socket.close(1000);
    else this.closed(1000, "");
  }

  connect() {
    this.isGreeted = false;
    this.isIn = false;
    this.socket = new WebSocket(this.url.href);
    this.socket.onopen = () => {
      // Who may have a place waits for the greeting, which says so. Relays without `resume` greet nobody.
      if (this.id) this.timer = setTimeout(() => this.join(), GREETING_MS);
      else this.join();
    };
    this.socket.onmessage = ({ data }) => {
      this.listen();
      this.hear(JSON.parse(data));
    };
    this.socket.onerror = () => {}; // The close that follows says more.
    this.socket.onclose = ({ code, reason }) => this.closed(code, reason);
    this.listen();
  }

  /** From now on the relay may be quiet for a while; then it is asked whether it is there. */
  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.ask(), QUIET_MS);
  }

  ask() {
    // What a member signals to itself comes back. The relay's pings would do, but Node's WebSocket hides them.
    if (this.isIn) this.signal(CANDIDATE, this.id, "");
    this.silence = setTimeout(() => this.giveUp(), ANSWER_MS);
  }

  /** A relay that stands still closes nothing either: does not wait for it. */
  giveUp() {
    const { socket } = this;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    if (socket.terminate) socket.terminate();
    else if (socket.readyState === WebSocket.CONNECTING) socket.close();
    else this.givenUp.push(socket);
    this.closed(ABNORMAL, "The relay does not answer");
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
    if (type >= OFFER && type <= CANDIDATE && id !== this.id) this.emit("signal", type, id, data);
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
    this.forget();
    this.emit("open", name, this.id);
    for (const id of this.peers) this.emit("joined", id);
  }

  isBack() {
    clearTimeout(this.timer);
    this.isGreeted = true;
    this.isIn = true;
    this.attempts = 0;
    this.forget();
    this.emit("resumed");
  }

  /** Node's WebSocket can only close by a close frame, after which `resume` keeps no place: when there is one again. */
  forget() {
    for (const socket of this.givenUp.splice(0)) socket.close();
  }

  closed(code, reason) {
    this.socket = null;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    // 1000 and 4000: the lobby is over, or it is none for us.
    if (this.isLeaving || code === 1000 || code === 1008 || code === 4000) {
      this.forget();
      return this.emit("end", code, reason);
    }
    const longest = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.attempts);
    // So that not all clients of a relay come back at once.
    const wait = longest * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.timer = setTimeout(() => this.connect(), wait);
    return this.emit("lost", code, reason, wait);
  }
}

module.exports = { ANSWER, CANDIDATE, HOST, Lobby, OFFER };
