// Why the most probable digit and not the next: where the drawing speaks for either, and what the last layer makes of it.

import { explain } from "./arithmetic.js";
import { predict, post, weightsOf } from "./asking.js";
import { colour, decode, floats, hiddenCanvas, onColourScheme, paint } from "./pixels.js";
import { aDigit, decimal, element, percent, signed } from "./words.js";

const CLASSES = 10;

/** Milliseconds that the drawing rests before its question is asked. */
const REST = 350;

/** Bars that are shown by themselves. */
const SHOWN = 10;

const byId = (id) => document.getElementById(id);

export class VersusView {
  #timer = null;
  #asked = 0;
  #shown = null;
  #tile = null;

  /** `openCell` is called with the place of a layer and a cell of it, to explain that. */
  constructor(ladder, openCell) {
    this.side = ladder.image_side;
    this.openCell = openCell;
    this.unasked = ["versus-title", "versus-lead"].map((id) => [id, byId(id).textContent]);
    this.picture = hiddenCanvas(this.side, this.side);
    this.heats = ["first", "second"].map((name) => {
      const canvas = byId(`heat-${name}`);
      canvas.addEventListener("pointermove", (event) => this.#point(canvas, event));
      canvas.addEventListener("pointerleave", () => this.#choose(null));
      canvas.addEventListener("keydown", (event) => this.#key(event));
      canvas.addEventListener("blur", () => this.#choose(null));
      return { canvas, caption: byId(`heat-${name}-caption`) };
    });
    onColourScheme(() => this.#draw());
  }

  /** Asks why, when the drawing has rested for a while; `take` is called then for the drawing. */
  ask(take, step) {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const mine = this.#asked;
    this.#timer = setTimeout(async () => {
      const drawing = { ...take(), step: step.name };
      const questions = [predict({ ...drawing, exact: true }), post("api/erase", drawing), weightsOf(step.name)];
      const answers = await Promise.all(questions).catch(() => null);
      // Where the server does not answer, the drawing says so.
      if (answers?.[1] && this.#asked === mine) {
        this.#show(...answers, step);
      }
    }, REST);
  }

  /** Takes away what is shown. */
  clear() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#shown = null;
    byId("versus").hidden = true;
    this.unasked.forEach(([id, text]) => {
      byId(id).textContent = text;
    });
  }

  #show(answer, erasures, weights, step) {
    const { whole, tiles } = erasures;
    const order = [...whole.keys()].sort((a, b) => whole[b] - whole[a]);
    const pair = order.slice(0, 2);
    const erased = floats(erasures.erased);
    const changes = pair.map((digit) =>
      Float32Array.from({ length: tiles * tiles }, (_, at) => erased[at * CLASSES + digit] - whole[digit]),
    );
    const seen = decode(answer.seen.pixels);
    this.#shown = { pair, whole, erasures, erased, changes, seen };
    this.#tile = null;
    const [a, b] = pair;
    byId("versus").hidden = false;
    byId("versus-title").textContent = `Why ${aDigit(a)} and not ${aDigit(b)}?`;
    byId("versus-lead").textContent =
      `The chosen step gives ${percent(whole[a])} to the ${a} and ${percent(whole[b])} to the ${b}. Erase a part of the drawing, and both change.`;
    this.#draw();
    this.#say();
    this.#showBars(contributions(answer, weights, step, pair), pair);
  }

  #draw() {
    if (!this.#shown) {
      return;
    }
    const { pair, changes, seen } = this.#shown;
    const most = Math.max(...changes.flatMap((them) => [...them].map(Math.abs)), 1e-6);
    byId("heat-legend").querySelectorAll("span").forEach((end, at) => {
      end.textContent = `${signed(at ? 100 * most : -100 * most, most < 0.01 ? 2 : 0)} points`;
    });
    paint(this.picture, seen, [0, 0, 0], [255, 255, 255]);
    this.heats.forEach(({ canvas, caption }, at) => {
      this.#drawHeat(canvas, changes[at], most);
      caption.textContent = `The ${pair[at]}`;
      canvas.setAttribute("aria-label", `How the probability of ${aDigit(pair[at])} changes where a part is erased. Arrow keys move the part. ${this.#strongest(at)}`);
    });
    if (this.#tile) {
      this.heats.forEach(({ canvas }) => frame(canvas, this.#window(this.#tile), this.side));
    }
  }

  #drawHeat(canvas, changes, most) {
    const context = canvas.getContext("2d");
    const { width } = canvas;
    const { tiles } = this.#shown.erasures;
    context.imageSmoothingEnabled = false;
    context.globalAlpha = 1;
    context.drawImage(this.picture, 0, 0, width, width);
    const [less, more] = [colour("--seen-for"), colour("--seen-against")];
    const size = width / tiles;
    changes.forEach((change, at) => {
      const share = Math.abs(change) / most;
      context.globalAlpha = 0.8 * Math.sqrt(share);
      context.fillStyle = `rgb(${(change < 0 ? less : more).join(" ")})`;
      context.fillRect((at % tiles) * size, Math.floor(at / tiles) * size, size, size);
    });
    context.globalAlpha = 1;
  }

  /** Rows and columns that are erased around a tile: from the first to before the last. */
  #window({ row, column }) {
    const { window, tile } = this.#shown.erasures;
    const edges = (at) => {
      const from = at * tile - (window - tile) / 2;
      return [Math.max(from, 0), Math.min(from + window, this.side)];
    };
    return { rows: edges(row), columns: edges(column) };
  }

  #point(canvas, event) {
    if (this.#shown) {
      const { tiles } = this.#shown.erasures;
      const at = (offset, length) => Math.min(Math.max(Math.floor((offset / length) * tiles), 0), tiles - 1);
      this.#choose({ row: at(event.offsetY, canvas.clientHeight), column: at(event.offsetX, canvas.clientWidth) });
    }
  }

  #key(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
    if (down === undefined || !this.#shown) {
      return;
    }
    event.preventDefault();
    const last = this.#shown.erasures.tiles - 1;
    const within = (at) => Math.min(Math.max(at, 0), last);
    const { row, column } = this.#tile ?? { row: Math.floor(last / 2), column: Math.floor(last / 2) };
    this.#choose({ row: within(row + down), column: within(column + right) });
  }

  #choose(tile) {
    if (this.#shown) {
      this.#tile = tile;
      this.#draw();
      this.#say();
    }
  }

  #say() {
    const { pair, whole, erased, erasures } = this.#shown;
    const place = byId("heat-text");
    if (!this.#tile) {
      place.textContent = `${this.#strongest(0)} Point at the drawing to see what a part of it is worth.`;
      return;
    }
    const from = (this.#tile.row * erasures.tiles + this.#tile.column) * CLASSES;
    const now = (digit) => `the ${digit} ${percent(erased[from + digit])} (${signed(100 * (erased[from + digit] - whole[digit]), 1)} points)`;
    place.textContent = `Without ${inWords(this.#window(this.#tile))}: ${pair.map(now).join(", ")}.`;
  }

  /** The part without which a digit loses most, in words. */
  #strongest(at) {
    const { pair, whole, changes, erasures } = this.#shown;
    const place = changes[at].reduce((best, change, tile) => (change < changes[at][best] ? tile : best), 0);
    if (changes[at][place] > -0.0005) {
      return `No part by itself is what makes it ${aDigit(pair[at])}.`;
    }
    const where = inWords(this.#window({ row: Math.floor(place / erasures.tiles), column: place % erasures.tiles }));
    return `Without ${where}, the ${pair[at]} falls from ${percent(whole[pair[at]])} to ${percent(whole[pair[at]] + changes[at][place])}.`;
  }

  #showBars({ kind, bars, rest, constant, total }, [a, b]) {
    byId("bars-help").textContent =
      kind === "mean"
        ? "Each place of the last maps, by how much more it adds to the one mean than to the other."
        : "Each value that the last layer is given, times the difference of its two weights.";
    byId("bars-for").textContent = `for the ${a}`;
    byId("bars-against").textContent = `for the ${b}`;
    const most = Math.max(...bars.map((bar) => Math.abs(bar.share)), Math.abs(rest?.share ?? 0), Math.abs(constant), 1e-9);
    const rows = bars.map((bar) => {
      const name = element("button", "name", bar.name);
      name.type = "button";
      name.setAttribute("aria-label", `${bar.name}: see how it was made`);
      name.addEventListener("click", () => this.openCell(bar.at, bar.cell));
      return row(name, bar.share, most);
    });
    if (rest) {
      rows.push(row(element("span", "name", `${rest.count} more`), rest.share, most));
    }
    if (constant !== 0) {
      rows.push(row(element("span", "name", "Bias"), constant, most));
    }
    byId("bars").replaceChildren(...rows);
    const odds = Math.exp(Math.abs(total));
    const [more, less] = total < 0 ? [b, a] : [a, b];
    const times = odds > 1e6 ? "more than a million" : Number(odds.toPrecision(3)).toLocaleString("en");
    byId("bars-text").textContent =
      `Together ${signed(total, 3)}, so the ${more} is exp(${decimal(Math.abs(total), 3)}) = ${times} times as probable as the ${less}.`;
  }
}

/** What each input of the last layer adds to the first digit's value and not to the second's, the largest first. */
function contributions(answer, weights, step, pair) {
  const at = step.summary.layers.length - 1;
  const summary = step.summary.layers[at];
  const before = step.summary.layers[at - 1];
  const input = { channels: summary.channels_in, side: summary.n_in, values: floats(answer.layers[at - 1].values) };
  const made = pair.map((channel) => explain(weights.layers[at], summary, input, { channel, row: 0, column: 0 }));
  const [first, second] = made.map((explanation, of) => parts(explanation, pair[of]));
  const all = first.map((part, place) => ({
    at: at - 1,
    name: nameOf(part.cell, before.n_out, made[0].kind),
    cell: part.cell,
    share: part.value - second[place].value,
  }));
  all.sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const sum = (list) => list.reduce((total, bar) => total + bar.share, 0);
  const others = all.slice(SHOWN);
  const [offset, against] = made.map((explanation) => explanation.offset ?? 0);
  return {
    kind: made[0].kind,
    bars: all.slice(0, SHOWN),
    rest: others.length ? { count: others.length, share: sum(others) } : null,
    constant: offset - against,
    total: made[0].value - made[1].value,
  };
}

/** What each input adds to a value: a product with a weight, or a share in a mean. */
function parts({ terms, kind, scale = 1, window }) {
  return terms.flatMap(({ channel, patch, kernel }) =>
    [...patch].map((value, at) => ({
      value: kind === "mean" ? value / patch.length : value * kernel[at] * scale,
      cell: { channel, row: window.top + Math.floor(at / window.side), column: window.left + (at % window.side) },
    })),
  );
}

function nameOf({ channel, row, column }, side, kind) {
  const place = `row ${row + 1}, column ${column + 1}`;
  return kind === "mean" ? `Row ${row + 1}, col ${column + 1}` : side === 1 ? `Value ${channel + 1}` : `Map ${channel + 1}, ${place}`;
}

function row(name, share, most) {
  const item = element("li");
  const bar = element("span", share < 0 ? "bar against" : "bar");
  bar.style.setProperty("--share", (Math.abs(share) / most).toFixed(4));
  bar.append(element("i"));
  item.append(name, bar, element("output", "", signed(share, 3)));
  return item;
}

function inWords({ rows, columns }) {
  return `rows ${rows[0] + 1} to ${rows[1]}, columns ${columns[0] + 1} to ${columns[1]}`;
}

function frame(canvas, { rows, columns }, side) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / side;
  context.strokeStyle = "#fff";
  context.lineWidth = 2;
  const [x, y] = [columns[0] * scale, rows[0] * scale];
  context.strokeRect(x, y, (columns[1] - columns[0]) * scale, (rows[1] - rows[0]) * scale);
}
