// What runs: the scripts, how long their hooks take, and the button that loads them anew.

import { element, emptyRow, fill, find, row, rows } from "./elements.js";
import { reload } from "./relay.js";
import * as words from "./words.js";

export function start(refresh) {
  find("reload").addEventListener("click", async () => {
    find("reload").disabled = true;
    tell([["quiet", "Loading …"]]);
    try {
      tell((await reload()).map(outcome));
    } catch (error) {
      tell([["bad", `That did not work: ${error.message}`]]);
    }
    find("reload").disabled = false;
    refresh();
  });
}

function tell(lines) {
  find("outcome").replaceChildren(...lines.map(([kind, text]) => element("p", { class: kind }, text)));
}

function outcome(one) {
  if (one.error) return ["bad", `Refused: ${one.error}`];
  if (one.changes) return ["good", `${one.subject}: ${one.changes.join("; ") || "nothing has changed"}`];
  return ["good", `${one.subject}: version ${one.version}, in ${words.microseconds(one.microseconds)}`];
}

export function show(mounts) {
  const scripts = find("script-rows");
  rows(scripts, mounts, (mount) => mount.mount, () => row("", "lines code", "code", "name"), (line, mount) => {
    const elders = mount.versions.length - 1;
    fill(line, mount.mount, [...mount.plugins.map((one) => one.path), mount.script.path].join("\n"),
      mount.version.slice(0, 12) + (elders > 0 ? ` and ${elders} older` : ""), last(mount.last_reload));
    line.cells[3].className = mount.last_reload?.ok === false ? "name bad" : "name";
  });
  emptyRow(scripts, 4, "Nothing is mounted.");

  const hooks = mounts.flatMap((mount) => mount.hooks.map((hook) => ({ ...hook, mount: mount.mount })));
  const body = find("hook-rows");
  rows(body, hooks, (hook) => [hook.mount, hook.script, hook.hook].join("\n"),
    () => row("code", "code", "number", "number", "number", "number", "number"), (line, hook) => {
      const place = mounts.length > 1 ? ` at ${hook.mount}` : "";
      fill(line, hook.script + place, hook.hook, words.count(hook.calls), words.count(hook.failures),
        words.microseconds(hook.p50_us), words.microseconds(hook.p99_us), words.microseconds(hook.max_us));
      line.cells[3].className = hook.failures > 0 ? "number bad" : "number";
    });
  emptyRow(body, 7, "No hook has run.");
}

function last(reload) {
  if (!reload) return "–";
  if (!reload.ok) return `refused at ${words.time(reload.at)}: ${reload.error}`;
  return `${words.time(reload.at)}, in ${words.microseconds(reload.microseconds)}`;
}
