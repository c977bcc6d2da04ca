// One lobby: who is in it, and what the operator can do about it.

import { confirm, element, emptyRow, fill, find, row, rows, say } from "./elements.js";
import { nameOf } from "./lobbies.js";
import { get, post } from "./relay.js";
import * as tail from "./tail.js";
import * as words from "./words.js";

let shown = null;
let note = "";

export function start(leave, refresh) {
  find("leave").addEventListener("click", leave);
  find("close-lobby").addEventListener("click", async () => {
    const lobby = shown;
    if (!await confirm(`Close lobby ${nameOf(lobby)}? All its members are disconnected.`, "Close lobby")) return;
    const { mount, name } = lobby;
    await act(() => post("close", { mount, lobby: name, code: 4000, reason: "Closed by the operator" }));
    refresh();
  });
  find("member-rows").addEventListener("click", async (event) => {
    const peer = event.target.closest("button")?.dataset.peer;
    if (!peer || !await confirm(`Kick peer ${peer}? Its connection is closed.`, "Kick")) return;
    await act(() => post("kick", { peer, code: 4000, reason: "Kicked by the operator" }));
    refresh();
  });
  find("watch").addEventListener("click", () => {
    if (tail.isWatching()) tail.stop();
    else tail.watch(shown);
    refresh();
  });
}

async function act(action) {
  try {
    await action();
    note = "";
  } catch (error) {
    note = `That did not work: ${error.message}`;
  }
  say(find("lobby-note"), note);
}

export function open(lobby) {
  shown = lobby;
  note = "";
  tail.stop();
  find("member-rows").replaceChildren();
  find("lobby-title").textContent = `Lobby ${nameOf(lobby)}`;
  find("lobby").hidden = false;
  find("lobbies").hidden = true;
  find("lobby-title").focus();
}

export function close() {
  tail.stop();
  shown = null;
  find("lobby").hidden = true;
  find("lobbies").hidden = false;
  find("filter").focus();
}

export const isOpen = () => shown !== null;

export async function refresh() {
  const asked = shown;
  const [list] = await Promise.all([get("lobbies", { mount: asked.mount, lobby: asked.name }), tail.refresh()]);
  if (shown !== asked) return;
  const lobby = list.lobbies[0];
  for (const id of ["close-lobby", "watch"]) find(id).disabled = !lobby;
  if (!lobby) {
    find("member-rows").replaceChildren();
    say(find("lobby-note"), note || "This lobby is there no longer.");
    return;
  }
  const others = lobby.members_total - lobby.members.length;
  say(find("lobby-note"), note || `${words.count(lobby.members_total)} members at ${lobby.mount}` +
    `${lobby.sealed ? ", sealed" : ""}, ${words.duration(lobby.age_seconds)} old, version ${lobby.version}` +
    `${others > 0 ? `; ${words.count(others)} are not listed` : ""}`);
  const body = find("member-rows");
  rows(body, lobby.members, (member) => `${member.id} ${member.peer}`, make,
    (line, member) => fill(line, member.id, member.peer ?? "away", member.address));
  emptyRow(body, 4, "Nobody is in it.");
}

function make(member) {
  const button = element("button", { type: "button", class: "grave small", "data-peer": member.peer,
    "aria-label": `Kick peer ${member.peer}` }, "Kick");
  return row("number", "", "", element("td", {}, ...(member.peer ? [button] : [])));
}
