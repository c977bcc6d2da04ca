// Elements of the page. Whatever others have written reaches it as text, never as HTML.

export const find = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Sets a text only where it has changed, so that a selection stays.
export function say(where, text) {
  if (where.textContent !== String(text)) where.textContent = text;
}

// A row whose cells' texts change. `cells`: a class for each, or a cell that is already made.
export function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => typeof cell === "string"
    ? element("td", cell ? { class: cell } : {}) : cell));
}

export function fill(row, ...texts) {
  texts.forEach((text, index) => {
    if (text !== undefined) say(row.cells[index], text);
  });
}

// Makes the rows of a table those of `items`: one that is there already stays, with its focus.
export function rows(body, items, keyOf, make, update) {
  const known = new Map([...body.children].map((one) => [one.dataset.key, one]));
  let place = body.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let one = known.get(key);
    if (!one) {
      one = make(item);
      one.dataset.key = key;
    }
    known.delete(key);
    update(one, item);
    if (one === place) place = place.nextElementSibling;
    else body.insertBefore(one, place);
  }
  for (const gone of known.values()) gone.remove();
}

// One line in a table that has nothing else to show.
export function emptyRow(body, columns, text) {
  if (body.children.length) return;
  body.append(element("tr", { "data-key": "" }, element("td", { colspan: columns, class: "quiet" }, text)));
}

// Asks before something is done that cannot be undone.
export function confirm(text, verb) {
  const dialog = find("question");
  find("question-text").textContent = text;
  find("yes").textContent = verb;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
