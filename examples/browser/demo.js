// @ts-check
/**
 * The page: a lobby and its link, who is there and by which way, chat, the game, and what passes the relay.
 *
 * What players say to each other is JSON with a `type`, and checked before it is used. Over the reliable channel:
 * hello {uid, name, colour}, chat {text}, follow {code} to another lobby, game {…}. Over the unreliable one: ping {at},
 * pong {at}, at {…}.
 */

import { Kind, Lobby } from "./lobbyist.js";
import { Game } from "./game.js";

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

const NAMES = ["Ada", "Bo", "Cleo", "Dov", "Edda", "Finn", "Gil", "Hana", "Ivo", "June", "Kit", "Lou", "Mika", "Nur"];
const COLOURS = 4;
const UID = /^[0-9a-f]{16}$/;
const PING_MS = 1000;
const FOLLOW_MS = 500; // for the word of a new lobby to arrive before the connections end
const SIGNALS_MAX = 200, LINES_MAX = 200, CODE_MAX = 40, NAME_MAX = 16, CHAT_MAX = 300;

const here = new URL(location.href);
const path = here.searchParams.get("relay") ?? here.pathname.replace(/[^/]*$/, "");
/** @type {any} */ let relay = null;
try { relay = new URL(path, here.origin.replace(/^http/, "ws")); } catch { /* Said below. */ }

/** The lobby that one is in. @type {Lobby | null} */ let lobby = null;
/** Where one of the others has moved to. @type {{ name: string, code: string } | null} */ let invitation = null;
/** The one being opened to move to. @type {Lobby | null} */ let nextLobby = null;
/** @type {Map<any, any>} what is known of each peer of the lobby */ let people = new Map();
let began = performance.now(), throughRelay = 0, relayBytes = 0, direct = 0;
/** @type {any} */ let retryTimer;
/** By their ids, also of those who have left. @type {Map<number, string>} */ let names = new Map();
/** The last line of the panel. @type {any} */ let lastSignal = null;

const me = {
  uid: [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  name: "", colour: 0,
};
const game = new Game($("canvas"), me, { send: tellAll, changed: render });

// Words -----------------------------------------------------------------------------------------------------------

const refusals = {
  "Lobby does not exists": (code) => [
    `There is no lobby ${code}.`, "A lobby ends when the last player leaves. Check the code, or open a new one."],
  "Lobby is sealed": (code) => [`Lobby ${code} is locked.`, "Its players began without you. Open a lobby of your own?"],
  "The lobby is full": (code) => [`Lobby ${code} is full.`, "Four can play. Open a lobby of your own?"],
};

function explain(reason, code) {
  if (reason in refusals) return refusals[reason](code);
  return ["The relay does not let you in.", `It says: ${reason || "nothing"}.`];
}

function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Shows a box with a title, a text and perhaps a button; nothing without a title. */
function notice(box, title, text, button, act) {
  box.replaceChildren();
  box.hidden = !title;
  box.classList.toggle("alert", Boolean(title));
  if (!title) return;
  box.append(element("p", "", element("b", "", title)), element("p", "", text));
  if (!button) return;
  const pressed = element("button", "first", button);
  pressed.type = "button";
  pressed.addEventListener("click", act);
  box.append(pressed);
}

// Coming and going ------------------------------------------------------------------------------------------------

/** @param {string} code "" opens a new lobby */
function enter(code) {
  me.name = $("name").value.trim() || me.name;
  // Two tabs of a browser may be two players.
  try { sessionStorage.setItem("name", me.name); } catch { /* Storage may be forbidden: then the name is not kept. */ }
  game.enter(me);
  notice($("refusal"), "");
  try {
    take(new Lobby(relay, { code }));
  } catch (error) {
    notice($("refusal"), "The relay's address is of no use.", `${relay}: ${error.message}`);
  }
}

/** @param {Lobby} joined @param {number} afterMs to leave the one before */
function take(joined, afterMs = 0) {
  const before = lobby;
  setTimeout(() => before?.leave(), afterMs);
  lobby = joined;
  invitation = null;
  forgetPeople();
  [began, throughRelay, relayBytes, direct, lastSignal] = [performance.now(), 0, 0, 0, null];
  names = new Map();
  $("signals").replaceChildren();
  // What an earlier lobby still says is of no interest.
  const on = (event, listener) => joined.on(event, (detail) => { if (joined === lobby) listener(detail); });
  on("state", showState);
  on("signal", showSignal);
  on("sealed", () => { line("The lobby is locked."); render(); });
  on("host", render);
  on("joined", ({ peer }) => {
    // Those of whom one hears before one is in have been there before.
    people.set(peer, { uid: "", name: "", colour: -1, wasFirst: joined.state !== "open" });
    render();
  });
  on("open", ({ peer }) => {
    performance.mark("channel open");
    tell(peer, { type: "hello", ...me });
    measure();
  });
  on("interrupted", render);
  on("left", ({ peer }) => {
    const person = people.get(peer);
    people.delete(peer);
    if (person?.uid) {
      // Who came back under a new id may be there before the old one is gone.
      if (![...people.values()].some(({ uid }) => uid === person.uid)) game.exit(person.uid);
      line(`${person.name} left.`);
    }
    chooseReferee();
  });
  on("message", ({ peer, data }) => hear(peer, data));
  on("error", ({ error }) => line(`A connection failed: ${error.message}`));
  showState({ state: joined.state, reason: "", retryMs: 0 });
}

function leave() {
  lobby?.leave();
  lobby = null;
  forgetPeople();
  game.scores = {};
  history.replaceState(null, "", location.pathname + location.search);
  showStart("");
  $("enter").focus();
}

function forgetPeople() {
  for (const { uid } of people.values()) game.exit(uid);
  people = new Map();
}

/** Opens another lobby and takes everybody along who is still connected. */
function moveOn() {
  if (nextLobby) return;
  const opened = nextLobby = new Lobby(relay);
  notice($("trouble"), "Opening a new lobby…", "Everybody here comes along.");
  opened.on("state", ({ state, reason }) => {
    if (opened !== nextLobby || state === "connecting" && !reason) return;
    if (state !== "open") {
      nextLobby = null;
      opened.leave();
      return notice($("trouble"), "That did not work.", reason || "The relay does not answer.", "Try again", moveOn);
    }
    nextLobby = null;
    tellAll({ type: "follow", code: opened.code });
    take(opened, FOLLOW_MS);
  });
}

/** Nobody is called out of a lobby that is well. @param {any} person @param {any} code */
function invite(person, code) {
  if (!lobby || lobby.state === "open" && !lobby.isSealed || typeof code !== "string" || !code) return;
  invitation = { name: person.name || "Somebody", code: code.slice(0, CODE_MAX) };
  if (lobby.state === "gone" || lobby.state === "sealed") follow(invitation);
}

/** @param {{ name: string, code: string }} to */
function follow({ name, code }) {
  nextLobby?.leave();
  nextLobby = null;
  line(`${name} opened lobby ${code}.`);
  take(new Lobby(relay, { code }));
}

// What players say ------------------------------------------------------------------------------------------------

function tell(peer, message, channel) {
  if (peer.send(JSON.stringify(message), channel)) direct += 1;
}

function tellAll(message, channel) {
  for (const peer of people.keys()) tell(peer, message, channel);
}

function hear(peer, data) {
  const person = people.get(peer);
  if (!person || typeof data !== "string") return;
  let message;
  try { message = JSON.parse(data); } catch { return; }
  direct += 1;
  switch (message?.type) {
    case "hello": return meet(peer, person, message);
    case "chat":
      if (typeof message.text === "string") line(message.text.slice(0, CHAT_MAX), person);
      return;
    case "ping":
      if (Number.isFinite(message.at)) tell(peer, { type: "pong", at: message.at }, "unreliable");
      return;
    case "pong":
      if (!Number.isFinite(message.at)) return;
      person.roundTripMs = performance.now() - message.at;
      return render();
    case "follow": return invite(person, message.code);
    case "at": case "game": return game.hear(person.uid, message);
  }
}

function meet(peer, person, { uid, name, colour }) {
  // Nobody is somebody else later.
  if (typeof uid !== "string" || !UID.test(uid) || uid === me.uid || person.uid && person.uid !== uid) return;
  const before = person.name;
  const shown = typeof name === "string" && name.trim().slice(0, NAME_MAX) || "Somebody";
  const worn = Number.isInteger(colour) && colour >= 0 && colour < COLOURS ? colour : 0;
  Object.assign(person, { uid, name: shown, colour: worn });
  if (!before) line(`${shown} is here.`);
  else if (before !== shown) line(`${before} is ${shown} now.`);
  names.set(peer.id, shown);
  for (const mention of $("signals").querySelectorAll(`[data-id="${peer.id}"]`)) mention.textContent = shown;
  if (person.wasFirst) giveWay(person);
  game.enter(person);
  chooseReferee();
}

/** Of two with the same colour or name the newcomer takes another. */
function giveWay(person) {
  const others = [...people.values()], { name, colour } = me;
  if (person.colour !== colour && !isSameName(person.name, name)) return;
  // Once: they might come after us.
  person.wasFirst = false;
  if (person.colour === colour) {
    me.colour = [...Array(COLOURS).keys()].find((free) => others.every((other) => other.colour !== free)) ?? colour;
  }
  if (isSameName(person.name, name)) {
    const stem = name.replace(/ \d+$/, "").slice(0, NAME_MAX - 3);
    let number = 2;
    while (others.some((other) => isSameName(other.name, `${stem} ${number}`))) number += 1;
    me.name = `${stem} ${number}`;
    line(`There is a ${name} here already: you are ${me.name}.`);
  }
  game.enter(me);
  tellAll({ type: "hello", ...me });
}

function isSameName(one, other) {
  return one.toLowerCase() === other.toLowerCase();
}

/** The longest here: the lowest id, but for newcomers' accidents. Everybody comes to the same result. */
function chooseReferee() {
  let [least, referee] = [lobby?.id || Infinity, me.uid];
  for (const [peer, { uid }] of people) if (uid && peer.id < least) [least, referee] = [peer.id, uid];
  game.referee = referee;
  render();
}

function line(text, person) {
  const said = person ? [element("b", "", `${person.name || "Somebody"}: `), text] : [text];
  const made = element("p", person ? "" : "faint", ...said);
  const log = $("log");
  log.append(made);
  if (log.children.length > LINES_MAX) log.firstChild.remove();
  log.scrollTop = log.scrollHeight;
}

// The page --------------------------------------------------------------------------------------------------------

function showStart(code) {
  $("play").hidden = true;
  $("start").hidden = false;
  $("enter").textContent = code ? `Join lobby ${code}` : "Open a lobby";
  $("instead").hidden = !code;
  $("join").hidden = Boolean(code);
  $("relay").textContent = "";
  $("relay").className = "";
  document.title = "Hot potato";
}

function codeInAddress() {
  return codeIn(location.hash);
}

/** The code of a lobby, from its link or by itself. @param {string} text */
function codeIn(text) {
  const code = text.slice(text.lastIndexOf("#") + 1);
  try { return decodeURIComponent(code).trim().slice(0, CODE_MAX); } catch { return ""; }
}

const statuses = {
  connecting: ["warn", "connecting"], open: ["good", "relay connected"], reconnecting: ["warn", "relay lost"],
  gone: ["warn", "without the relay"], sealed: ["good", "locked, without the relay"],
};

function showState({ state, reason, retryMs }) {
  clearInterval(retryTimer);
  if (state === "left" || !lobby) return;
  if (state === "refused") {
    const code = lobby.code;
    lobby = null;
    showStart("");
    history.replaceState(null, "", location.pathname + location.search);
    notice($("refusal"), ...explain(reason, code));
    return $("enter").focus();
  }
  [$("relay").className, $("relay").textContent] = [`status ${statuses[state][0]}`, statuses[state][1]];
  if (state === "connecting") {
    if (!retryMs) return;
    const title = `The relay at ${relay.host} does not answer.`;
    return showUnreachable($("refusal"), title, retryMs, "Is it running, and is this device online? ");
  }
  const wasHidden = $("play").hidden;
  $("start").hidden = true;
  $("play").hidden = false;
  notice($("refusal"), "");
  notice($("trouble"), "");
  if (state === "open") {
    invitation = null;
    showInvitation();
  }
  if (wasHidden) $("canvas").focus({ preventScroll: true });
  if (state === "reconnecting") {
    showUnreachable($("trouble"), "The relay is lost. Your game goes on.", retryMs,
      "Newcomers have to wait until it is back. ");
  } else if ((state === "gone" || state === "sealed") && invitation) {
    return follow(invitation);
  } else if (state === "gone") {
    notice($("trouble"), "The relay no longer knows this lobby.", "It was restarted, perhaps. You play on with those "
      + "who are here, but nobody new can join.", "Open a new lobby for all of us", moveOn);
  } else if (state === "sealed") {
    notice($("trouble"), "The lobby is locked, and the relay has let you go.", "From here on it is just you.",
      "Open a new lobby for all of us", moveOn);
  }
  render();
}

function showUnreachable(box, title, retryMs, text) {
  const until = performance.now() + retryMs;
  notice(box, title, text, "Try now", () => lobby?.reconnect());
  // Not read out each second.
  const count = element("span", "");
  count.setAttribute("aria-hidden", "true");
  box.children[1].append(count);
  const tick = () => {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    count.textContent = seconds > 0 ? `Next try in ${seconds} s.` : "Trying…";
  };
  tick();
  retryTimer = setInterval(tick, 500);
}

function showInvitation() {
  if (!lobby) return;
  const link = new URL(location.href);
  link.hash = lobby.code;
  history.replaceState(null, "", link);
  $("code").textContent = lobby.code;
  $("link").value = link.href;
  $("share").hidden = !navigator.share;
  $("elsewhere").hidden = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  $("here").textContent = location.hostname;
  document.title = `${lobby.code} · Hot potato`;
}

function render() {
  if (!lobby || $("play").hidden) return;
  $("words").textContent = game.words;
  // Read out, except who touches whom, which is over before it is said.
  if (game.phase !== "run" && $("news").textContent !== game.words) $("news").textContent = game.words;
  $("lock").hidden = lobby.state !== "open" || lobby.host !== lobby.id || lobby.isSealed;
  const rows = [row({ ...me, name: `${me.name} (you)` }, lobby.id, lobby.state === "gone" ? "" : "this page")];
  for (const [peer, person] of people) rows.push(row(person, peer.id, wayOf(peer, person)));
  $("people").replaceChildren(...rows);
  $("play").classList.toggle("together", people.size > 0);
  $("play").classList.toggle("over", lobby.isSealed || lobby.state === "gone");
  $("traffic").textContent = `${plural(throughRelay, "message")} so far (${(relayBytes / 1024).toFixed(1)} kB); `
    + `${plural(direct, "message")} went straight between you.`;
}

function row({ uid, name, colour }, id, way) {
  const roles = [id === lobby?.host && lobby.state !== "gone" && "host", uid && uid === game.referee && "referee"];
  const made = element("li", "", element("span", `dot p${colour}`), element("span", "name", name || "Somebody new"),
    element("span", "points", plural(game.scores[uid] ?? 0, "point")),
    element("span", "faint", [...roles, way].filter(Boolean).join(" · ")));
  return made;
}

function wayOf(peer, { route, roundTripMs }) {
  if (peer.state === "connecting") {
    return peer.hasFailed ? "no way to each other: a TURN server would help" : "connecting…";
  }
  if (peer.state === "interrupted") return "interrupted, looking for a way…";
  const milliseconds = (value) => (value >= 0 ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : "…");
  if (!route) return "connected";
  const kind = `${route.relayed ? "relayed" : "direct"}, ${route.protocol.toUpperCase()}`;
  return `${kind} · ${milliseconds(roundTripMs)} there and back (ICE: ${milliseconds(route.roundTripMs)})`;
}

async function measure() {
  for (const [peer, person] of people) {
    tell(peer, { type: "ping", at: performance.now() }, "unreliable");
    person.route = await peer.route().catch(() => null);
  }
  render();
}

// What passes the relay -------------------------------------------------------------------------------------------

/** A player's name, once it is known; ids are long, but their ends tell them apart. */
function who(id) {
  const made = element("span", "", names.get(id) ?? `number ${id === 1 ? 1 : `…${id % 10_000}`}`);
  made.dataset.id = id;
  return made;
}

/** A candidate in few words: what it is, and where. */
function candidate(data) {
  const words = data.split("\n").pop().split(" ");
  return `${words[7] ?? "?"} ${(words[2] ?? "").toUpperCase()}`;
}

function label(out, { type, id, data, session }) {
  if (session) return [session === "new" ? "Welcome, you are new" : "Welcome back to your place"];
  switch (type) {
    case Kind.JOIN:
      if (!out) return [`You are in lobby ${data}`];
      return [data ? `May I join ${data}?` : "A new lobby, please"];
    case Kind.ID: return id === 1 ? ["You are number 1, the host"] : ["You are ", who(id)];
    case Kind.PEER_CONNECT: return ["Meet ", who(id)];
    case Kind.PEER_DISCONNECT: return [who(id), " has left"];
    case Kind.OFFER: return [`Offer ${out ? "to" : "from"} `, who(id)];
    case Kind.ANSWER: return [`Answer ${out ? "to" : "from"} `, who(id)];
    case Kind.CANDIDATE: return [`Candidate ${out ? "to" : "from"} `, who(id), ` (${candidate(data)})`];
    case Kind.SEAL: return [out ? "Lock the lobby" : "The lobby is locked"];
    case Kind.HOST: return [who(id), " is the host now"];
    default: return ["Something new"];
  }
}

function showSignal({ out, message }) {
  const text = JSON.stringify(message);
  throughRelay += 1;
  relayBytes += text.length;
  // Of several candidates of a kind it says how many.
  const isCandidate = message.type === Kind.CANDIDATE;
  const kind = isCandidate && `${out} ${message.id} ${candidate(message.data)}`;
  if (kind && kind === lastSignal?.kind) {
    lastSignal.what.dataset.times = String(lastSignal.times += 1);
    return;
  }
  const isLong = message.type === Kind.OFFER || message.type === Kind.ANSWER;
  const words = label(out, message);
  let what = element("span", "what", ...words);
  if (isLong) {
    what = element("details", "what", element("summary", "", ...words), element("pre", "", message.data.trim()));
  } else {
    what.title = text;
  }
  const arrow = element("span", out ? "out" : "in", out ? "↑" : "↓");
  arrow.setAttribute("role", "img");
  arrow.setAttribute("aria-label", out ? "to the relay" : "from the relay");
  const list = $("signals"), isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
  list.append(element("li", "", element("time", "", ((performance.now() - began) / 1000).toFixed(2)), arrow, what));
  lastSignal = { kind, what, times: 1 };
  if (list.children.length > SIGNALS_MAX) list.firstChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

// What one does ---------------------------------------------------------------------------------------------------

async function copy() {
  try {
    await navigator.clipboard.writeText($("link").value);
  } catch {
    // Pages without TLS have no clipboard: the link is selected, to be copied by hand where this is refused as well.
    $("link").select();
    document.execCommand("copy");
  }
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy link"; }, 1500);
}

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(codeInAddress());
});
$("instead").addEventListener("click", () => enter(""));
$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = codeIn($("typed").value);
  if (code) return enter(code);
  notice($("refusal"), "This link leads to no lobby.", "A lobby's link ends with # and its code.");
});
$("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("say").value.trim();
  if (!text) return;
  tellAll({ type: "chat", text });
  line(text, me);
  $("say").value = "";
});
$("copy").addEventListener("click", copy);
$("share").addEventListener("click", () => {
  // A rejection is the person's, who thought better of it.
  navigator.share({ title: "Hot potato", url: $("link").value }).catch(() => {});
});
$("link").addEventListener("focus", () => $("link").select());
$("lock").addEventListener("click", () => { lobby?.seal(); $("canvas").focus(); });
$("leave").addEventListener("click", leave);
addEventListener("hashchange", () => {
  const code = codeInAddress();
  if (!code || code === lobby?.code) return;
  if (lobby) leave();
  location.hash = code;
  showStart(code);
});
// Whoever closes the page leaves at once; a page that comes out of the cache begins anew.
addEventListener("pagehide", () => lobby?.leave());
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

let kept = null;
try { kept = sessionStorage.getItem("name"); } catch { /* As above. */ }
$("name").value = kept || NAMES[Math.floor(Math.random() * NAMES.length)];
showStart(codeInAddress());
const canPlay = globalThis.RTCPeerConnection && globalThis.WebSocket;
if (!canPlay || !relay) for (const form of ["begin", "join"]) $(form).hidden = true;
if (!canPlay) {
  notice($("refusal"), "This browser has no WebRTC, or it is switched off.",
    "Any current Firefox, Chrome, Edge or Safari has it. Some privacy add-ons take it away.");
} else if (!relay) {
  notice($("refusal"), `“${path}” is no address of a relay.`, "One looks like ws://192.0.2.7:9080.");
}
setInterval(measure, PING_MS);
