// All maps of a layer on one canvas, and what is marked on them.

import { colour, hiddenCanvas, paint, styled } from "./pixels.js";

/** Pixels of the page between two maps. */
const GAP = 4;

/** Room for a digit below a cell of the last layer. */
const LABEL = 18;

/** The frame around a chosen cell is never smaller. */
const FRAME = 8;

export class MapSheet {
  #filled = false;
  #grid = { shown: 1, columns: 1, down: 1 };

  /** Of so many maps of `side`×`side` cells; those of the last layer are labelled with their digits. */
  constructor(canvas, { channels, side, isLast }) {
    Object.assign(this, { canvas, channels, side, isLast });
    // All maps one above the other, a pixel a cell; drawn anew at each answer, but never made anew.
    this.maps = hiddenCanvas(side, side * channels);
  }

  /** Takes over levels, those of signed values around the middle one; or null where there are none. */
  fill(levels, isSigned) {
    this.#filled = Boolean(levels);
    if (levels) {
      const [zero, high, low] = ["--map-zero", "--map-high", "--map-low"].map(colour);
      paint(this.maps, levels, zero, high, isSigned ? low : undefined);
    }
  }

  /**
   * Draws the maps on a canvas of at most so many pixels of the page across. `cell` is framed where there is one; and where an
   * `explanation` of a value of the next layer is given, what that is made of is framed, and the rest dimmed.
   */
  draw(available, cell, explanation) {
    const context = this.#measure(available);
    const { shown } = this.#grid;
    context.fillStyle = styled("--map-zero");
    for (let channel = 0; channel < this.channels; channel += 1) {
      const [x, y] = this.#corner(channel);
      if (this.#filled) {
        context.drawImage(this.maps, 0, channel * this.side, this.side, this.side, x, y, shown, shown);
      } else {
        context.fillRect(x, y, shown, shown);
      }
    }
    if (this.isLast) {
      this.#label(context);
    }
    if (explanation) {
      this.#light(context, explanation);
    }
    if (cell) {
      const pixel = shown / this.side;
      const frame = Math.max(pixel, FRAME);
      const centre = [cell.column + 0.5, cell.row + 0.5];
      const [x, y] = this.#corner(cell.channel).map((edge, axis) => edge + centre[axis] * pixel - frame / 2);
      context.strokeStyle = styled("--field");
      context.lineWidth = 2;
      context.strokeRect(x, y, frame, frame);
    }
  }

  /** The cell that a pointer is at, or null. */
  cellAt(event) {
    const { shown, columns, down } = this.#grid;
    const across = shown + GAP;
    const [x, y] = [event.offsetX, event.offsetY];
    const channel = Math.floor(y / down) * columns + Math.floor(x / across);
    const within = (at) => Math.min(Math.floor((at / shown) * this.side), this.side - 1);
    const [column, row] = [within(x % across), within(y % down)];
    const isThere = Math.floor(x / across) < columns && channel >= 0 && channel < this.channels && column >= 0 && row >= 0;
    return isThere ? { channel, row, column } : null;
  }

  /** Gives the canvas its size, and what draws on it. */
  #measure(available) {
    const { canvas, channels } = this;
    const shown = this.#shownSide(available);
    const columns = Math.max(1, Math.min(channels, Math.floor((available + GAP) / (shown + GAP))));
    const down = shown + GAP + (this.isLast ? LABEL : 0);
    const [width, height] = [columns * (shown + GAP) - GAP, Math.ceil(channels / columns) * down - GAP];
    this.#grid = { shown, columns, down };
    const scale = devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    return context;
  }

  /** How large a map is shown, in pixels of the page: large enough to see its cells, small enough to see many maps. */
  #shownSide(available) {
    if (this.side === 1) {
      return this.isLast ? 26 : 20;
    }
    const twelfth = Math.floor((available + GAP) / 12) - GAP;
    return Math.min(Math.max(twelfth, 66), 84, 7 * this.side);
  }

  /** Where a map is on the canvas. */
  #corner(channel) {
    const { shown, columns, down } = this.#grid;
    return [(channel % columns) * (shown + GAP), Math.floor(channel / columns) * down];
  }

  /** Writes the digit that each map stands for. */
  #label(context) {
    const { shown } = this.#grid;
    context.fillStyle = styled("--ink");
    context.font = `600 13px ${styled("--sans")}`;
    context.textAlign = "center";
    for (let channel = 0; channel < this.channels; channel += 1) {
      const [x, y] = this.#corner(channel);
      context.fillText(channel, x + shown / 2, y + shown + 14);
    }
  }

  /** Dims each map by how little it adds, and frames the window in those that have a part in the value. */
  #light(context, { terms, window }) {
    const { shown } = this.#grid;
    const most = Math.max(...terms.map((term) => Math.abs(term.sum)), 1e-9);
    const shares = new Map(terms.map((term) => [term.channel, Math.abs(term.sum) / most]));
    const pixel = shown / this.side;
    const [left, top] = [window.left, window.top].map((at) => Math.max(at, 0));
    const [right, bottom] = [window.left, window.top].map((at) => Math.min(at + window.side, this.side));
    context.strokeStyle = styled("--field");
    context.fillStyle = styled("--ground");
    for (let channel = 0; channel < this.channels; channel += 1) {
      const [x, y] = this.#corner(channel);
      const share = shares.get(channel) ?? 0;
      context.globalAlpha = 0.75 * (1 - share);
      context.fillRect(x, y, shown, shown);
      context.globalAlpha = 1;
      if (shares.has(channel)) {
        context.lineWidth = 0.75 + 1.25 * share;
        context.strokeRect(x + left * pixel, y + top * pixel, (right - left) * pixel, (bottom - top) * pixel);
      }
    }
  }
}
