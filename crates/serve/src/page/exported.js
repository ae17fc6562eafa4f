// The answers of a page without a server, in the same words as the server's: what it would compute is computed here, in a worker,
// and what it would read is in a file beside the page.

import { networkOf } from "./arithmetic.js";
import { erasuresOf, outputsOf, probabilitiesOf } from "./networks.js";
import { decode, encode } from "./pixels.js";
import { prepare } from "./prepare.js";

/** What `exported.rs` puts together. */
const FILE = "answers.bin";

const PIXELS = 28 * 28;

let content = null;

onmessage = async ({ data: { number, path, question } }) => {
  try {
    postMessage({ number, answer: await answerTo(path, question) });
  } catch ({ message, status }) {
    postMessage({ number, error: { message, status } });
  }
};

/** What the server would answer to a question at a path such as `api/digits/7`. */
async function answerTo(path, question) {
  const asked = (content ??= read());
  // What went wrong once may go right later.
  asked.catch(() => {
    content = null;
  });
  const { ladder, results, weights, networks, digits } = await asked;
  const [kind, name] = path.replace("api/", "").split(/[/?]/);
  switch (kind) {
    case "ladder":
      return ladder;
    case "results":
      return results;
    case "weights":
      return weights[name];
    case "digits":
      return name.startsWith("of=") ? name.slice(3).split(",").map((index) => digitOf(digits, index)) : digitOf(digits, name);
    case "predict":
      return predict(ladder.steps, networks, question);
    case "erase":
      return erase(ladder.steps, networks, question);
    default:
      throw refusal(`there is nothing at ${path}`, 404);
  }
}

/** An error with the status that the server would give it. */
const refusal = (message, status) => Object.assign(new Error(message), { status });

/** Reads the file: a line of JSON, and behind it the numbers of all networks and the pixels of all digits. */
async function read() {
  const response = await fetch(FILE);
  if (!response.ok) {
    throw new Error(`there is no ${FILE} beside this page`);
  }
  const plain = response.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  const end = bytes.indexOf("\n".charCodeAt(0));
  const { ladder, results, weights, numbers, digits } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const [start, pixels] = [end + 1, end + 1 + 3 * numbers];
  putInto(weights, integersOf(bytes.subarray(start, pixels)));
  digits.forEach((digit, at) => {
    digit.pixels = encode(bytes.subarray(pixels + at * PIXELS, pixels + (at + 1) * PIXELS));
  });
  ladder.offered = digits.map((digit) => digit.index);
  const networks = Object.fromEntries(Object.entries(weights).map(([name, answer]) => [name, networkOf(answer)]));
  return { ladder, results, weights, networks, digits };
}

/** Integers of three bytes: first come the lowest of all, last the highest. */
function integersOf(planes) {
  const count = planes.length / 3;
  // Eight bits up and down again, for the sign.
  const integer = (_, at) => ((planes[at] << 8) | (planes[count + at] << 16) | (planes[2 * count + at] << 24)) >> 8;
  return Int32Array.from({ length: count }, integer);
}

/** Puts numbers into the networks that are to have them, and so far only say how many, and in which steps. */
function putInto(weights, integers) {
  let next = 0;
  for (const layer of Object.values(weights).flatMap((network) => network.layers)) {
    for (const part of ["weights", "scale", "offset"].filter((part) => layer[part])) {
      const { count, step } = layer[part];
      layer[part] = encodeFloats(Float32Array.from(integers.subarray(next, next + count), (integer) => integer * step));
      next += count;
    }
  }
}

function digitOf(digits, name) {
  const digit = digits.find(({ index }) => String(index) === name);
  if (!digit) {
    const few = `this page has ${digits.length} test digits: the first ten, and those that a step gets wrong`;
    throw refusal(`${few}; \`cargo ladder serve\` has all`, 404);
  }
  return digit;
}

function predict(steps, networks, { step, exact, ...drawing }) {
  const { pixels, preparation, frame } = prepared(drawing);
  let layers = null;
  const predictions = steps.map((it) => {
    if (it.missing) {
      return null;
    }
    const outputs = outputsOf(pixels, it.summary.layers, networks[it.name]);
    if (it.name === step) {
      layers = outputs.map((maps) => shown(maps, exact));
    }
    const probabilities = probabilitiesOf(outputs.at(-1));
    return { digit: probabilities.indexOf(Math.max(...probabilities)), probabilities };
  });
  // Nothing is trained here.
  return { seen: { pixels: encode(pixels), preparation, frame }, steps: predictions, layers, training: [] };
}

async function erase(steps, networks, { step, ...drawing }) {
  const { pixels } = prepared(drawing);
  const { missing, summary } = steps.find((it) => it.name === step);
  if (missing) {
    return null;
  }
  const ask = (levels) => probabilitiesOf(outputsOf(levels, summary.layers, networks[step]).at(-1));
  const erasures = await erasuresOf(pixels, summary.layers[0].n_in, ask);
  return { ...erasures, erased: encodeFloats(erasures.erased) };
}

function prepared({ width, height, pixels }) {
  const made = prepare({ width, height, pixels: decode(pixels) });
  if (!made) {
    throw refusal("cannot use the drawing: it is blank: no ink stands out from the paper", 422);
  }
  return made;
}

/** Maps with their values in 256 levels: from 0 to the largest value where none is negative, else from its negative. */
function shown({ channels, side, values }, exact) {
  const high = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const low = values.some((value) => value < 0) ? -high : 0;
  // A network that does not see anything has zeros only.
  const range = high - low || 1;
  const levels = Uint8Array.from(values, (value) => Math.round(((value - low) / range) * 255));
  const maps = { channels, height: side, width: side, low, high, levels: encode(levels) };
  return exact ? { ...maps, values: encodeFloats(values) } : maps;
}

const encodeFloats = (values) => encode(new Uint8Array(values.buffer));
