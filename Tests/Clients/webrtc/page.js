// One end of a link: enters a room, opens a data channel, sends random bytes and takes as many.
//
// The query says which protocol, relay and room, how many bytes; with `ice`, where to ask for TURN servers: then
// nothing goes another way; with `channel`, the id of a data channel that both ends make (`negotiated`).
// `window.link` holds promises of what comes of it:
//   entered   the room's name
//   gathered  the candidates that were found, and the error codes of those that were not
//   done      what the test looks at, when both ends have everything
import { protocols } from "./protocols.js";

const query = new URLSearchParams(location.search);
const BYTES = Number(query.get("bytes"));
const CHUNK_BYTES = 16384;
const BUFFERED_BYTES = 262144;

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

const [entered, gathered, done] = [deferred(), deferred(), deferred()];
window.link = { entered: entered.promise, gathered: gathered.promise, done: done.promise };

async function configuration() {
  if (!query.get("ice")) return {};
  return { ...(await (await fetch(query.get("ice"))).json()), iceTransportPolicy: "relay" };
}

async function hash(chunks) {
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(chunks).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends random bytes and answers their hash. */
async function sendAll(channel) {
  const chunks = [];
  channel.bufferedAmountLowThreshold = BUFFERED_BYTES / 2;
  for (let sent = 0; sent < BYTES; sent += CHUNK_BYTES) {
    const chunk = crypto.getRandomValues(new Uint8Array(Math.min(CHUNK_BYTES, BYTES - sent)));
    chunks.push(chunk);
    if (channel.bufferedAmount > BUFFERED_BYTES) {
      await new Promise((resolve) => { channel.onbufferedamountlow = resolve; });
    }
    channel.send(chunk);
  }
  return hash(chunks);
}

/** The types of the two candidates that the connection has settled on, its own first. */
async function route(connection) {
  const stats = await connection.getStats();
  const reports = [...stats.values()];
  // Firefox marks the pair itself.
  const pair = stats.get(reports.find(({ type }) => type === "transport")?.selectedCandidatePairId)
    ?? reports.find(({ type, selected }) => type === "candidate-pair" && selected);
  return [pair?.localCandidateId, pair?.remoteCandidateId].map((id) => stats.get(id)?.candidateType);
}

/**
 * Who has offered the channel says hello first, and who has answered says nothing before it has heard that: what comes
 * before the offering Chromium takes its channel for open is lost, although it is a reliable one. Where both have made
 * it, each says "" first and again when it hears that, as the examples do.
 */
async function talk(connection, channel, isOffered) {
  const [word, greeting, bytes, acknowledgement] = [deferred(), deferred(), deferred(), deferred()];
  const chunks = [];
  let missing = BYTES;
  channel.binaryType = "arraybuffer";
  channel.onmessage = ({ data }) => {
    if (data === "") return word.resolve();
    if (typeof data === "string") return (data.startsWith("hello") ? greeting : acknowledgement).resolve(data);
    chunks.push(data);
    missing -= data.byteLength;
    if (missing === 0) bytes.resolve();
  };
  if (channel.readyState !== "open") await new Promise((resolve) => { channel.onopen = resolve; });
  if (channel.negotiated) {
    channel.send("");
    await word.promise;
    channel.send("");
  }
  const opened = Date.now();
  if (isOffered) channel.send("hello");
  else await greeting.promise;
  const sent = await sendAll(channel);
  await bytes.promise;
  const received = await hash(chunks);
  channel.send(received);
  const { label, ordered, maxRetransmits, maxPacketLifeTime } = channel;
  done.resolve({
    opened, sent, received, acknowledged: await acknowledgement.promise, route: await route(connection),
    channel: [label, ordered && maxRetransmits === null && maxPacketLifeTime === null],
  });
}

async function main() {
  const connection = new RTCPeerConnection(await configuration());
  const [candidates, errors] = [[], []];
  const isNegotiated = query.has("channel");
  let other;

  const makeChannel = (options) =>
    talk(connection, connection.createDataChannel("lobbyist", options), true).catch(done.reject);
  if (isNegotiated) makeChannel({ negotiated: true, id: Number(query.get("channel")) });

  // One thing after the other: a candidate must not overtake its description.
  let last = Promise.resolve();
  const next = (step) => { last = last.then(step).catch(done.reject); };

  const describe = async () => {
    await connection.setLocalDescription();
    const { type, sdp } = connection.localDescription;
    protocol.describe(other, type, sdp);
  };
  const protocol = protocols[query.get("protocol")]({
    room: query.get("room") ?? "",
    say: (text) => socket.send(text),
    entered: entered.resolve,
    call: (id) => next(() => {
      other = id;
      if (!isNegotiated) makeChannel();
      return describe();
    }),
    described: (id, type, sdp) => next(async () => {
      other = id;
      await connection.setRemoteDescription({ type, sdp });
      if (type === "offer") await describe();
    }),
    candidate: (id, candidate, sdpMid, sdpMLineIndex) =>
      next(() => connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex })),
  });

  connection.onicecandidate = ({ candidate }) => {
    // Firefox marks the end of the candidates by an empty one as well.
    if (!candidate?.candidate) return;
    candidates.push(candidate.candidate);
    protocol.suggest(other, candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex);
  };
  connection.onicecandidateerror = ({ errorCode }) => errors.push(errorCode);
  connection.onicegatheringstatechange = () => {
    if (connection.iceGatheringState === "complete") gathered.resolve({ candidates, errors });
  };
  connection.ondatachannel = ({ channel }) => talk(connection, channel, false).catch(done.reject);

  const socket = new WebSocket(query.get("relay") + protocol.path);
  socket.onopen = () => protocol.open();
  socket.onmessage = ({ data }) => protocol.hear(data);
  socket.onclose = ({ code, reason }) => done.reject(new Error(`the relay closed: ${code} ${reason}`));
}

main().catch(done.reject);
