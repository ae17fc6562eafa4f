// The maps that the layers of the chosen step make of the drawing, and what each of their cells sees.

import { element } from "./answer.js";
import { colour, decode, hiddenCanvas, onColourScheme, paint, styled } from "./pixels.js";

/** Pixels of the page between two maps. */
const GAP = 4;

/** How large a map is shown, in pixels of the page: large enough to see its cells, small enough to see many maps. */
function shownSide(side, available) {
  const twelfth = Math.floor((available + GAP) / 12) - GAP;
  return side === 1 ? 20 : Math.min(Math.max(twelfth, 66), 84, 7 * side);
}

/** The frame around a chosen cell is never smaller. */
const FRAME = 8;

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class LayersView {
  #layers = [];
  #seen = null;
  #frame = null;
  #cell = null;

  /** `showField` is called with the rectangle that the chosen cell sees, as left, top, right and bottom in pixels of what the
   * networks see, or with null. */
  constructor(ladder, showField) {
    this.side = ladder.image_side;
    this.showField = showField;
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

  /** Makes a place for each layer of a step. */
  choose(step) {
    this.#cell = null;
    document.getElementById("title").textContent = `${step.title}.`;
    this.#layers = step.summary.layers.map((summary, at) => this.#makeLayer(summary, at + 1));
    this.list.replaceChildren(...this.#layers.map((layer) => layer.item));
    this.#showCell();
  }

  /** Shows the maps of an answer. */
  show(answer) {
    this.#seen ??= hiddenCanvas(this.side, this.side);
    paint(this.#seen, decode(answer.seen.pixels), [0, 0, 0], [255, 255, 255]);
    this.#layers.forEach((layer, at) => {
      layer.maps = answer.layers?.[at] ?? null;
      layer.levels = layer.maps && decode(layer.maps.levels);
    });
    this.#recolour();
  }

  clear() {
    this.#seen = null;
    this.#cell = null;
    for (const layer of this.#layers) {
      layer.maps = null;
    }
    this.#drawAll();
    this.#showCell();
  }

  #makeLayer(summary, number) {
    const item = element("li");
    const { operation, channels_out: channels, n_out: side, receptive_field_out: field } = summary;
    const heading = element("h3", "", `${number} · ${operation} `);
    const size = side === 1 ? `${channels} values` : `${channels} maps of ${side}×${side}`;
    heading.append(element("span", "", `${size}; each cell sees ${field}×${field} pixels`));
    const canvas = element("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Maps of layer ${number}, ${operation}. Arrow keys move among cells, page up and page down among maps.`);
    item.append(heading, canvas);
    // All maps one above the other, a pixel a cell; drawn anew at each answer, but never made anew.
    const sheet = hiddenCanvas(side, side * channels);
    const layer = { item, canvas, summary, number, sheet, maps: null, levels: null };
    canvas.addEventListener("pointermove", (event) => this.#point(layer, event));
    canvas.addEventListener("pointerdown", (event) => this.#point(layer, event));
    canvas.addEventListener("pointerleave", (event) => {
      // A finger leaves when it is lifted; what it chose stays, and so does what the keyboard has chosen elsewhere.
      const hovered = this.#cell?.layer === layer && document.activeElement !== canvas;
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
    const [zero, high, low] = ["--map-zero", "--map-high", "--map-low"].map(colour);
    for (const layer of this.#layers) {
      if (!layer.maps) {
        continue;
      }
      paint(layer.sheet, layer.levels, zero, high, layer.maps.low < 0 ? low : undefined);
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
    const { channels_out: channels, n_out: side } = layer.summary;
    const available = this.list.clientWidth;
    const shown = shownSide(side, available);
    const columns = Math.max(1, Math.min(channels, Math.floor((available + GAP) / (shown + GAP))));
    const rows = Math.ceil(channels / columns);
    const [width, height] = [columns, rows].map((count) => count * (shown + GAP) - GAP);
    const scale = devicePixelRatio;
    const { canvas } = layer;
    layer.grid = { shown, columns };
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    context.fillStyle = styled("--map-zero");
    for (let channel = 0; channel < channels; channel += 1) {
      const [x, y] = this.#corner(layer, channel);
      if (layer.maps) {
        context.drawImage(layer.sheet, 0, channel * side, side, side, x, y, shown, shown);
      } else {
        context.fillRect(x, y, shown, shown);
      }
    }
    if (this.#cell?.layer === layer) {
      const { channel, row, column } = this.#cell;
      const [x, y] = this.#corner(layer, channel);
      const pixel = shown / side;
      const frame = Math.max(pixel, FRAME);
      context.strokeStyle = styled("--field");
      context.lineWidth = 2;
      context.strokeRect(x + (column + 0.5) * pixel - frame / 2, y + (row + 0.5) * pixel - frame / 2, frame, frame);
    }
  }

  /** Where a map is on its layer's canvas. */
  #corner({ grid }, channel) {
    const step = grid.shown + GAP;
    return [(channel % grid.columns) * step, Math.floor(channel / grid.columns) * step];
  }

  #point(layer, event) {
    const { shown, columns } = layer.grid;
    const { channels_out: channels, n_out: side } = layer.summary;
    const step = shown + GAP;
    const [x, y] = [event.offsetX, event.offsetY];
    const channel = Math.floor(y / step) * columns + Math.floor(x / step);
    const [column, row] = [x, y].map((at) => Math.min(Math.floor(((at % step) / shown) * side), side - 1));
    if (Math.floor(x / step) < columns && channel >= 0 && channel < channels && column >= 0 && row >= 0) {
      this.#choose({ layer, channel, row, column });
    }
  }

  #key(layer, event) {
    const { channels_out: channels, n_out: side } = layer.summary;
    const cell = this.#cell?.layer === layer ? this.#cell : { layer, channel: 0, row: 0, column: 0 };
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    const maps = { PageDown: 1, PageUp: -1 }[event.key];
    if (event.key === "Escape") {
      this.#choose(null);
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
    const { width } = lens.canvas;
    lens.clearRect(0, 0, width, width);
    if (this.#seen) {
      lens.imageSmoothingEnabled = false;
      lens.drawImage(this.#seen, 0, 0, width, width);
    }
    if (!this.#cell) {
      this.text.textContent = this.help;
      this.showField(null);
      return;
    }
    const field = this.#field(this.#cell);
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
    this.text.textContent = this.#description(this.#cell, field);
    this.showField(field);
  }

  #description({ layer, channel, row, column }, field) {
    const { n_out: side } = layer.summary;
    const value = layer === this.#layers.at(-1) ? `the value of digit ${channel}` : `value ${channel + 1}`;
    const place = side === 1 ? value : `map ${channel + 1}, row ${row + 1}, column ${column + 1}`;
    const range = (from, to) => `${Math.floor(from) + 1} to ${Math.ceil(to)}`;
    let text = `Layer ${layer.number}, ${place}: sees rows ${range(field.top, field.bottom)}, columns ${range(field.left, field.right)}.`;
    if (layer.maps) {
      const { low, high } = layer.maps;
      const level = layer.levels[(channel * side + row) * side + column];
      text += ` Its value is about ${Number((low + (level / 255) * (high - low)).toPrecision(2))}.`;
    }
    return text;
  }
}
