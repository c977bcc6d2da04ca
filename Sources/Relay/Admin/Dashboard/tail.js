// The messages that one lobby's members are sent, the newest first.

import { element, find, row, say } from "./elements.js";
import { get } from "./relay.js";
import * as words from "./words.js";

const ROWS = 200;
let watched = null;
let after = 0;
let withPayloads = false;

export const isWatching = () => watched !== null;

export function watch(lobby) {
  watched = lobby;
  begin();
}

function begin() {
  after = 0;
  find("tail").classList.toggle("redacted", !withPayloads);
  find("tail-rows").replaceChildren();
  say(find("tail-note"), "Asking for them …");
  show();
}

export function stop() {
  watched = null;
  withPayloads = false;
  find("payloads").checked = false;
  find("tail-rows").replaceChildren();
  show();
}

function show() {
  find("tail").hidden = watched === null;
  find("watch").setAttribute("aria-pressed", watched !== null);
}

find("payloads").addEventListener("change", (event) => {
  withPayloads = event.target.checked;
  begin();
});

export async function refresh() {
  if (!watched) return;
  const [asked, hadPayloads] = [watched, withPayloads];
  let answer;
  try {
    const payloads = withPayloads ? 1 : undefined;
    answer = await get("tail", { mount: asked.mount, lobby: asked.name, after, payloads });
  } catch (error) {
    if (error.status !== 404 && error.status !== 409) throw error;
    if (watched === asked) say(find("tail-note"), error.message);
    return;
  }
  // The operator may have gone on meanwhile.
  if (watched !== asked || withPayloads !== hadPayloads) return;
  after = answer.next;
  find("payloads").disabled = !answer.payloads_allowed;
  if (answer.messages.length) {
    const body = find("tail-rows");
    body.prepend(...answer.messages.reverse().map(make));
    while (body.children.length > ROWS) body.lastElementChild.remove();
  }
  const hint = answer.payloads_allowed ? ""
    : "What they say is only shown by a relay that was started with --tail-payloads.";
  say(find("tail-note"), find("tail-rows").children.length ? hint : `Nothing has been sent yet. ${hint}`);
}

function make(message) {
  const more = message.receivers - message.to.length;
  const to = message.to.join(", ") + (more > 0 ? ` and ${words.count(more)} others` : "");
  const line = row("", "ids", "ids", "number", "code", element("td", { class: "wide code" }));
  const cells = [words.time(message.at), message.from ?? "script", to, words.count(message.bytes),
    message.type ?? (message.kind === "binary" ? "binary" : ""), message.payload ?? ""];
  cells.forEach((text, index) => say(line.cells[index], text));
  return line;
}
