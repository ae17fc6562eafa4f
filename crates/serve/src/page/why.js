// Why a cell has its value: a panel with every number that it is made of.

import { explain, pixelsAsInput, placeIn, strongest } from "./arithmetic.js";
import { decimal, element, roughly } from "./words.js";

/** Decimals of what is multiplied, and of sums, which are of many. */
const FACTOR = 4;
const SUM = 5;

/** What a cell is called: `{number, side, isLast}` is its layer. */
export function named({ number, side, isLast }, { channel, row, column }) {
  if (side > 1) {
    return `layer ${number}, map ${channel + 1}, row ${row + 1}, column ${column + 1}`;
  }
  return isLast ? `layer ${number}, digit ${channel}` : `layer ${number}, value ${channel + 1}`;
}

export class WhyPanel {
  #shape = "";
  #terms = [];

  /** `follow` is called with a cell of the layer before when one wants to know how that was made, `back` with a place in the
   * trail, and `close` when the panel is to go. */
  constructor({ follow, back, close }) {
    this.follow = follow;
    this.item = element("section", "why");
    this.heading = element("h4");
    this.heading.tabIndex = -1;
    this.trail = element("ol", "trail");
    this.trail.setAttribute("aria-label", "The way back to the drawing");
    this.trail.addEventListener("click", (event) => {
      const at = [...this.trail.children].indexOf(event.target.closest("li"));
      if (event.target.closest("button") && at >= 0) {
        back(at);
      }
    });
    const closing = element("button", "close", "Close");
    closing.type = "button";
    closing.addEventListener("click", close);
    this.formula = element("p", "formula");
    this.deeper = element("button", "", "Follow the strongest input");
    this.deeper.type = "button";
    this.deeper.addEventListener("click", () => this.#followStrongest());
    this.note = element("p", "note");
    this.list = element("ol", "terms");
    this.item.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        close();
      }
    });
    const top = element("div", "why-top");
    top.append(this.heading, this.deeper, closing);
    this.item.append(top, this.trail, this.formula, this.note, this.list);
  }

  /** Says that the numbers of the cell of this name are on their way. */
  wait(name) {
    this.heading.textContent = `Why? ${name}`;
    this.note.textContent = "The numbers are on their way.";
    this.deeper.hidden = true;
    this.#shape = "";
    [this.trail, this.formula, this.list].forEach((part) => part.replaceChildren());
  }

  /**
   * Shows how the value of a cell of `layer` is made. `layer.before` is the layer before, or null of the first one, and
   * `trail` what the cells are called through which one has come, this one last.
   */
  show({ layer, explanation, trail }) {
    this.layer = layer;
    this.explanation = explanation;
    this.heading.textContent = `Why ${roughly(explanation.value)}?`;
    this.#showTrail(trail);
    this.deeper.hidden = !layer.before;
    this.#showFormula(explanation);
    this.note.textContent = note(layer, explanation);
    this.#showTerms(explanation);
  }

  #showTrail(trail) {
    const crumbs = trail.map((name, at) => {
      const crumb = element("li");
      const isLast = at === trail.length - 1;
      const made = element(isLast ? "span" : "button", "", name);
      if (isLast) {
        made.setAttribute("aria-current", "true");
      } else {
        made.type = "button";
      }
      crumb.append(made);
      return crumb;
    });
    if (!this.layer.before) {
      crumbs.push(element("li", "", "the drawing"));
    }
    this.trail.replaceChildren(...crumbs);
  }

  /** The way from the terms to the value, a number after the other. */
  #showFormula({ kind, terms, sum, scale, isNormalised, offset, scaled, relu, value }) {
    const parts = [];
    const add = (sign, number, words) => {
      const part = element("span", "part");
      part.append(element("span", "sign", sign), element("b", "", decimal(number, SUM)), element("small", "", words));
      parts.push(part);
    };
    const count = terms[0].patch.length;
    if (kind === "largest") {
      add("", value, `largest of ${count}`);
    } else if (kind === "mean") {
      add("", sum, `sum of ${count} cells`);
      add(`÷ ${count} =`, value, "their mean");
    } else {
      add("", sum, terms.length === 1 ? "sum of the products" : `sum over ${terms.length} ${this.layer.before?.side > 1 ? "maps" : "values"}`);
      if (isNormalised) {
        add("×", scale, "batch norm: scale");
        add("+", offset, "batch norm: offset");
        add("=", scaled, "normalised");
      } else if (offset !== 0) {
        add("+", offset, "bias");
        add("=", scaled, "with bias");
      }
      if (relu) {
        add("→", value, scaled < 0 ? "ReLU: not below 0" : "ReLU: as it is");
      }
    }
    this.formula.replaceChildren(...parts);
  }

  #showTerms(explanation) {
    const { terms } = explanation;
    const shape = `${this.layer.number} ${terms.length} ${terms[0].patch.length} ${Boolean(terms[0].kernel)}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#terms = terms.map((term, at) => this.#makeTerm(term, at, explanation.window.side));
      this.list.replaceChildren(...this.#terms.map((term) => term.item));
      this.list.classList.toggle("single", terms[0].patch.length === 1);
    }
    const most = (numbers) => Math.max(...numbers.map(Math.abs), 1e-9);
    const [patches, kernels] = [terms.flatMap((it) => [...it.patch]), terms.flatMap((it) => [...(it.kernel ?? [])])];
    const scales = { patch: most(patches), kernel: most(kernels), sum: most(terms.map((it) => it.sum)) };
    this.#terms.forEach((made, at) => showTerm(made, terms[at], explanation, scales, this.layer));
  }

  #makeTerm({ kernel }, at, side) {
    const item = element("li", "term");
    const name = element(this.layer.before ? "button" : "span", "name");
    if (this.layer.before) {
      name.type = "button";
      name.addEventListener("click", () => this.#followTerm(this.explanation.terms[at]));
    }
    const patch = makeGrid(side);
    if (this.layer.before) {
      patch.grid.classList.add("way");
      patch.grid.addEventListener("click", (event) => {
        const place = patch.cells.indexOf(event.target);
        if (place >= 0) {
          this.#follow(this.explanation.terms[at].channel, place);
        }
      });
    }
    const product = element("div", "product");
    product.append(patch.grid);
    const grid = kernel && makeGrid(side);
    if (grid) {
      product.append(element("span", "sign", "×"), grid.grid);
    }
    const sum = element("b", "sum");
    if (kernel) {
      product.append(element("span", "sign", "="), sum);
    }
    item.append(name, product);
    return { item, name, patch, kernel: grid, sum };
  }

  #followStrongest() {
    const { kind, terms } = this.explanation;
    const influence = (term) => (kind === "weighted" ? Math.abs(term.sum) : 0);
    this.#followTerm(terms.reduce((best, term) => (influence(term) > influence(best) ? term : best)));
  }

  #followTerm(term) {
    this.#follow(term.channel, strongest(term));
  }

  /** Goes to a cell of the layer before, unless it lies beside the map. */
  #follow(channel, place) {
    const [row, column] = placeIn(this.explanation.window, place);
    const { side } = this.layer.before;
    if ([row, column].every((at) => at >= 0 && at < side)) {
      this.follow({ channel, row, column });
    }
  }
}

/** Explains a cell by what the network made of the drawing, or nothing where that is not known. */
export function explanationOf({ at, summary }, cell, weights, outputs, seen) {
  const computation = weights?.layers[at];
  if (!computation || !outputs[at]) {
    return null;
  }
  const side = summary.n_in;
  const input =
    at === 0 ? pixelsAsInput(seen, side, weights) : { channels: summary.channels_in, side, values: outputs[at - 1] };
  return explain(computation, summary, input, cell);
}

function note({ before }, { kind, terms }) {
  const pixels = "The first layer is given the pixels, from 0 to 1, less their mean of 0.1307, divided by their deviation of 0.3081.";
  if (kind === "largest") {
    return "Max-pooling keeps the largest value of its window.";
  }
  if (kind === "mean") {
    return "The mean of the whole map.";
  }
  const each = terms[0].patch.length > 1 ? "What the cell sees, times the kernel" : "What the cell sees, times a weight";
  const from = terms.length > 1 ? `${each}, one after the other.` : `${each}.`;
  if (!before) {
    return `${from} ${pixels}`;
  }
  const choice = before.side > 1 ? "a map, or a number in it," : "a value";
  return `${from} Choose ${choice} to see how that was made.`;
}

function makeGrid(side) {
  const grid = element("span", "numbers");
  grid.style.setProperty("--side", side);
  const cells = Array.from({ length: side * side }, () => element("span"));
  grid.append(...cells);
  return { grid, cells };
}

function showTerm(made, term, { kind, value, window }, scales, { before }) {
  made.name.textContent = before ? before.nameOf(term.channel) : "Pixels";
  if (before) {
    made.name.setAttribute("aria-label", `${made.name.textContent}: see how it was made`);
  }
  fill(made.patch.cells, term.patch, scales.patch);
  const largest = kind === "largest" ? term.patch.indexOf(Math.fround(value)) : -1;
  made.patch.cells.forEach((cell, at) => {
    cell.classList.toggle("chosen", at === largest);
    const [row, column] = placeIn(window, at);
    cell.title = `row ${row + 1}, column ${column + 1}`;
  });
  if (made.kernel) {
    fill(made.kernel.cells, term.kernel, scales.kernel);
    made.sum.textContent = decimal(term.sum, SUM);
    tint(made.sum, term.sum / scales.sum);
  }
}

function fill(cells, values, scale) {
  cells.forEach((cell, at) => {
    cell.textContent = decimal(values[at], FACTOR);
    tint(cell, values[at] / scale);
  });
}

/** Colours an element by a share from -1 to 1. */
function tint(made, share) {
  made.style.setProperty("--share", Math.abs(share).toFixed(3));
  made.classList.toggle("negative", share < 0);
}
