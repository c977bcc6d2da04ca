// The clients' halves of the five documented protocols, in a few lines each.
//
// A protocol gets what was heard as text, and says what it means:
//   entered(room)             this client is in the room
//   call(id)                  offer to this peer: in this protocol it is for us to do so
//   described(id, type, sdp)  an offer or an answer
//   candidate(id, candidate, mid, index)
// `say(text)` sends; `room` is empty for who creates one.

/** Godot 4's networking/webrtc_signaling: the higher id offers, and the host's is 1. */
function godot({ say, room, entered, call, described, candidate }) {
  const [JOIN, ID, PEER_CONNECT, OFFER, ANSWER, CANDIDATE] = [0, 1, 2, 4, 5, 6];
  const send = (type, id, data) => say(JSON.stringify({ data, id, type }));
  let ownId = 0;
  return {
    path: "/godot",
    open: () => send(JOIN, 0, room),
    hear(text) {
      const { type, id, data } = JSON.parse(text);
      if (type === ID) ownId = id;
      if (type === JOIN) entered(data);
      if (type === PEER_CONNECT && id < ownId) call(id);
      if (type === OFFER) described(id, "offer", data);
      if (type === ANSWER) described(id, "answer", data);
      if (type === CANDIDATE) {
        const [mid, index, sdp] = data.split("\n").filter((line) => line !== "");
        candidate(id, sdp, mid, Number(index));
      }
    },
    describe: (id, type, sdp) => send(type === "offer" ? OFFER : ANSWER, id, sdp),
    suggest: (id, sdp, mid, index) => send(CANDIDATE, id, `\n${mid}\n${index}\n${sdp}`),
  };
}

/** The game jam's `###!XX` commands: the lower id offers, and the host's is 1. */
function gamejam({ say, room, entered, call, described, candidate }) {
  const send = (command, data) => say(JSON.stringify({ command: `###!${command}`, data }));
  let ownId = 0;
  const does = {
    RPK: () => (room ? send("JR", room) : send("CR", "null")),
    CTR: (id) => { ownId = Number(id); },
    CRK: (name) => entered(name),
    JRK: () => entered(room),
    RPC: (id) => { if (Number(id) > ownId) call(Number(id)); },
    OOO: ({ id, offer }) => described(Number(id), "offer", offer),
    AAA: ({ id, answer }) => described(Number(id), "answer", answer),
    CCC: ({ id, mid, index, sdp }) => candidate(Number(id), sdp, mid, index),
  };
  return {
    path: "/gamejam",
    open: () => send("RP", "page"),
    hear(text) {
      const { command, data } = JSON.parse(text);
      does[command.slice(4)]?.(data);
    },
    describe: (id, type, sdp) => send(type === "offer" ? "OO" : "AA", { id, [type]: sdp }),
    suggest: (id, sdp, mid, index) => send("CC", { id, mid, index, sdp }),
  };
}

/** The rooms of four digits, as its client for two players does it: the joiner is `ready`, the creator offers. */
function unity({ say, room, entered, call, described, candidate }) {
  const signal = (members) => say(JSON.stringify({ type: "signal", payload: JSON.stringify({
    sdp: "", sdpType: "", candidate: "", sdpMid: "", sdpMLineIndex: 0, command: "", ...members }) }));
  return {
    path: "/unity",
    open: () => say(room ? `{ "type": "join", "roomId": "${room}" }` : '{ "type": "create" }'),
    hear(text) {
      const { type, roomId, senderId, payload } = JSON.parse(text);
      if (type !== "signal") {
        entered(roomId);
        if (type === "room_joined") signal({ command: "ready" });
        return;
      }
      const inner = JSON.parse(payload);
      if (inner.command === "ready") call(senderId);
      if (inner.sdp) described(senderId, inner.sdpType, inner.sdp);
      if (inner.candidate) candidate(senderId, inner.candidate, inner.sdpMid, inner.sdpMLineIndex);
    },
    describe: (id, sdpType, sdp) => signal({ sdp, sdpType }),
    suggest: (id, sdp, sdpMid, sdpMLineIndex) => signal({ candidate: sdp, sdpMid, sdpMLineIndex }),
  };
}

/** Raw {"sdp": …} and {"candidate": …} between two pages with one URL. The page that comes second offers. */
function broadcast({ say, room, entered, call, described, candidate }) {
  const name = room || crypto.randomUUID();
  return {
    path: `/signalling?room=${name}`,
    open() {
      entered(name);
      if (room) call("");
    },
    hear(text) {
      const { sdp, candidate: given } = JSON.parse(text);
      if (sdp) described("", sdp.type, sdp.sdp);
      else candidate("", given.candidate, given.sdpMid, given.sdpMLineIndex);
    },
    describe: (id, type, sdp) => say(JSON.stringify({ sdp: { type, sdp } })),
    suggest: (id, sdp, sdpMid, sdpMLineIndex) =>
      say(JSON.stringify({ candidate: { candidate: sdp, sdpMid, sdpMLineIndex } })),
  };
}

/** gosignaling and singo: who is in the room offers to the newcomer. */
function singo({ say, room, entered, call, described, candidate }) {
  const name = room || crypto.randomUUID();
  const send = (type, payload) => say(JSON.stringify({ type, payload }));
  return {
    path: "/connect",
    open() {},
    hear(text) {
      const { type, payload } = JSON.parse(text);
      if (type === "notify-client-id") {
        send("join", { room_id: name });
        entered(name);
      }
      if (type === "new-client") call(payload.client_id);
      if (type === "offer" || type === "answer") described(payload.client_id, type, payload.sdp);
      if (type === "ice-candidate") {
        candidate(payload.client_id, payload.candidate, payload.sdpMid, payload.sdpMLineIndex);
      }
    },
    describe: (id, type, sdp) => send(type, { sdp, client_id: id }),
    suggest: (id, sdp, sdpMid, sdpMLineIndex) =>
      send("ice-candidate", { candidate: sdp, sdpMid, sdpMLineIndex, client_id: id }),
  };
}

export const protocols = { godot, gamejam, unity, broadcast, singo };
