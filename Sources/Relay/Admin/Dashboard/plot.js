// A figure over the last minutes, one step a second, as a line drawn by hand.

import { element, say } from "./elements.js";

const STEPS = 180;
const [WIDTH, HEIGHT] = [STEPS - 1, 100];
const SVG = "http://www.w3.org/2000/svg";

export class Plot {
  #values = [];
  #path = document.createElementNS(SVG, "path");
  #area = document.createElementNS(SVG, "path");
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
    this.#area.setAttribute("class", "area");
    this.#svg.append(this.#area, this.#path);
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
    let [line, area, begun] = ["", "", null];
    this.#values.forEach((value, index) => {
      const x = from + index;
      if (value === null) {
        if (begun !== null) area += `V${HEIGHT}H${begun}Z`;
        begun = null;
        return;
      }
      const y = (HEIGHT - 1 - (most ? (value / most) * (HEIGHT - 4) : 0)).toFixed(1);
      line += `${begun === null ? "M" : "L"}${x} ${y}`;
      area += `${begun === null ? `M${x} ${HEIGHT}V` : `L${x} `}${y}`;
      begun ??= x;
    });
    if (begun !== null) area += `V${HEIGHT}H${begun}Z`;
    this.#path.setAttribute("d", line);
    this.#area.setAttribute("d", area);
    const last = this.#values.at(-1);
    say(this.#most, `at most ${this.#text(most)}`);
    this.#svg.setAttribute("aria-label", `${this.#name} over the last three minutes: ` +
      `${last === null ? "unknown" : this.#text(last)} now, ${this.#text(most)} at most`);
  }
}
