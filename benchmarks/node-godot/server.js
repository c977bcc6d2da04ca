'use strict';
// The Godot demo's signaling protocol in plain Node, as its users run it today: `ws`, JSON.parse,
// JSON.stringify, and a Map for each lobby. A peer for `lobbyist bench` to compare with.
//
//   node server.js [PORT]     0, the default, lets the kernel choose

const { randomInt } = require('crypto');
const { WebSocketServer } = require('ws');

const JOIN = 0, ID = 1, PEER_CONNECT = 2, PEER_DISCONNECT = 3, OFFER = 4, CANDIDATE = 6, SEAL = 7;
const HOST = 1;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const JOIN_TIMEOUT_MS = 1000, SEAL_TIMEOUT_MS = 10000, PING_INTERVAL_MS = 10000;

const lobbies = new Map();

class Refusal extends Error {}

function send(peer, type, id, data) {
  peer.socket.send(JSON.stringify({ type, id, data }));
}

function lobbyName() {
  let name = '';
  while (name.length < 16) name += LETTERS[randomInt(LETTERS.length)];
  return name;
}

function unusedId(lobby) {
  for (;;) {
    const id = randomInt(2, 2 ** 31);
    if (!lobby.members.has(id)) return id;
  }
}

function join(peer, name, mesh) {
  if (peer.lobby) throw new Refusal('Already in a lobby');
  let lobby = lobbies.get(name);
  if (name === '') {
    lobby = { name: lobbyName(), mesh, sealed: false, members: new Map(), timer: null };
    lobbies.set(lobby.name, lobby);
    peer.id = HOST;
  } else {
    if (!lobby) throw new Refusal('Lobby does not exists');
    if (lobby.sealed) throw new Refusal('Lobby is sealed');
    peer.id = unusedId(lobby);
  }
  clearTimeout(peer.timer);
  peer.lobby = lobby;
  send(peer, ID, peer.id, lobby.mesh ? 'true' : '');
  for (const member of lobby.members.values()) {
    if (!lobby.mesh && member.id !== HOST) continue;
    send(member, PEER_CONNECT, peer.id, '');
    send(peer, PEER_CONNECT, member.id, '');
  }
  lobby.members.set(peer.id, peer);
  send(peer, JOIN, 0, lobby.name);
}

function seal(peer) {
  const { lobby } = peer;
  if (peer.id !== HOST) throw new Refusal('Only host can seal the lobby');
  lobby.sealed = true;
  for (const member of lobby.members.values()) send(member, SEAL, 0, '');
  lobby.timer = setTimeout(() => {
    for (const member of lobby.members.values()) member.socket.close(1000, 'Seal complete');
  }, SEAL_TIMEOUT_MS);
}

function leave(peer) {
  clearTimeout(peer.timer);
  const { lobby } = peer;
  if (!lobby) return;
  lobby.members.delete(peer.id);
  if (peer.id !== HOST) {
    for (const member of lobby.members.values()) send(member, PEER_DISCONNECT, peer.id, '');
    return;
  }
  lobbies.delete(lobby.name);
  clearTimeout(lobby.timer);
  for (const member of lobby.members.values()) {
    member.lobby = null;
    member.socket.close(4000, 'Room host has disconnected');
  }
}

function parse(text) {
  let message = null;
  try { message = JSON.parse(text); } catch { throw new Refusal('Invalid message format'); }
  if (message === null || typeof message !== 'object') throw new Refusal('Invalid message format');
  const { type, id, data } = message;
  if (typeof type !== 'number' || typeof id !== 'number' || type < 0 || id < 0) {
    throw new Refusal('Invalid message format');
  }
  return { type: Math.floor(type), id: Math.floor(id), data: typeof data === 'string' ? data : '' };
}

function receive(peer, text) {
  const { type, id, data } = parse(text);
  if (type === JOIN) return join(peer, data, id === 0);
  if (!peer.lobby) throw new Refusal('Invalid message when not in a lobby');
  if (type === SEAL) return seal(peer);
  if (type < OFFER || type > CANDIDATE) throw new Refusal('Invalid command');
  const destination = peer.lobby.members.get(id);
  if (!destination) throw new Refusal('Invalid destination');
  send(destination, type, peer.id, data);
}

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] || 0) });

server.on('connection', (socket) => {
  const peer = { socket, id: 0, lobby: null, timer: null };
  peer.timer = setTimeout(() => socket.close(4000, 'Have not joined lobby yet'), JOIN_TIMEOUT_MS);
  socket.on('message', (bytes, isBinary) => {
    try {
      if (isBinary) throw new Refusal('Invalid transfer mode, must be text');
      receive(peer, bytes.toString());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      socket.close(4000, error.message);
    }
  });
  socket.on('close', () => leave(peer));
  socket.on('error', () => socket.terminate());
});

server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));

setInterval(() => { for (const socket of server.clients) socket.ping(); }, PING_INTERVAL_MS);
