// @ts-check
/**
 * Lobbies of peers over WebRTC, introduced to each other by a Lobbyist relay. No dependencies, no build step: copy it.
 *
 *   import { Lobby } from "./lobbyist.js";
 *   const lobby = new Lobby("wss://relay.example.org");                    // a new lobby; lobby.code when it is open
 *   const lobby = new Lobby("wss://relay.example.org", { code: "8BJRX" }); // or one that somebody told us
 *   lobby.on("state", ({ state, reason }) => …);                           // see State
 *   lobby.on("open", ({ peer }) => peer.send("hello"));
 *   lobby.on("message", ({ peer, data }) => …);
 *   lobby.send("to everybody"); lobby.send("may get lost", "unreliable"); lobby.leave();
 * It speaks the protocol of Godot's `networking/webrtc_signaling` demo (scripts/godot.lua) as a mesh: everybody has a
 * connection to everybody, with the data channels of CHANNELS. Of two peers the one with the higher id offers first;
 * whatever is negotiated later, both may begin (perfect negotiation, WebRTC 1.0 §10.7).
 *
 * Of the relay's plugins it uses those that are there: `codes` (short codes), `turn` (ICE servers from GET /ice),
 * `host_migration` (lobby.host) and `resume`: when the socket is lost, it connects again, later each time, and takes
 * its place back. What runs between the peers runs on. Without the plugin, or too late for it, it joins again by the
 * code, under a new id; and when the relay knows no such lobby any longer the state is "gone": those who are connected
 * stay connected.
 *
 * @typedef {"connecting" | "open" | "reconnecting" | "gone" | "sealed" | "refused" | "left"} State
 *   connecting: for the first time; reconnecting: the relay is lost, and tried again; gone: the relay knows the lobby
 *   no longer; sealed: the host closed it, and the relay let all go; refused: `reason` says why; left: by leave().
 * @typedef {{ type: number, id: number, data: string }} Message what is said to and heard from the relay
 * @typedef {{ relayed: boolean, protocol: string, roundTripMs: number }} Route
 * @typedef {"reliable" | "unreliable"} Channel
 */

export const Kind = Object.freeze({
  JOIN: 0, ID: 1, PEER_CONNECT: 2, PEER_DISCONNECT: 3, OFFER: 4, ANSWER: 5, CANDIDATE: 6, SEAL: 7, HOST: 8 });

// Made by both sides before the first offer. As Chromium now and then loses what comes while a channel opens, reliable
// or not, each side says "" on the reliable one when it is open and once more when it hears that. Who has
// heard it may speak. The ids are neither Godot's (1 to 3) nor what browsers give out first.
const CHANNELS = {
  reliable: { negotiated: true, id: 10 },
  unreliable: { negotiated: true, id: 11, ordered: false, maxRetransmits: 0 },
};

const RETRY_FIRST_MS = 500, RETRY_LAST_MS = 15_000;
const GREETING_MS = 700;      // the policy gives a peer one second to join
const CONNECT_MS = 10_000, ICE_FETCH_MS = 3_000;
const ICE_FRESH_MS = 600_000; // credentials of the turn plugin are valid for longer
const INTERRUPTED_MS = 2_500; // a pause of the network that ends by itself is shorter, mostly
const OUTBOX_MAX = 256;       // messages to the relay that wait for it
const UNRELIABLE_BYTES_MAX = 65_536; // behind that much, what is new is out of date before it is sent
const REFUSALS = new Set([1008, 4000]); // close codes of the policy and its plugins
const LIVE = new Set(["connecting", "open", "reconnecting"]);

/** 22 random characters of the URL alphabet: what the `resume` plugin knows this client by. */
function drawSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export class Lobby extends EventTarget {
  /** @type {State} */ state = "connecting";
  /** The name by which others join; "" until the relay has told it. */ code = "";
  /** One's own id in the lobby, 0 before. */ id = 0;
  /** The id of the host, who may seal the lobby. */ host = 1; isSealed = false;
  /** @type {Map<number, Peer>} */ peers = new Map();
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {WebSocket | null} */ #previous = null;
  #session = ""; #isJoining = false; #attempts = 0;
  /** @type {any} */ #timer; // to the next step: another attempt, giving one up, joining without having been greeted
  /** @type {Message[]} */ #outbox = [];
  /** @type {Promise<RTCIceServer[]> | null} */ #iceServers = null; #iceServersAt = 0;

  /**
   * @param {string | URL} url of the relay: ws:// or wss://, with the path of its mount
   * @param {{ code?: string, iceServers?: RTCIceServer[] | string | URL }} options code: of the lobby to join; none: a
   *   new one. iceServers: a list, or where to GET {"iceServers": […]}; if not given, /ice below the mount's path
   */
  constructor(url, { code = "", iceServers } = {}) {
    super();
    this.url = new URL(url);
    this.code = code;
    const mount = this.url.href.replace(/^ws/, "http").replace(/[?#].*/, "").replace(/\/*$/, "/");
    this.iceSource = iceServers ?? new URL("ice", mount);
    globalThis.addEventListener?.("online", this.reconnect);
    this.iceServers();
    this.#connect();
  }

  /**
   * @param {string} event state {state, reason, retryMs}; joined, open, interrupted, left {peer}; message {peer, data,
   *   channel}; host {id}; sealed {}; signal {out, message}: what passes the relay; error {peer, error}
   * @param {(detail: any) => void} listener
   */
  on(event, listener) {
    this.addEventListener(event, (/** @type {any} */ { detail }) => listener(detail));
    return this;
  }

  /** @param {string} data for every peer whose channel is open @param {Channel} channel */
  send(data, channel = "reliable") {
    for (const peer of this.peers.values()) peer.send(data, channel);
  }

  /** Lets nobody in any longer. Only the host may. Ten seconds later the relay closes everybody's connection to it. */
  seal() { this.signal(Kind.SEAL, 0); }

  /** Leaves for good: the relay, and all peers. */
  leave() {
    this.#end("left", "");
    for (const peer of [...this.peers.values()]) peer.close();
  }

  /** Tries to reach the relay now instead of later, also when the connection only seems to be alive. */
  reconnect = () => { if (LIVE.has(this.state)) this.#connect(); };

  /** For a new connection; none when they cannot be fetched. @returns {Promise<RTCIceServer[]>} */
  iceServers() {
    if (Array.isArray(this.iceSource)) return Promise.resolve(this.iceSource);
    if (!this.#iceServers || Date.now() - this.#iceServersAt > ICE_FRESH_MS) {
      this.#iceServersAt = Date.now();
      this.#iceServers = fetch(this.iceSource, { signal: AbortSignal.timeout(ICE_FETCH_MS) })
        .then(async (response) => (response.ok ? (await response.json()).iceServers ?? [] : []))
        .catch(() => { this.#iceServersAt = 0; return []; });
    }
    return this.#iceServers;
  }

  /** @param {number} type @param {number} id @param {string} data said to the relay, later if it is lost; for Peer */
  signal(type, id, data = "") {
    if (this.state === "open") this.#write({ type, id, data });
    else if (LIVE.has(this.state) && this.#outbox.length < OUTBOX_MAX) this.#outbox.push({ type, id, data });
  }

  /** @param {string} event @param {any} detail for Peer */
  emit(event, detail) { this.dispatchEvent(new CustomEvent(event, { detail })); }

  #connect() {
    clearTimeout(this.#timer);
    // One that seems to be open is left to the relay, which closes it when this one takes its place over.
    this.#previous = this.#socket;
    if (this.#previous) this.#previous.onopen = this.#previous.onmessage = this.#previous.onclose = null;
    // What an attempt that broke off has begun is not to be continued, as its id was never heard.
    if (!this.id) this.#session = drawSecret();
    this.#isJoining = false;
    this.url.searchParams.set("session", this.#session);
    const socket = this.#socket = new WebSocket(this.url);
    this.#timer = setTimeout(() => socket.close(), CONNECT_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      // Who is new need not wait for the greeting. A relay without `resume` greets nobody.
      if (!this.id) this.#join();
      else this.#timer = setTimeout(() => this.#join(), GREETING_MS);
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
  }

  /** @param {Message} message */
  #write(message) {
    this.#socket?.send(JSON.stringify(message));
    this.emit("signal", { out: true, message });
  }

  #join() {
    clearTimeout(this.#timer);
    this.#previous?.close();
    this.#isJoining = true;
    this.#write({ type: Kind.JOIN, id: 0, data: this.code });
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#socket = null;
    if (this.isSealed && code === 1000) return this.#end("sealed", reason);
    if (REFUSALS.has(code) && !this.id) return this.#end("refused", reason);
    // Whoever is thrown out of a lobby may come back in, but once it is no longer there that is final.
    if (REFUSALS.has(code) && this.#isJoining) return this.#end(this.isSealed ? "sealed" : "gone", reason);

    clearTimeout(this.#timer);
    // Not all at once when a relay comes back: each at another moment.
    const retryMs = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#connect(), retryMs);
    this.#become(this.id ? "reconnecting" : "connecting", reason, retryMs);
  }

  /** @param {State} state in which the relay's part is over @param {string} reason */
  #end(state, reason) {
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.("online", this.reconnect);
    if (this.#socket) this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket?.close(1000);
    this.#socket = null;
    this.#outbox = [];
    this.#become(state, reason);
    for (const peer of [...this.peers.values()]) peer.isGone();
  }

  /** @param {State} state */
  #become(state, reason = "", retryMs = 0) {
    this.state = state;
    this.emit("state", { state, reason, retryMs });
  }

  /** @param {string} text */
  #hear(text) {
    const message = JSON.parse(text), { type, id, data, session } = message;
    this.emit("signal", { out: false, message });
    if (session) return this.#isGreeted(session);
    switch (type) {
      case Kind.ID: return this.#isNamed(id);
      case Kind.JOIN: this.code = data; return this.#isIn();
      case Kind.PEER_CONNECT: return this.#meet(id);
      case Kind.PEER_DISCONNECT: return this.peers.get(id)?.isGone();
      case Kind.OFFER: case Kind.ANSWER: case Kind.CANDIDATE: return void this.peers.get(id)?.hear(type, data);
      case Kind.SEAL: this.isSealed = true; return this.emit("sealed", {});
      case Kind.HOST: this.host = id; return this.emit("host", { id });
    }
  }

  /** @param {"resumed" | "new"} session */
  #isGreeted(session) {
    if (!this.id || this.#isJoining) return;
    if (session === "new") return this.#join();
    this.#isIn();
    for (const peer of this.peers.values()) peer.isBack();
  }

  /** @param {number} id */
  #isNamed(id) {
    // With a new id one is a stranger to those who are still there.
    for (const peer of [...this.peers.values()]) peer.close();
    this.#outbox = [];
    this.id = id;
    this.host = 1;
  }

  #isIn() {
    clearTimeout(this.#timer);
    this.#isJoining = false;
    this.#attempts = 0;
    this.#become("open");
    for (const message of this.#outbox.splice(0)) this.#write(message);
  }

  /** @param {number} id */
  #meet(id) {
    this.peers.get(id)?.close();
    this.peers.set(id, new Peer(this, id));
    this.emit("joined", { peer: this.peers.get(id) });
  }
}

/** Somebody else in the lobby, and the connection to them. */
export class Peer {
  /** @type {"connecting" | "open" | "interrupted" | "closed"} */ state = "connecting";
  /** Since it was last open, perhaps for want of a TURN server. */ hasFailed = false;
  /** @type {RTCPeerConnection | undefined} */ connection;
  /** @type {RTCDataChannel | undefined} */ reliable;
  /** @type {RTCDataChannel | undefined} */ unreliable;
  #lobby; #ready; #isMember = true; #isHeard = false;
  #isOffering = false; #ignoresOffer = false; #isTakingAnswer = false;
  /** @type {any} */ #timer;

  /** @param {Lobby} lobby @param {number} id */
  constructor(lobby, id) {
    this.id = id;
    this.#lobby = lobby;
    // Messages that come meanwhile wait for it, in order.
    this.#ready = lobby.iceServers().then((iceServers) => this.#open(iceServers));
  }

  /** @returns false when the channel is not open. @param {string} data @param {Channel} channel */
  send(data, channel = "reliable") {
    const to = channel === "unreliable" && this.unreliable?.readyState === "open" ? this.unreliable : this.reliable;
    if (!this.#isHeard || to?.readyState !== "open") return false;
    if (to === this.unreliable && to.bufferedAmount > UNRELIABLE_BYTES_MAX) return false;
    to.send(data);
    return true;
  }

  /** Which way the data takes; null until there is one. @returns {Promise<Route | null>} */
  async route() {
    if (this.state === "closed" || !this.connection) return null;
    const stats = await this.connection.getStats();
    const all = [...stats.values()];
    const pair = stats.get(all.find(({ type }) => type === "transport")?.selectedCandidatePairId)
      ?? all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
    if (!pair) return null;
    const local = stats.get(pair.localCandidateId), remote = stats.get(pair.remoteCandidateId);
    const relayed = local?.candidateType === "relay" || remote?.candidateType === "relay";
    return { relayed, protocol: local?.protocol ?? "", roundTripMs: (pair.currentRoundTripTime ?? NaN) * 1000 };
  }

  close() {
    if (this.state === "closed") return;
    this.state = "closed";
    clearTimeout(this.#timer);
    this.connection?.close();
    this.#lobby.peers.delete(this.id);
    this.#lobby.emit("left", { peer: this });
  }

  /** For Lobby: no longer a member. What works may go on, as when only their way to the relay is broken. */
  isGone() {
    this.#isMember = false;
    if (this.state !== "open") this.close();
  }

  /** For Lobby: the relay is there again, and what was said to it meanwhile may be lost. */
  isBack() {
    if (this.state === "open" || !this.connection) return;
    if (this.connection.signalingState === "have-local-offer") this.#sendDescription();
    else this.#restart();
  }

  /** @param {number} kind of what the peer has said through the relay @param {string} data of it; for Lobby */
  async hear(kind, data) {
    await this.#ready;
    if (this.state === "closed") return;
    await (kind === Kind.CANDIDATE ? this.#hearCandidate(data) : this.#hearDescription(kind, data)).catch(this.#report);
  }

  /** Whether this side offers first, and gives way when both offer at once. */
  get #isNewer() { return this.#lobby.id > this.id; }

  /** @param {RTCIceServer[]} iceServers */
  #open(iceServers) {
    if (this.state === "closed") return;
    const connection = this.connection = new RTCPeerConnection({ iceServers });
    connection.onnegotiationneeded = () => {
      if (!this.#isNewer && !connection.remoteDescription) return;
      this.#isOffering = true;
      this.#describe().catch(this.#report).finally(() => { this.#isOffering = false; });
    };
    connection.onicecandidate = ({ candidate: it }) => it?.candidate
      && this.#lobby.signal(Kind.CANDIDATE, this.id, `\n${it.sdpMid}\n${it.sdpMLineIndex}\n${it.candidate}`);
    connection.onconnectionstatechange = () => this.#changed(connection.connectionState);
    for (const label of /** @type {Channel[]} */ (["reliable", "unreliable"])) {
      const channel = this[label] = connection.createDataChannel(label, CHANNELS[label]);
      channel.onmessage = ({ data }) => (data === "" ? this.#hasHeard()
        : this.#lobby.emit("message", { peer: this, data, channel: label }));
    }
    const { reliable } = this;
    reliable.onclose = () => this.close();
    reliable.onopen = () => { reliable.send(""); this.#changed("connected"); };
  }

  #hasHeard() {
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.send("");
    this.#changed("connected");
  }

  /** @param {RTCPeerConnectionState} state */
  #changed(state) {
    if (state === "connected" && this.#isHeard && this.reliable?.readyState === "open" && this.state !== "open") {
      clearTimeout(this.#timer);
      this.state = "open";
      this.hasFailed = false;
      this.#lobby.emit("open", { peer: this });
    }
    if (state !== "disconnected" && state !== "failed" || this.state === "closed") return;
    clearTimeout(this.#timer);
    this.hasFailed ||= state === "failed";
    this.state = this.state === "connecting" ? "connecting" : "interrupted";
    this.#lobby.emit("interrupted", { peer: this });
    const patienceMs = state === "failed" ? 0 : INTERRUPTED_MS;
    // Who is no member can negotiate no new way. Where the relay is gone for all, the old way may still come back.
    if (!this.#isMember && state === "disconnected" && this.#lobby.state !== "open") return;
    this.#timer = setTimeout(() => (this.#isMember ? this.#restart() : this.close()), patienceMs);
  }

  async #restart() {
    const iceServers = await this.#lobby.iceServers();
    if (!this.connection || this.connection.signalingState === "closed") return;
    this.connection.setConfiguration({ iceServers });
    this.connection.restartIce();
  }

  /** An offer or, when the other one has offered, the answer. */
  async #describe() {
    await this.connection?.setLocalDescription();
    this.#sendDescription();
  }

  #sendDescription() {
    const { type, sdp } = this.connection?.localDescription ?? {};
    if (type) this.#lobby.signal(type === "offer" ? Kind.OFFER : Kind.ANSWER, this.id, sdp);
  }

  /** @param {number} kind @param {string} sdp */
  async #hearDescription(kind, sdp) {
    const isOffer = kind === Kind.OFFER;
    const isFree = !this.#isOffering && (this.connection?.signalingState === "stable" || this.#isTakingAnswer);
    this.#ignoresOffer = isOffer && !isFree && !this.#isNewer;
    if (this.#ignoresOffer) return;
    this.#isTakingAnswer = !isOffer;
    const taken = this.connection?.setRemoteDescription({ type: isOffer ? "offer" : "answer", sdp });
    await taken?.finally(() => { this.#isTakingAnswer = false; });
    if (isOffer) await this.#describe();
  }

  /** @param {string} data */
  async #hearCandidate(data) {
    const [sdpMid, sdpMLineIndex, candidate] = data.split("\n").filter((line) => line);
    await this.connection?.addIceCandidate({ sdpMid, sdpMLineIndex: Number(sdpMLineIndex), candidate })
      .catch((error) => { if (!this.#ignoresOffer) throw error; });
  }

  #report = (/** @type {unknown} */ error) => this.#lobby.emit("error", { peer: this, error });
}
