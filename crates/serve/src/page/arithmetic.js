// How the value of a cell is made: the same sums as the network's, in the open.

import { floats } from "./pixels.js";

/** What a step's layers compute with, from the server's answer. */
export function networkOf(answer) {
  const layers = answer.layers.map((layer) => ({
    ...layer,
    weights: layer.weights && floats(layer.weights),
    scale: layer.scale && floats(layer.scale),
    offset: layer.offset && floats(layer.offset),
  }));
  return { ...answer, layers };
}

/** What the first layer is given: pixels as the networks are trained on them. */
export function pixelsAsInput(levels, side, { mean, deviation }) {
  const values = Float32Array.from(levels, (level) => (level / 255 - mean) / deviation);
  return { channels: 1, side, values };
}

/**
 * How the value of a cell `{channel, row, column}` is made of `input`, maps `{channels, side, values}`:
 *
 * - `window`: the part of the input that it sees, as top, left and side;
 * - `terms`: for each channel that it sees, the `patch` in that window, the `kernel` if there is one, and the `sum` of their
 *   products, of the patch itself where there is no kernel;
 * - `sum` over all terms, `scale` and `offset` of batch normalisation (1 and 0 where there is none), `scaled`, and the `value`.
 */
export function explain(computation, summary, input, cell) {
  const { kind } = computation;
  const side = kind === "mean" ? input.side : (computation.kernel ?? input.side);
  const { stride = 1, padding = 0 } = computation;
  const window = { top: cell.row * stride - padding, left: cell.column * stride - padding, side };
  if (kind !== "weighted") {
    const patch = cut(input, cell.channel, window);
    const sum = patch.reduce((total, value) => total + value, 0);
    const value = kind === "mean" ? sum / patch.length : Math.max(...patch);
    return { kind, window, terms: [{ channel: cell.channel, patch, kernel: null, sum }], sum, value };
  }
  const { weights, scale, offset, groups, relu } = computation;
  const each = input.channels / groups;
  const first = Math.floor((cell.channel * groups) / summary.channels_out) * each;
  const area = side * side;
  const terms = Array.from({ length: each }, (_, at) => {
    const patch = cut(input, first + at, window);
    const from = (cell.channel * each + at) * area;
    const kernel = weights.subarray(from, from + area);
    const sum = patch.reduce((total, value, place) => total + value * kernel[place], 0);
    return { channel: first + at, patch, kernel, sum };
  });
  const sum = terms.reduce((total, term) => total + term.sum, 0);
  const scaled = sum * (scale?.[cell.channel] ?? 1) + offset[cell.channel];
  return {
    kind,
    window,
    terms,
    sum,
    scale: scale?.[cell.channel] ?? 1,
    isNormalised: Boolean(scale),
    offset: offset[cell.channel],
    scaled,
    relu,
    value: relu ? Math.max(scaled, 0) : scaled,
  };
}

/** The values of a channel in a window, row by row; zeros beside the map. */
function cut({ side, values }, channel, window) {
  const patch = new Float32Array(window.side * window.side);
  for (let at = 0; at < patch.length; at += 1) {
    const [row, column] = placeIn(window, at);
    if (row >= 0 && row < side && column >= 0 && column < side) {
      patch[at] = values[(channel * side + row) * side + column];
    }
  }
  return patch;
}

/** Row and column on the map of the value number `at` of a patch. */
export function placeIn({ top, left, side }, at) {
  return [top + Math.floor(at / side), left + (at % side)];
}

/** Which value of a term's patch has the most influence. */
export function strongest({ patch, kernel }) {
  const influence = (at) => (kernel ? Math.abs(patch[at] * kernel[at]) : patch[at]);
  return patch.reduce((best, _, at) => (influence(at) > influence(best) ? at : best), 0);
}
