// What whole networks make of a digit: the sums of `arithmetic.js`, of all cells of a layer at once.

import { pixelsAsInput } from "./arithmetic.js";

/** Windows that are erased one after the other before something else has its turn. */
const IN_ONE_GO = 8;

/** Height and width of what is erased, and of the tiles around whose middles it is, in pixels; as in `erasing.rs`. */
const WINDOW = 6;
const TILE = 2;

const COMPUTED = { weighted, largest, mean };

/**
 * What each layer makes of a digit's levels, as maps `{channels, side, values}`: a Float32Array `[channels, side, side]`. The
 * `layers` are those of a step's summary, and `weights` what they compute with.
 */
export function outputsOf(levels, layers, weights) {
  let maps = pixelsAsInput(levels, layers[0].n_in, weights);
  return weights.layers.map((computation, at) => {
    const { channels_out: channels, n_out: side } = layers[at];
    maps = { channels, side, values: COMPUTED[computation.kind](computation, maps, channels, side) };
    return maps;
  });
}

/** The probabilities of all classes, given what the last layer says. */
export function probabilitiesOf({ values }) {
  // Without the largest, an exponential may be infinite.
  const largest = Math.max(...values);
  const powers = Array.from(values, (value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

/**
 * What a network says where a part of a digit is erased. `ask` gives the probabilities for levels. It is asked in several goes, so
 * that other questions are answered in between.
 */
export async function erasuresOf(levels, side, ask) {
  const tiles = side / TILE;
  const whole = ask(levels);
  const erased = new Float32Array(tiles * tiles * whole.length);
  let asked = 0;
  for (let at = 0; at < tiles * tiles; at += 1) {
    const left = without(levels, side, Math.floor(at / tiles), at % tiles);
    erased.set(left ? ask(left) : whole, at * whole.length);
    asked += left ? 1 : 0;
    if (left && asked % IN_ONE_GO === 0) {
      await new Promise((done) => setTimeout(done));
    }
  }
  return { window: WINDOW, tile: TILE, tiles, whole, erased };
}

/** A digit without what is in the window around a tile; null where there is nothing. */
function without(levels, side, ...tile) {
  const around = (WINDOW - TILE) / 2;
  const [[top, bottom], [left, right]] = tile.map((at) => [
    Math.max(at * TILE - around, 0),
    Math.min((at + 1) * TILE + around, side),
  ]);
  const erased = levels.slice();
  let isBlank = true;
  for (let row = top; row < bottom; row += 1) {
    const [from, to] = [row * side + left, row * side + right];
    isBlank &&= erased.subarray(from, to).every((level) => level === 0);
    erased.fill(0, from, to);
  }
  return isBlank ? null : erased;
}

/** `scale · sum of weights times inputs + offset`. */
function weighted({ kernel, stride, padding, groups, relu, weights, scale, offset }, input, channels, side) {
  const size = kernel ?? input.side;
  const each = input.channels / groups;
  const area = side * side;
  const made = new Float32Array(channels * area);
  const sums = new Float64Array(area);
  let next = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    sums.fill(0);
    const first = Math.floor((channel * groups) / channels) * each;
    for (let of = first; of < first + each; of += 1) {
      if (size === 3 && stride === 1 && padding === 0) {
        addNine(sums, side, weights, next, input, of);
      } else {
        addEach(sums, side, weights, next, input, of, size, stride, padding);
      }
      next += size * size;
    }
    const [factor, addend] = [scale?.[channel] ?? 1, offset[channel]];
    for (let at = 0; at < area; at += 1) {
      const value = sums[at] * factor + addend;
      made[channel * area + at] = relu && value < 0 ? 0 : value;
    }
  }
  return made;
}

/**
 * Adds to each sum what a kernel makes of its window on the map `of`. The kernel's weights begin at `next`; one is multiplied with
 * the whole map before the next one is.
 */
function addEach(sums, side, weights, next, { side: across, values }, of, size, stride, padding) {
  for (let at = 0; at < size * size; at += 1) {
    const weight = weights[next + at];
    const [down, right] = [Math.floor(at / size) - padding, (at % size) - padding];
    // Beside the map there are zeros.
    const from = Math.max(Math.ceil(-right / stride), 0);
    const end = Math.min(Math.floor((across - 1 - right) / stride) + 1, side);
    for (let row = 0; row < side; row += 1) {
      const y = row * stride + down;
      if (y >= 0 && y < across) {
        const start = (of * across + y) * across + right;
        for (let column = from; column < end; column += 1) {
          sums[row * side + column] += weight * values[start + column * stride];
        }
      }
    }
  }
}

/** The same of a 3×3 kernel that goes cell by cell and keeps on the map, in a third of the time. */
function addNine(sums, side, weights, next, { side: across, values }, of) {
  const [a, b, c, d, e, f, g, h, i] = weights.subarray(next, next + 9);
  for (let row = 0; row < side; row += 1) {
    let one = (of * across + row) * across;
    let two = one + across;
    let three = two + across;
    for (let at = row * side; at < (row + 1) * side; at += 1, one += 1, two += 1, three += 1) {
      sums[at] +=
        a * values[one] + b * values[one + 1] + c * values[one + 2] +
        d * values[two] + e * values[two + 1] + f * values[two + 2] +
        g * values[three] + h * values[three + 1] + i * values[three + 2];
    }
  }
}

/** The largest value of each window. */
function largest({ kernel, stride }, input, channels, side) {
  const { side: across, values } = input;
  return new Float32Array(channels * side * side).map((_, at) => {
    const [row, column] = [Math.floor(at / side) % side, at % side];
    const start = (Math.floor(at / (side * side)) * across + row * stride) * across + column * stride;
    let most = -Infinity;
    for (let down = 0; down < kernel; down += 1) {
      for (let right = 0; right < kernel; right += 1) {
        most = Math.max(most, values[start + down * across + right]);
      }
    }
    return most;
  });
}

/** The mean of each map. */
function mean(_, { side, values }, channels) {
  const area = side * side;
  return Float32Array.from({ length: channels }, (_, channel) => {
    const map = values.subarray(channel * area, (channel + 1) * area);
    return map.reduce((sum, value) => sum + value, 0) / area;
  });
}
