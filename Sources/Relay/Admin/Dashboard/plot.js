// A figure over the last minutes, one step a second, as a line drawn by hand.

import { element, say } from "./elements.js";

const STEPS = 300;
const [WIDTH, HEIGHT] = [STEPS - 1, 100];
const SVG = "http://www.w3.org/2000/svg";

export class Plot {
  #values = [];
  #path = document.createElementNS(SVG, "path");
  #svg = document.createElementNS(SVG, "svg");
  #most = element("span");
  #name;
  #text;

  constructor(name, text) {
    this.#name = name;
    this.#text = text;
    this.#svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute("preserveAspectRatio", "none");
    this.#svg.setAttribute("role", "img");
    this.#svg.append(this.#path);
    this.figure = element("figure", {}, element("figcaption", {}, element("span", {}, name), this.#most), this.#svg);
  }

  // Null where nothing is known: the line is broken there.
  add(value) {
    this.#values.push(value);
    if (this.#values.length > STEPS) this.#values.shift();
    this.#draw();
  }

  #draw() {
    const most = Math.max(0, ...this.#values.filter((value) => value !== null));
    const from = STEPS - this.#values.length;
    let line = "";
    let isBroken = true;
    this.#values.forEach((value, index) => {
      if (value !== null) {
        const y = HEIGHT - (most ? (value / most) * (HEIGHT - 4) : 0) - 1;
        line += `${isBroken ? "M" : "L"}${from + index} ${y.toFixed(1)}`;
      }
      isBroken = value === null;
    });
    this.#path.setAttribute("d", line);
    const last = this.#values.at(-1);
    say(this.#most, `at most ${this.#text(most)}`);
    this.#svg.setAttribute("aria-label", `${this.#name} over the last five minutes: ` +
      `${last === null ? "unknown" : this.#text(last)} now, ${this.#text(most)} at most`);
  }
}
