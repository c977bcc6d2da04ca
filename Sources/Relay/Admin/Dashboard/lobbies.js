// The list of lobbies, a page of it at a time.

import { element, emptyRow, fill, find, row, rows, say } from "./elements.js";
import { get } from "./relay.js";
import * as words from "./words.js";

const PAGE = 25;
let from = 0;
// Of the question asked last: answers to earlier ones are not shown.
let question = 0;
let mounts = "";

export const keyOf = (lobby) => `${lobby.mount}\n${lobby.name}`;

// Empty names are names too.
export const nameOf = (lobby) => lobby.name || "(no name)";

// `open` is told of a lobby that is chosen; `refresh` asks for the list anew.
export function start(open, refresh) {
  const again = (next) => {
    from = next;
    refresh();
  };
  find("search").addEventListener("submit", (event) => event.preventDefault());
  find("filter").addEventListener("input", () => again(0));
  find("mount").addEventListener("change", () => again(0));
  find("previous").addEventListener("click", () => again(Math.max(0, from - PAGE)));
  find("next").addEventListener("click", () => again(from + PAGE));
  find("lobby-rows").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) open({ mount: button.dataset.mount, name: button.dataset.name });
  });
}

export async function refresh() {
  const mine = ++question;
  const asked = { from, name: find("filter").value || undefined, mount: find("mount").value || undefined };
  const { total, lobbies } = await get("lobbies", { ...asked, count: PAGE });
  if (mine !== question) return;
  if (total > 0 && from >= total) from = Math.floor((total - 1) / PAGE) * PAGE;
  else show(total, lobbies, asked.name || asked.mount);
}

function show(total, lobbies, isSearch) {
  const body = find("lobby-rows");
  rows(body, lobbies, keyOf, make, (line, lobby) => fill(line, undefined, lobby.mount,
    words.count(lobby.members_total), lobby.sealed ? "sealed" : "", words.duration(lobby.age_seconds),
    lobby.version.slice(0, 12)));
  emptyRow(body, 6, isSearch ? "No lobby is called that." : "There are no lobbies.");
  find("previous").disabled = from === 0;
  find("next").disabled = from + lobbies.length >= total;
  const last = from + lobbies.length;
  say(find("range"), lobbies.length ? `${words.count(from + 1)} to ${words.count(last)} of ${words.count(total)}` : "");
}

function make(lobby) {
  const data = { "data-mount": lobby.mount, "data-name": lobby.name };
  const button = element("button", { type: "button", class: "link", ...data }, nameOf(lobby));
  return row(element("td", { class: "name" }, button), "", "number", "", "number", "code");
}

// The mounts that one can choose from, where there are several.
export function showMounts(labels) {
  const shown = labels.join("\n");
  if (shown === mounts) return;
  mounts = shown;
  const select = find("mount");
  const chosen = select.value;
  select.replaceChildren(element("option", { value: "" }, "all"),
    ...labels.map((label) => element("option", { value: label }, label)));
  select.value = labels.includes(chosen) ? chosen : "";
  select.parentElement.hidden = labels.length < 2;
}
