// The maps that the layers of the chosen step make of the drawing, what each of their cells sees, and why it has its value.

import { weightsOf } from "./asking.js";
import { MapSheet } from "./map_sheet.js";
import { decode, floats, hiddenCanvas, onColourScheme, paint, styled } from "./pixels.js";
import { WhyPanel, explanationOf, named } from "./why.js";
import { decimal, element, roughly } from "./words.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class LayersView {
  #layers = [];
  #seen = null;
  #pixels = null;
  #cell = null;
  /** The way on which one has come to the cell that is explained: layers and cells, that one last. */
  #trail = [];
  #weights = null;
  #lit = null;

  /** `showField` is called with the rectangle that the chosen cell sees, as left, top, right and bottom in pixels of what the
   * networks see, or with null; `askAgain` when a cell is to be explained, for which the values themselves are wanted. */
  constructor(ladder, showField, askAgain) {
    this.side = ladder.image_side;
    this.showField = showField;
    this.askAgain = askAgain;
    this.why = new WhyPanel({
      follow: (cell) => this.#follow(cell),
      back: (at) => this.#goBack(at),
      close: () => this.#close(),
    });
    this.lens = document.getElementById("lens").getContext("2d");
    this.text = document.getElementById("cell");
    this.help = this.text.textContent;
    this.list = document.getElementById("maps");
    let width = this.list.clientWidth;
    new ResizeObserver(() => {
      // Its height depends on what is drawn.
      if (this.list.clientWidth !== width) {
        width = this.list.clientWidth;
        requestAnimationFrame(() => this.#drawAll());
      }
    }).observe(this.list);
    onColourScheme(() => this.#recolour());
  }

  /** Whether a cell is explained. */
  get explains() {
    return this.#trail.length > 0;
  }

  /** Explains a cell of the layer at a place, and brings it into sight. */
  explain(at, cell) {
    this.#goTo([{ layer: this.#layers[at], ...cell }]);
  }

  /** Makes a place for each layer of a step. */
  choose(step) {
    this.step = step;
    this.#cell = null;
    this.#trail = [];
    this.#weights = null;
    this.#lit = null;
    document.getElementById("title").textContent = `${step.title}.`;
    const { layers } = step.summary;
    this.#layers = layers.map((summary, at) => this.#makeLayer(summary, at, at === layers.length - 1));
    this.#layers.forEach((layer, at) => {
      layer.before = this.#layers[at - 1] ?? null;
    });
    this.list.replaceChildren(...this.#layers.map((layer) => layer.item));
    this.#showCell();
  }

  /** Shows the maps of an answer. */
  show(answer) {
    this.#seen ??= hiddenCanvas(this.side, this.side);
    this.#pixels = decode(answer.seen.pixels);
    paint(this.#seen, this.#pixels, [0, 0, 0], [255, 255, 255]);
    this.#layers.forEach((layer, at) => {
      layer.maps = answer.layers?.[at] ?? null;
      layer.levels = layer.maps && decode(layer.maps.levels);
      layer.values = layer.maps?.values ? floats(layer.maps.values) : null;
      showLegend(layer);
    });
    this.#recolour();
    this.#explain();
  }

  clear() {
    this.#seen = null;
    this.#cell = null;
    for (const layer of this.#layers) {
      Object.assign(layer, { maps: null, levels: null, values: null });
      showLegend(layer);
    }
    this.#close();
    this.#recolour();
  }

  #makeLayer(summary, at, isLast) {
    const number = at + 1;
    const item = element("li");
    const { operation, channels_out: channels, n_out: side, receptive_field_out: field } = summary;
    const heading = element("h3", "", `${number} · ${operation} `);
    const size = side === 1 ? `${channels} values` : `${channels} maps of ${side}×${side}`;
    heading.append(element("span", "", `${size}; each cell sees ${field}×${field} pixels`));
    const canvas = element("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute(
      "aria-label",
      `Maps of layer ${number}, ${operation}. Arrow keys move among cells, page up and page down among maps; enter explains a cell.`,
    );
    const legend = element("p", "legend");
    legend.hidden = true;
    const [low, high] = [element("span"), element("span")];
    legend.append("Colours from ", low, element("i"), high);
    const top = element("div", "layer-top");
    top.append(heading, legend);
    item.append(top, canvas);
    const sheet = new MapSheet(canvas, { channels, side, isLast });
    const layer = { item, canvas, summary, at, number, side, isLast, sheet, legend, low, high, maps: null, levels: null, values: null };
    layer.nameOf = (channel) => (side === 1 ? `Value ${channel + 1}` : `Map ${channel + 1}`);
    canvas.addEventListener("pointermove", (event) => this.#point(layer, event));
    canvas.addEventListener("pointerdown", (event) => this.#point(layer, event));
    canvas.addEventListener("click", () => this.#cell?.layer === layer && this.#open([this.#cell]));
    canvas.addEventListener("pointerleave", (event) => {
      // A finger leaves when it is lifted; what it chose stays, and so does what the keyboard has chosen elsewhere.
      const isExplained = this.#trail.at(-1)?.layer === layer;
      const hovered = this.#cell?.layer === layer && (isExplained || document.activeElement !== canvas);
      if (event.pointerType === "mouse" && hovered) {
        this.#choose(null);
      }
    });
    canvas.addEventListener("keydown", (event) => this.#key(layer, event));
    canvas.addEventListener("focus", () => {
      if (this.#cell?.layer !== layer && canvas.matches(":focus-visible")) {
        this.#choose({ layer, channel: 0, row: 0, column: 0 });
      }
    });
    return layer;
  }

  /** Paints the maps in the present colours. */
  #recolour() {
    for (const { sheet, levels, maps } of this.#layers) {
      sheet.fill(levels, maps?.low < 0);
    }
    this.#drawAll();
    this.#showCell();
  }

  #drawAll() {
    for (const layer of this.#layers) {
      this.#draw(layer);
    }
  }

  #draw(layer) {
    const framed = [this.#cell, this.#explained].find((cell) => cell?.layer === layer);
    const lit = this.#lit?.layer === layer ? this.#lit.explanation : null;
    layer.sheet.draw(this.list.clientWidth, framed, lit);
  }

  #point(layer, event) {
    const cell = layer.sheet.cellAt(event);
    if (cell) {
      this.#choose({ layer, ...cell });
    }
  }

  #key(layer, event) {
    const { channels_out: channels, n_out: side } = layer.summary;
    const cell = this.#cell?.layer === layer ? this.#cell : { layer, channel: 0, row: 0, column: 0 };
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    const maps = { PageDown: 1, PageUp: -1 }[event.key];
    if (event.key === "Escape") {
      this.#close();
      this.#choose(null);
    } else if (event.key === "Enter" || event.key === " ") {
      this.#open([cell]);
    } else if (event.key in ARROWS) {
      const [down, right] = ARROWS[event.key];
      if (side === 1) {
        this.#choose({ ...cell, channel: within(cell.channel + down + right, channels) });
      } else {
        this.#choose({ ...cell, row: within(cell.row + down, side), column: within(cell.column + right, side) });
      }
    } else if (maps) {
      this.#choose({ ...cell, channel: within(cell.channel + maps, channels) });
    } else {
      return;
    }
    event.preventDefault();
  }

  #choose(cell) {
    const before = this.#cell;
    this.#cell = cell;
    for (const layer of new Set([before?.layer, cell?.layer])) {
      if (layer) {
        this.#draw(layer);
      }
    }
    this.#showCell();
    this.#explain();
  }

  /** The cell that is explained: the one that is pointed at, if it is in the layer whose cell was chosen. */
  get #explained() {
    const chosen = this.#trail.at(-1);
    return chosen && this.#cell?.layer === chosen.layer ? this.#cell : chosen;
  }

  /** Explains the last cell of a trail. */
  async #open(trail) {
    const isNew = !this.explains;
    this.#trail = trail;
    const { layer } = trail.at(-1);
    layer.item.append(this.why.item);
    this.#explain();
    if (isNew || !layer.values) {
      this.askAgain();
    }
    if (!this.#weights) {
      const { step } = this;
      const weights = await weightsOf(step.name).catch(() => null);
      if (step === this.step) {
        this.#weights = weights;
        this.#explain();
      }
    }
  }

  /** Goes on to a cell of the layer before. */
  #follow(cell) {
    const { layer } = this.#explained;
    this.#cell = null;
    this.#goTo([...this.#trail.slice(0, -1), this.#lit.cell, { layer: layer.before, ...cell }]);
  }

  #goBack(at) {
    this.#cell = null;
    this.#goTo(this.#trail.slice(0, at + 1));
  }

  #goTo(trail) {
    this.#open(trail);
    this.#choose(null);
    this.why.heading.focus({ preventScroll: true });
    // The maps with the cell, and the numbers as far as there is room.
    trail.at(-1).layer.item.scrollIntoView({ block: "start" });
  }

  #close() {
    const had = this.#trail.at(-1);
    this.#trail = [];
    this.#lit = null;
    if (this.why.item.contains(document.activeElement)) {
      had?.layer.canvas.focus();
    }
    this.why.item.remove();
    this.#drawAll();
  }

  /** Brings the explanation up to date. */
  #explain() {
    const cell = this.#explained;
    if (!cell) {
      return;
    }
    const { layer } = cell;
    const outputs = this.#layers.map((layer) => layer.values);
    const explanation = explanationOf(layer, cell, this.#weights, outputs, this.#pixels);
    if (!explanation) {
      this.why.wait(named(layer, cell));
      return;
    }
    this.why.show({ layer, explanation, trail: [...this.#trail.slice(0, -1), cell].map((it) => named(it.layer, it)) });
    this.#lit = { layer: layer.before, cell, explanation };
    this.#draw(layer);
    if (layer.before) {
      this.#draw(layer.before);
    }
  }

  /** The rectangle that a cell sees, as far as it lies in the image: left, top, right and bottom in the image's pixels. */
  #field({ layer, row, column }) {
    const { start, jump_out: jump, receptive_field_out: field } = layer.summary;
    const edges = (at) => {
      const centre = start + at * jump;
      return [Math.max(centre - field / 2, 0), Math.min(centre + field / 2, this.side)];
    };
    const [left, right] = edges(column);
    const [top, bottom] = edges(row);
    return { left, top, right, bottom };
  }

  #showCell() {
    const { lens } = this;
    const cell = this.#cell ?? this.#explained;
    const { width } = lens.canvas;
    lens.clearRect(0, 0, width, width);
    if (this.#seen) {
      lens.imageSmoothingEnabled = false;
      lens.drawImage(this.#seen, 0, 0, width, width);
    }
    if (!cell) {
      this.text.textContent = this.help;
      this.showField(null);
      return;
    }
    const field = this.#field(cell);
    const scale = width / this.side;
    // As wide wherever the picture is shown small.
    const line = (2.5 * width) / lens.canvas.clientWidth;
    lens.strokeStyle = styled("--seen-field");
    lens.lineWidth = line;
    lens.strokeRect(
      field.left * scale + line / 2,
      field.top * scale + line / 2,
      (field.right - field.left) * scale - line,
      (field.bottom - field.top) * scale - line,
    );
    this.text.textContent = this.#description(cell, field);
    this.showField(field);
  }

  #description(cell, field) {
    const { layer, channel, row, column } = cell;
    const { side } = layer;
    const range = (from, to) => `${Math.floor(from) + 1} to ${Math.ceil(to)}`;
    const name = named(layer, cell);
    let text = `${name[0].toUpperCase()}${name.slice(1)}: sees rows ${range(field.top, field.bottom)}, columns ${range(field.left, field.right)}.`;
    const place = (channel * side + row) * side + column;
    if (layer.values) {
      text += ` Its value is ${decimal(layer.values[place], 4)}.`;
    } else if (layer.maps) {
      const { low, high } = layer.maps;
      text += ` Its value is about ${roughly(low + (layer.levels[place] / 255) * (high - low))}.`;
    }
    return text;
  }
}

/** Says which colours stand for which values. */
function showLegend({ legend, low, high, maps }) {
  legend.hidden = !maps;
  if (maps) {
    legend.classList.toggle("signed", maps.low < 0);
    low.textContent = roughly(maps.low);
    high.textContent = roughly(maps.high);
  }
}
