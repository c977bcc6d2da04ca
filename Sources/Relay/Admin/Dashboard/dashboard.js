// The relay's state, once a second, for as long as somebody looks.

import { find, say } from "./elements.js";
import * as lobbies from "./lobbies.js";
import * as lobby from "./lobby.js";
import { parse } from "./metrics.js";
import * as numbers from "./numbers.js";
import * as refusals from "./refusals.js";
import { get, getText, token } from "./relay.js";
import * as scripts from "./scripts.js";
import * as words from "./words.js";

const EVERY_MS = 1000;
let timer = null;
let isAsking = false;
let silentSince = null;

const askForLobbies = () => (lobby.isOpen() ? lobby.refresh() : lobbies.refresh());

async function ask() {
  // One request alone at first: a wrong token counts once.
  const status = await get("status");
  const [{ mounts }, text] = await Promise.all([get("scripts"), getText("metrics"), askForLobbies()]);
  const metrics = parse(text);
  find("main").hidden = false;
  numbers.show(status, metrics);
  lobbies.showMounts(mounts.map((mount) => mount.mount));
  scripts.show(mounts);
  refusals.show(metrics);
  say(find("about"), `version ${metrics.get("lobbyist_build_info")?.[0].labels.version}`);
}

// Asks, and from then on once a second for as long as somebody looks.
async function poll() {
  if (isAsking || document.hidden || !find("login").hidden) return;
  clearTimeout(timer);
  isAsking = true;
  try {
    await ask();
    answered();
  } catch (error) {
    failed(error);
  }
  isAsking = false;
  timer = setTimeout(poll, EVERY_MS);
}

// What the operator has just chosen is not to wait for its turn. When it fails, the next turn does too and tells.
const hurry = () => askForLobbies().catch(() => {});

function tell(kind, text) {
  say(find("state"), text);
  find("state").dataset.is = kind;
  find("main").classList.toggle("stale", kind === "bad");
}

function answered() {
  silentSince = null;
  tell("good", "Live");
}

function failed(error) {
  if (error.status === 401) return login(token.get() === null ? "" : "That was not it.");
  // Too many wrong tokens: asking again each second would not help.
  if (error.status === 429) return login(`The relay refuses: ${error.message}`);
  numbers.skip();
  if (error.status) return tell("bad", `The relay refuses: ${error.message}`);
  silentSince ??= performance.now();
  const silence = words.duration((performance.now() - silentSince) / 1000);
  tell("bad", `The relay has not answered for ${silence}. Trying again …`);
}

function login(problem) {
  token.forget();
  find("main").hidden = true;
  find("login").hidden = false;
  tell("", "");
  find("login-problem").textContent = problem;
  find("token").focus();
}

find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(find("token").value);
  find("token").value = "";
  find("login").hidden = true;
  tell("", "Asking the relay …");
  poll();
});

document.addEventListener("visibilitychange", poll);

lobbies.start((chosen) => {
  lobby.open(chosen);
  hurry();
}, hurry);
lobby.start(() => {
  lobby.close();
  hurry();
}, hurry);
scripts.start(hurry);
poll();
