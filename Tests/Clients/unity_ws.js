// The Unity protocol of four-digit rooms driven by Debian's node-ws: the README's test with two clients, the three
// known Unity clients, all 9000 rooms, the end of a room, and scripts/unity.talk over real sockets.
// usage: NODE_PATH=/usr/share/nodejs node unity_ws.js     (LOBBYIST names another binary)
"use strict";

const { spawn } = require("node:child_process");
const WebSocket = require("ws");
const { binary, counts, equal, root, startRelay, tellCounts, within } = require("./relay.js");

const QUIET_MS = 250;
const WHOLE_RUN_MS = 180000;
const ROOM_ID = /^[1-9][0-9]{3}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** One connection whose texts and close are waited for one by one. */
class Client {
  constructor(url) {
    this.socket = new WebSocket(url);
    this.heard = [];
    this.waiting = [];
    this.socket.on("message", (data, isBinary) => this.note(isBinary ? "binary" : data.toString()));
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve([code, reason.toString()]));
    });
    this.opened = new Promise((resolve) => this.socket.on("open", resolve));
  }

  static async connect(url) {
    const client = new Client(url);
    await within(client.opened, "the socket to open");
    return client;
  }

  static async connectMany(url, count) {
    return Promise.all(Array.from({ length: count }, () => Client.connect(url)));
  }

  note(text) {
    const next = this.waiting.shift();
    if (next) next(text);
    else this.heard.push(text);
  }

  say(message) {
    this.socket.send(typeof message === "object" && !Buffer.isBuffer(message) ? JSON.stringify(message) : message);
  }

  async hearText() {
    if (this.heard.length) return this.heard.shift();
    return within(new Promise((resolve) => this.waiting.push(resolve)), "a message");
  }

  async hear() {
    return JSON.parse(await this.hearText());
  }

  async create(message = { type: "create" }) {
    this.say(message);
    const reply = await this.hear();
    this.room = reply.roomId;
    this.id = reply.myId;
    return reply;
  }

  async join(room, message = { type: "join", roomId: room }) {
    this.say(message);
    const reply = await this.hear();
    this.room = reply.roomId;
    this.id = reply.myId;
    return reply;
  }
}

async function quiet(name, ...clients) {
  await pause(QUIET_MS);
  equal(name, clients.flatMap((client) => client.heard.splice(0)), []);
}

async function hangUp(...clients) {
  for (const client of clients) client.socket.close();
  await Promise.all(clients.map((client) => within(client.closed, "the close")));
}

/** The README's script: B joins what A created, and says hello 200 ms later. Nobody says anything else. */
async function readme(url) {
  const [a, b] = await Client.connectMany(url, 2);
  await pause(200);
  const created = await a.create();
  equal("README: room_created has these members in this order", Object.keys(created), ["type", "roomId", "myId"]);
  equal("README: room_created", [created.type, ROOM_ID.test(created.roomId), UUID.test(created.myId)],
    ["room_created", true, true]);
  equal("README: no extension is answered", a.socket.extensions, "");
  equal("README: no subprotocol is answered", a.socket.protocol, "");
  const joined = await b.join(created.roomId);
  equal("README: room_joined", JSON.stringify(joined),
    JSON.stringify({ type: "room_joined", roomId: created.roomId, myId: b.id }));
  equal("README: two ids", UUID.test(b.id) && a.id !== b.id, true);
  await pause(200);
  const payload = JSON.stringify({ type: "dummy", text: "hello from B" });
  b.say({ type: "signal", payload });
  equal("README: the signal", await a.hearText(), JSON.stringify({ type: "signal", senderId: b.id, payload }));
  await quiet("README: nothing else is said", a, b);
  await hangUp(a, b);
}

async function payloads(url) {
  const [a, b] = await Client.connectMany(url, 2);
  await a.create();
  await b.join(a.room);
  const sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" + "a=x\r\n".repeat(4000);
  for (const [name, payload] of Object.entries({
    "an object": '{"sdp":"v=0","sdpType":"offer"}',
    "spaces and the order of members": '{ "z" : 1.0,\t"a": [ 1e2 ] }',
    "20 KB": JSON.stringify({ sdp, sdpType: "offer" }),
    "escapes and other scripts": String.raw`"\u0000\u001f\"\\\/ é 漢字 😀 \ud83d\ude00"`,
    "a large number": "12345678901234567890",
    "null": "null",
  })) {
    b.say(`{"type":"signal","payload":${payload}}`);
    const expected = `{"type":"signal","senderId":"${b.id}","payload":${payload}}`;
    equal(`payload: ${name}`, await a.hearText(), expected);
    b.say(Buffer.from(`{"type":"signal","payload":${payload}}`));
    equal(`payload in a binary message: ${name}`, await a.hearText(), expected);
  }
  b.say({ type: "signal" });
  equal("no payload", await a.hearText(), `{"type":"signal","senderId":"${b.id}"}`);
  await hangUp(a, b);
}

async function ignored(url) {
  const [a, b] = await Client.connectMany(url, 2);
  await a.create();
  for (const message of ["garbage", "", "null", "[]", '{"type":"zzz"}', Buffer.from([0xff, 0xfe]),
    { type: "signal", payload: "x" }]) b.say(message);
  await quiet("what makes no sense is ignored", a, b);
  b.say(`{"type":"join","roomId":${a.room}}`);
  equal("a number is no room id", await b.hearText(), '{"type":"error","message":"Room not found"}');
  await b.join(a.room);
  equal("the connection has stayed", b.room, a.room);
  await hangUp(a, b);
}

/** WebRTCManager: each member offers to each newcomer, by targetId; the newcomer answers. */
async function mesh(url) {
  const clients = await Client.connectMany(`${url}/?initiate_call=1`, 4);
  const links = [];
  for (const [count, newcomer] of clients.entries()) {
    const reply = count ? await newcomer.join(clients[0].room) : await newcomer.create();
    equal(`mesh: ${count} are there before`, reply.type, count ? "room_joined" : "room_created");
    for (const member of clients.slice(0, count)) {
      const call = await member.hear();
      equal("mesh: who is there calls", call, { type: "initiate_call", peerId: newcomer.id });
      const offer = JSON.stringify({ type: "offer", sdp: `from ${member.id}` });
      member.say({ type: "signal", targetId: call.peerId, payload: offer });
      const offered = await newcomer.hear();
      equal("mesh: the newcomer is offered", offered, { type: "signal", senderId: member.id, payload: offer });
      const answer = JSON.stringify({ type: "answer", sdp: `from ${newcomer.id}` });
      newcomer.say({ type: "signal", targetId: offered.senderId, payload: answer });
      equal("mesh: the answer arrives", await member.hear(),
        { type: "signal", senderId: newcomer.id, payload: answer });
      links.push([member.id, newcomer.id]);
    }
  }
  equal("mesh: everybody is linked with everybody", links.length, 6);
  await quiet("mesh: nobody hears what is for another", ...clients);
  await hangUp(...clients);
}

/** NativeWebSocketClient: the creator offers at once; JsonUtility writes all members, always. */
async function early(url) {
  const [creator, joiner] = await Client.connectMany(url, 2);
  const body = (members) => ({ sdp: "", sdpType: "", candidate: "", sdpMid: "", sdpMLineIndex: 0, ...members });
  const signal = (payload) => ({ type: "signal", roomId: "", payload });
  await creator.create({ type: "create", roomId: "", payload: body({}) });
  const offer = body({ sdp: "v=0\r\n".repeat(100), sdpType: "offer" });
  creator.say(signal(offer));
  const candidates = [0, 1, 2].map((index) => body({ candidate: `candidate:${index}`, sdpMid: "0" }));
  for (const candidate of candidates) creator.say(signal(candidate));
  await pause(QUIET_MS);
  const joined = await joiner.join(creator.room, { type: "join", roomId: creator.room, payload: body({}) });
  equal("early: room_joined comes first", joined.type, "room_joined");
  for (const payload of [offer, ...candidates]) {
    equal("early: what was said before comes next", await joiner.hearText(),
      JSON.stringify({ type: "signal", senderId: creator.id, payload }));
  }
  const answer = body({ sdp: "v=0", sdpType: "answer" });
  joiner.say(signal(answer));
  equal("early: the answer", await creator.hear(), { type: "signal", senderId: joiner.id, payload: answer });
  const late = await Client.connect(url);
  await late.join(creator.room);
  await quiet("early: only the first hears it", creator, joiner, late);
  await hangUp(creator, joiner, late);
}

/** Chalk-1: ready, offer, answer, candidates, then both hang up. On the way the creator loses its connection. */
async function chalk(url) {
  const data = (members) =>
    JSON.stringify({ sdp: "", sdpType: "", candidate: "", sdpMid: "", sdpMLineIndex: 0, command: "", ...members });
  const lost = await Client.connect(url);
  const created = await lost.create('{ "type": "create" }');
  equal("chalk: room_created", created.type, "room_created");
  lost.socket.terminate();
  await within(lost.closed, "the connection to end");
  await pause(QUIET_MS);

  const creator = await Client.connect(url);
  const again = await creator.join(created.roomId, `{ "type": "join", "roomId": "${created.roomId}" }`);
  equal("chalk: the emptied room can be joined again", [again.type, again.roomId], ["room_joined", created.roomId]);
  equal("chalk: under another id", again.myId !== created.myId, true);
  const joiner = await Client.connect(url);
  await joiner.join(created.roomId, `{ "type": "join", "roomId": "${created.roomId}" }`);
  for (const [from, to, members] of [
    [joiner, creator, { command: "ready" }],
    [creator, joiner, { sdp: "v=0\r\no=- 1\r\n", sdpType: "offer" }],
    [joiner, creator, { sdp: "v=0\r\no=- 2\r\n", sdpType: "answer" }],
    [creator, joiner, { candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0" }],
    [joiner, creator, { candidate: "candidate:2 1 udp 1 192.0.2.2 9 typ host", sdpMid: "0" }],
  ]) {
    from.say({ type: "signal", payload: data(members) });
    equal(`chalk: ${members.command || members.sdpType || "candidate"}`, await to.hear(),
      { type: "signal", senderId: from.id, payload: data(members) });
  }
  joiner.socket.terminate();
  await within(joiner.closed, "the connection to end");
  await quiet("chalk: nobody hears that the joiner has gone", creator);
  const back = await Client.connect(url);
  await back.join(created.roomId);
  back.say({ type: "signal", payload: data({ command: "ready" }) });
  equal("chalk: back and ready", await creator.hear(),
    { type: "signal", senderId: back.id, payload: data({ command: "ready" }) });
  await hangUp(back, creator);
}

/** One client asks for all 9000 rooms and one more. */
async function allRooms(url) {
  const client = await Client.connect(url);
  const rooms = new Set();
  for (let count = 0; count < 9000; count += 100) {
    for (let index = 0; index < 100; index += 1) client.say({ type: "create" });
    for (let index = 0; index < 100; index += 1) {
      const reply = await client.hear();
      if (reply.type === "room_created" && ROOM_ID.test(reply.roomId)) rooms.add(reply.roomId);
    }
  }
  equal("9000 rooms with 9000 ids", rooms.size, 9000);
  client.say({ type: "create" });
  equal("one more is refused", await client.hearText(), '{"type":"error","message":"No room is free"}');
  const other = await Client.connect(url);
  other.say({ type: "create" });
  equal("whoever asks", (await other.hear()).message, "No room is free");
  equal("to join goes on", (await other.join("1000")).type, "room_joined");
  await hangUp(client, other);
}

async function expiry(url) {
  const [a, b, c] = await Client.connectMany(url, 3);
  await a.create();
  await b.join(a.room);
  const codes = await within(Promise.all([a.closed, b.closed]), "the end of the room");
  equal("a room ends without a code", codes, [[1005, ""], [1005, ""]]);
  c.say({ type: "join", roomId: a.room });
  equal("and is not found any more", (await c.hear()).message, "Room not found");
  await hangUp(c);
}

async function talk(url) {
  const process = spawn(binary, ["talk", url, "scripts/unity.talk"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  process.stdout.on("data", (data) => { output += data; });
  process.stderr.on("data", (data) => { output += data; });
  const ended = new Promise((resolve) => process.on("close", resolve));
  const code = await within(ended, "the talk", WHOLE_RUN_MS).catch((error) => {
    process.kill("SIGKILL");
    return error.message;
  });
  console.log(output);
  const played = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].pop();
  equal("unity.talk, live: exit code", code, 0);
  equal("unity.talk, live: conversations were played", Boolean(played) && Number(played[1]) > 0, true);
  if (!played) return;
  counts.passed += Number(played[1]);
  counts.failed += Number(played[2]);
}

async function against(settings, ...scenarios) {
  const { relay, ended, errors, listening } = startRelay("scripts/unity.lua", settings);
  for (const scenario of scenarios) {
    try {
      await scenario(await listening);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAIL ${scenario.name}: ${error.stack}`);
    }
  }
  relay.kill("SIGTERM");
  equal("the relay ends well", await within(ended, "the relay's end").catch((error) => {
    relay.kill("SIGKILL");
    return error.message;
  }), 0);
  equal("the relay logged no error", errors(), []);
}

async function main() {
  setTimeout(() => {
    console.log(`FAIL the whole run: expected an end within ${WHOLE_RUN_MS} ms`);
    process.exit(1);
  }, WHOLE_RUN_MS).unref();
  await against({}, readme, payloads, ignored, chalk, talk);
  await against({ targets: true }, mesh);
  await against({ replay: true }, early);
  await against({}, allRooms);
  await against({ room_timeout: 1 }, expiry);
  tellCounts();
}

main();
