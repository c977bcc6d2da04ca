// @ts-check
/**
 * Hot potato for two to four: touch somebody to pass it on, and do not have it when it goes off.
 *
 * No server, no host: each player says where they are, thirty times a second, over the unreliable channel. One of them
 * is the referee, who says over the reliable one who has the potato and how long it burns. All hold the same state, so
 * whoever the page calls the referee next goes on with it.
 *
 * @typedef {{ uid: string, name: string, colour: number, x: number, y: number, vx: number, vy: number, away: boolean,
 *   to?: { x: number, y: number, vx: number, vy: number, at: number }, cursor?: [number, number] | null,
 *   cursorAt?: number, radius?: number }} Player
 * @typedef {"waiting" | "ready" | "run" | "bang" | "won"} Phase run: it burns; bang: it went off
 */

const WIDTH = 800, HEIGHT = 600, RADIUS = 30;
const PILLARS = [[220, 190], [580, 190], [220, 410], [580, 410]].map(([x, y]) => ({ x, y, radius: 44 }));
const STARTS = [[90, 90], [710, 510], [710, 90], [90, 510]];
const SPEED = 310, HOLDER_SPEED = 355; // units a second: whoever has it can catch up
const READY_MS = 2500, FUSE_LEAST_MS = 7000, FUSE_MORE_MS = 6000, BANG_MS = 2400, WON_MS = 5000;
const PASS_MS = 700;       // after which it may be passed again
const SCORE_TO_WIN = 5;
const SEND_MS = 33, SEND_IDLE_MS = 500, REPEAT_MS = 1000;
const MARGIN = 8;           // of words to the edges of the arena
const CURSOR_MS = 4000;    // after which a cursor that nobody moves is hidden
const PHASES = ["waiting", "ready", "run", "bang", "won"];
const KEYS = {
  ArrowUp: [0, -1], KeyW: [0, -1], ArrowDown: [0, 1], KeyS: [0, 1],
  ArrowLeft: [-1, 0], KeyA: [-1, 0], ArrowRight: [1, 0], KeyD: [1, 0],
};
const still = matchMedia("(prefers-reduced-motion: reduce)");

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
const inside = ({ x, y }) => ({ x: clamp(x, RADIUS, WIDTH - RADIUS), y: clamp(y, RADIUS, HEIGHT - RADIUS) });
const round = (value) => Math.round(value * 10) / 10;

export class Game {
  /** @type {Map<string, Player>} */ players = new Map();
  /** @type {Phase} */ phase = "waiting";
  holder = ""; /** Who lost the round, or won the game. */ subject = "";
  /** @type {Record<string, number>} */ scores = {};
  /** The uid of the referee, as the page sees it. */ referee = "";
  #endsAt = 0; #lasts = 1; #passableAt = 0; #repeatAt = 0;
  #keys = new Set(); /** @type {[number, number] | null} */ #goal = null;
  /** @type {[number, number] | null} */ #cursor = null;
  #sent = ""; #sentAt = 0; #frameAt = 0; #sparks = []; #colours = {};

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{ uid: string, name: string, colour: number }} me
   * @param {{ send: (message: object, channel?: "reliable" | "unreliable") => void, changed: () => void }} page
   */
  constructor(canvas, me, page) {
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.page = page;
    this.me = this.enter(me);
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#resize());
    setInterval(() => { this.#say(); this.#judge(); }, SEND_MS);
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** @param {{ uid: string, name: string, colour: number }} who comes, or has another name or colour */
  enter({ uid, name, colour }) {
    const player = this.players.get(uid) ?? { uid, name, colour: -1, x: 0, y: 0, vx: 0, vy: 0, away: false };
    // Each colour has a corner of its own.
    if (player.colour !== colour) [player.x, player.y] = STARTS[colour % STARTS.length];
    Object.assign(player, { name, colour });
    this.players.set(uid, player);
    return player;
  }

  /** @param {string} uid */
  exit(uid) {
    this.players.delete(uid);
    this.#judge();
  }

  /** @param {string} uid who says it @param {any} message of type at or game */
  hear(uid, message) {
    const player = this.players.get(uid);
    if (!player || player === this.me) return;
    if (message.type === "at") this.#hearPlace(player, message);
    else if (message.type === "game" && uid === this.referee) this.#hearReferee(message);
  }

  #hearPlace(player, { x, y, vx, vy, cursor, away }) {
    if (![x, y, vx, vy].every(Number.isFinite)) return;
    const shown = Array.isArray(cursor) && cursor.length === 2 && cursor.every(Number.isFinite) ? cursor : null;
    const now = performance.now(), moved = shown && String(shown) !== String(player.cursor);
    const speed = (value) => clamp(value, -HOLDER_SPEED, HOLDER_SPEED);
    const to = { ...inside({ x, y }), vx: speed(vx), vy: speed(vy), at: now };
    Object.assign(player, { to, cursor: shown, away: away === true, cursorAt: moved ? now : player.cursorAt });
    // The clock of a page in the background ticks once a second, but messages wake it.
    this.#judge();
  }

  #hearReferee({ phase, holder, subject, scores, left, lasts }) {
    if (!PHASES.includes(phase) || ![left, lasts].every(Number.isFinite)) return;
    if (typeof holder !== "string" || typeof subject !== "string" || !scores) return;
    const counted = Object.entries(scores).filter(([, points]) => Number.isInteger(points));
    const most = clamp(lasts, 1, FUSE_LEAST_MS + FUSE_MORE_MS);
    this.#become({ phase, holder, subject, scores: Object.fromEntries(counted) }, most, clamp(left, 0, most));
  }

  nameOf(uid) {
    return uid === this.me.uid ? "You" : this.players.get(uid)?.name ?? "Somebody";
  }

  /** What is going on, in a sentence. */
  get words() {
    const isMine = this.holder === this.me.uid, holder = this.nameOf(this.holder), subject = this.nameOf(this.subject);
    switch (this.phase) {
      case "waiting": return "Waiting for a second player. Send somebody the link!";
      case "ready": return isMine ? "You get the potato. Ready?" : `${holder} gets the potato. Run!`;
      case "run": return isMine ? "You have the potato: touch somebody!" : `${holder} has the potato.`;
      case "bang": return `Bang! ${subject} had it. A point for everybody else.`;
      case "won": return `${subject} ${subject === "You" ? "win" : "wins"} the game!`;
    }
  }

  // The referee -----------------------------------------------------------------------------------------------------

  #become(change, lasts, left = lasts) {
    const before = `${this.phase} ${this.holder}`;
    Object.assign(this, change);
    this.#lasts = lasts;
    this.#endsAt = performance.now() + left;
    if (`${this.phase} ${this.holder}` === before) return;
    if (this.phase === "bang" || this.phase === "won") this.#burst();
    this.page.changed();
  }

  #decide(change, lasts, left = lasts) {
    this.#become(change, lasts, left);
    this.#repeatAt = 0;
  }

  #deal() {
    const uids = [...this.players.keys()];
    const holder = uids[Math.floor(Math.random() * uids.length)];
    this.#decide({ phase: "ready", holder, subject: "" }, READY_MS);
  }

  #judge() {
    if (this.referee !== this.me.uid) return;
    const now = performance.now(), isOver = now >= this.#endsAt;
    if (this.players.size < 2) {
      if (this.phase !== "waiting") this.#decide({ phase: "waiting", holder: "", subject: "" }, 1);
    } else if (this.phase === "waiting") this.#deal();
    else if (this.phase === "ready" && isOver) {
      this.#decide({ phase: "run" }, FUSE_LEAST_MS + Math.random() * FUSE_MORE_MS);
    } else if (this.phase === "run") this.#run(now, isOver);
    else if (isOver) this.#next();
    if (now < this.#repeatAt) return;
    this.#repeatAt = now + REPEAT_MS;
    const { phase, holder, subject, scores } = this;
    const left = Math.max(0, this.#endsAt - now);
    this.page.send({ type: "game", phase, holder, subject, scores, left, lasts: this.#lasts });
  }

  #run(now, isOver) {
    const holder = this.players.get(this.holder);
    if (!holder) return this.#deal();
    if (isOver) {
      const scores = { ...this.scores };
      for (const uid of this.players.keys()) if (uid !== this.holder) scores[uid] = (scores[uid] ?? 0) + 1;
      return this.#decide({ phase: "bang", subject: this.holder, holder: "", scores }, BANG_MS);
    }
    const at = (player) => player.to ?? player;
    const touched = [...this.players.values()].find((player) => player !== holder
      && Math.hypot(at(player).x - at(holder).x, at(player).y - at(holder).y) < 2 * RADIUS + 4);
    if (!touched || now < this.#passableAt) return;
    this.#passableAt = now + PASS_MS;
    this.#decide({ holder: touched.uid }, this.#lasts, this.#endsAt - now);
  }

  #next() {
    const best = [...this.players.keys()].sort((a, b) => (this.scores[b] ?? 0) - (this.scores[a] ?? 0))[0];
    if (this.phase === "bang" && this.scores[best] >= SCORE_TO_WIN) {
      return this.#decide({ phase: "won", subject: best }, WON_MS);
    }
    if (this.phase === "won") this.scores = {};
    this.#deal();
  }

  // One's own player ------------------------------------------------------------------------------------------------

  #listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return /** @type {[number, number]} */ ([
        Math.round((event.clientX - box.left) / box.width * WIDTH),
        Math.round((event.clientY - box.top) / box.height * HEIGHT),
      ]);
    };
    canvas.addEventListener("keydown", (event) => {
      if (!(event.code in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
      this.#keys.add(event.code);
      event.preventDefault();
    });
    canvas.addEventListener("keyup", (event) => this.#keys.delete(event.code));
    canvas.addEventListener("blur", () => this.#keys.clear());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#goal = place(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      this.#cursor = place(event);
      if (this.#goal) this.#goal = this.#cursor;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.#goal = null; });
    canvas.addEventListener("pointerleave", () => { this.#cursor = null; });
  }

  #move(seconds) {
    const { me } = this;
    let [x, y] = [0, 0];
    for (const key of this.#keys) [x, y] = [x + KEYS[key][0], y + KEYS[key][1]];
    if (this.#goal) [x, y] = [this.#goal[0] - me.x, this.#goal[1] - me.y].map((way) => (Math.abs(way) < 6 ? 0 : way));
    const length = Math.hypot(x, y) || 1;
    const speed = this.holder === me.uid ? HOLDER_SPEED : SPEED;
    const grip = Math.min(1, seconds * 11);
    me.vx += (x / length * speed - me.vx) * grip;
    me.vy += (y / length * speed - me.vy) * grip;
    me.x = clamp(me.x + me.vx * seconds, RADIUS, WIDTH - RADIUS);
    me.y = clamp(me.y + me.vy * seconds, RADIUS, HEIGHT - RADIUS);
    for (const other of [...PILLARS, ...this.players.values()]) {
      const away = Math.hypot(me.x - other.x, me.y - other.y), least = (other.radius ?? RADIUS) + RADIUS;
      if (other === me || away >= least || away === 0) continue;
      me.x = clamp(other.x + (me.x - other.x) / away * least, RADIUS, WIDTH - RADIUS);
      me.y = clamp(other.y + (me.y - other.y) / away * least, RADIUS, HEIGHT - RADIUS);
    }
  }

  #say() {
    const { x, y, vx, vy } = this.me, now = performance.now();
    const cursor = this.#goal ? null : this.#cursor;
    const place = { x: round(x), y: round(y), vx: round(vx), vy: round(vy) };
    const message = { type: "at", ...place, cursor, away: document.hidden };
    const text = JSON.stringify(message);
    if (text === this.#sent && now - this.#sentAt < SEND_IDLE_MS) return;
    this.#sent = text;
    this.#sentAt = now;
    this.page.send(message, "unreliable");
  }

  // Drawing ---------------------------------------------------------------------------------------------------------

  #resize() {
    const { canvas } = this, scale = canvas.clientWidth / WIDTH * devicePixelRatio;
    canvas.width = WIDTH * scale;
    canvas.height = HEIGHT * scale;
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(canvas);
    for (const name of ["floor", "dots", "pillar", "ink", "potato", "fire", "p0", "p1", "p2", "p3"]) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  #frame(now) {
    const seconds = Math.min(0.05, (now - this.#frameAt) / 1000);
    this.#frameAt = now;
    requestAnimationFrame((later) => this.#frame(later));
    if (!this.canvas.clientWidth) return;
    this.#move(seconds);
    for (const player of this.players.values()) {
      if (!player.to) continue;
      // Where they will have come to since they said so, smoothly.
      const since = Math.min(0.2, (performance.now() - player.to.at) / 1000), pull = 1 - Math.exp(-seconds * 16);
      player.x += (player.to.x + player.to.vx * since - player.x) * pull;
      player.y += (player.to.y + player.to.vy * since - player.y) * pull;
      player.vx = player.to.vx;
      player.vy = player.to.vy;
    }
    this.#draw(now, seconds);
  }

  #circle(x, y, radius, colour) {
    this.pen.beginPath();
    this.pen.arc(x, y, radius, 0, 2 * Math.PI);
    this.pen.fillStyle = colour;
    this.pen.fill();
  }

  /** Words around x, but inside the arena: at its edges they move, and are smaller when they are too long. */
  #text(text, x, y, size, colour = this.#colours.ink) {
    const { pen } = this, most = WIDTH - 2 * MARGIN;
    const use = (pixels) => { pen.font = `600 ${pixels}px system-ui, sans-serif`; };
    use(size);
    const wanted = pen.measureText(text).width, width = Math.min(wanted, most);
    if (wanted > most) use(size * most / wanted);
    x = clamp(x, MARGIN + width / 2, WIDTH - MARGIN - width / 2);
    y = clamp(y, MARGIN + size, HEIGHT - MARGIN);
    pen.textAlign = "center";
    pen.lineWidth = 5;
    pen.lineJoin = "round";
    pen.strokeStyle = this.#colours.floor;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }

  #draw(now, seconds) {
    const { pen } = this, colours = this.#colours;
    pen.fillStyle = colours.floor;
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    for (let x = 40; x < WIDTH; x += 60) for (let y = 30; y < HEIGHT; y += 60) this.#circle(x, y, 2, colours.dots);
    for (const { x, y, radius } of PILLARS) this.#circle(x, y, radius, colours.pillar);
    for (const player of this.players.values()) this.#drawPlayer(player, now);
    for (const player of this.players.values()) {
      if (player.cursor && player.cursorAt > now - CURSOR_MS) this.#drawCursor(player.cursor, player);
    }
    this.#drawSparks(seconds);
    // Small screens show the words below only.
    if (this.phase !== "run" && this.canvas.clientWidth > 500) this.#text(this.words, WIDTH / 2, HEIGHT / 2 + 10, 28);
  }

  #drawPlayer(player, now) {
    const { pen } = this, { x, y, vx, vy } = player, speed = Math.hypot(vx, vy) || 1;
    const size = this.canvas.clientWidth > 500 ? 20 : 30;
    this.#circle(x, y, RADIUS, this.#colours[`p${player.colour}`]);
    const look = Math.min(1, speed / 200);
    for (const side of [-11, 11]) {
      const [eyeX, eyeY] = [x + side + vx / speed * 7 * look, y - 6 + vy / speed * 7 * look];
      this.#circle(eyeX, eyeY, 7, "#fff");
      if (player.away) this.#circle(eyeX, eyeY, 7, "#0006");
      else this.#circle(eyeX + vx / speed * 3 * look, eyeY + vy / speed * 3 * look, 3.5, "#111");
    }
    const name = player === this.me ? `${player.name} (you)` : player.name;
    this.#text(name, x, y > HEIGHT - 80 ? y - RADIUS - 30 : y + RADIUS + size + 8, size);
    if (player.uid !== this.holder) return;

    const left = clamp((this.#endsAt - performance.now()) / this.#lasts, 0, 1);
    const burn = this.phase === "run" && !still.matches ? Math.sin(now / (30 + 120 * left)) * 3 * (1.4 - left) : 0;
    pen.beginPath();
    pen.ellipse(x, y - RADIUS - 8, 22 + burn, 15 + burn, -0.3, 0, 2 * Math.PI);
    pen.fillStyle = this.#colours.potato;
    pen.fill();
    for (const [dx, dy] of [[-8, -3], [3, 4], [9, -4]]) this.#circle(x + dx, y - RADIUS - 8 + dy, 2, "#0005");
    pen.beginPath();
    pen.arc(x, y, RADIUS + 9, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * (this.phase === "run" ? left : 1));
    pen.strokeStyle = this.#colours.fire;
    pen.lineWidth = 6;
    pen.stroke();
  }

  #drawCursor([x, y], player) {
    const { pen } = this;
    pen.beginPath();
    for (const [dx, dy] of [[0, 0], [0, 22], [6, 17], [15, 17]]) pen.lineTo(x + dx, y + dy);
    pen.closePath();
    pen.fillStyle = this.#colours[`p${player.colour}`];
    pen.strokeStyle = this.#colours.floor;
    pen.lineWidth = 3;
    pen.stroke();
    pen.fill();
    this.#text(player.name, x + 24, y + 36, 15);
  }

  #burst() {
    const at = this.players.get(this.subject);
    if (!at || still.matches) return;
    for (let count = 0; count < 40; count++) {
      const [angle, speed] = [Math.random() * 2 * Math.PI, 80 + Math.random() * 340];
      const [vx, vy] = [Math.cos(angle) * speed, Math.sin(angle) * speed];
      this.#sparks.push({ x: at.x, y: at.y, vx, vy, life: 1, colour: ["fire", "potato", "p0", "p2"][count % 4] });
    }
  }

  #drawSparks(seconds) {
    for (const spark of this.#sparks) {
      spark.life -= seconds;
      spark.x += spark.vx * seconds;
      spark.y += spark.vy * seconds;
      if (spark.life > 0) this.#circle(spark.x, spark.y, 7 * spark.life, this.#colours[spark.colour]);
    }
    this.#sparks = this.#sparks.filter(({ life }) => life > 0);
  }
}
