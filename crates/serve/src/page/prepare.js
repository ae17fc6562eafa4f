// A drawing made into what the networks see: `prepare.rs` of the crate `pictures`, which says why, step by step the same. Where
// that computes with 32-bit floats, `fround` makes them here, so that both give the same pixels.

import { findInk } from "./ink.js";

const { fround } = Math;

/** Height and width of what the networks see. */
const SIDE = 28;

/** Height and width of the square that a digit is scaled into. */
const DIGIT_SIDE = 20;

/** A scaled digit with less ink in each of its pixels has strokes too thin to be recognised. */
const FAINT = 160;

/** Where MNIST's digits have their centre of mass, in both directions. */
const MIDDLE = 14.5;

/**
 * Makes a picture `{width, height, pixels}` into a digit like MNIST's: its `pixels`; what was done, as `preparation`; and the
 * `frame`, what part of the picture the pixels show, as left, top, width and height. Null if the picture is blank.
 */
export function prepare(picture) {
  const ink = findInk(picture);
  if (!ink) {
    return null;
  }
  const { width: across, height: down, pixels } = picture;
  const steps = [`${across}×${down}`];
  if (ink.dark) {
    steps.push("inverted");
  }
  if (isLikeMnist(ink)) {
    steps.push(ink.dark ? "otherwise as it is" : "taken as it is");
    const taken = ink.dark ? pixels.map((grey) => 255 - grey) : pixels;
    return { pixels: taken, preparation: steps.join(", "), frame: [0, 0, SIDE, SIDE] };
  }
  if (ink.specks) {
    steps.push(ink.specks === 1 ? "a speck removed" : `${ink.specks} specks removed`);
  }
  if (ink.isSeveral) {
    steps.push("more than one digit, it seems, and one is expected");
  }
  const [x, y, width, height] = ink.bounds;
  steps.push(`cropped to ${width}×${height}`);
  const cropped = crop(ink.amounts, ink.bounds);
  let digit = scaled(cropped);
  if (digit.pixels.every((amount) => amount < FAINT)) {
    digit = scaled(thickened(cropped));
    steps.push("thickened");
  }
  steps.push(`scaled to ${digit.width}×${digit.height}`, `centred in ${SIDE}×${SIDE}`);
  const placed = centred(digit);
  const [ofColumn, ofRow] = [width / digit.width, height / digit.height];
  return {
    pixels: placed.pixels,
    preparation: steps.join(", "),
    frame: [x - placed.left * ofColumn, y - placed.top * ofRow, SIDE * ofColumn, SIDE * ofRow],
  };
}

/** Whether a picture is a digit of MNIST's or one made like them. */
function isLikeMnist({ amounts, bounds }) {
  const [, , width, height] = bounds;
  const longer = Math.max(width, height);
  return (
    amounts.width === SIDE &&
    amounts.height === SIDE &&
    longer >= DIGIT_SIDE - 2 &&
    longer <= DIGIT_SIDE &&
    centreOfMass(amounts).every((position) => Math.abs(position - MIDDLE) <= 1)
  );
}

function crop({ width: across, pixels }, [left, top, width, height]) {
  const cropped = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const from = (top + row) * across + left;
    cropped.set(pixels.subarray(from, from + width), row * width);
  }
  return { width, height, pixels: cropped };
}

/** The digit with its larger side 20 pixels long. */
function scaled(digit) {
  const scale = DIGIT_SIDE / Math.max(digit.width, digit.height);
  const side = (length) => Math.max(Math.round(length * scale), 1);
  return resized(digit, side(digit.width), side(digit.height));
}

/** The digit with strokes of half a pixel at least once it is scaled. */
function thickened({ width, height, pixels }) {
  const cells = (side) => Math.ceil((2 * DIGIT_SIDE * side) / Math.max(width, height));
  const [across, down] = [cells(width), cells(height)];
  const thick = new Uint8Array(across * down);
  pixels.forEach((amount, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const cell = Math.floor((y * down) / height) * across + Math.floor((x * across) / width);
    thick[cell] = Math.max(thick[cell], amount);
  });
  return { width: across, height: down, pixels: thick };
}

/** Where the ink has its centre, in pixels from the left and from the top. */
function centreOfMass({ width, pixels }) {
  let [total, x, y] = [0, 0, 0];
  pixels.forEach((amount, at) => {
    total += amount;
    x += amount * ((at % width) + 0.5);
    y += amount * (Math.floor(at / width) + 0.5);
  });
  return [x / total, y / total];
}

/** A digit in 28×28, its centre of mass in the middle as far as whole pixels allow, and where its left upper corner is. */
function centred(digit) {
  const place = (centre, side) => Math.min(Math.max(Math.round(MIDDLE - centre), 0), SIDE - side);
  const [x, y] = centreOfMass(digit);
  const [left, top] = [place(x, digit.width), place(y, digit.height)];
  const pixels = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < digit.height; row += 1) {
    const from = row * digit.width;
    pixels.set(digit.pixels.subarray(from, from + digit.width), (top + row) * SIDE + left);
  }
  return { pixels, left, top };
}

/** A picture of another size, by the filter of Catmull and Rom: its rows first, then its columns. */
function resized({ width, height, pixels }, across, down) {
  if (width === across && height === down) {
    return { width, height, pixels };
  }
  const rows = new Float32Array(width * down);
  sharesOf(height, down).forEach(({ first, shares }, row) => {
    for (let x = 0; x < width; x += 1) {
      const sum = (total, share, at) => fround(total + fround(pixels[(first + at) * width + x] * share));
      rows[row * width + x] = shares.reduce(sum, 0);
    }
  });
  const made = new Uint8Array(across * down);
  sharesOf(width, across).forEach(({ first, shares }, column) => {
    for (let y = 0; y < down; y += 1) {
      const sum = (total, share, at) => fround(total + fround(rows[y * width + first + at] * share));
      made[y * across + column] = Math.round(Math.min(Math.max(shares.reduce(sum, 0), 0), 255));
    }
  });
  return { width: across, height: down, pixels: made };
}

/** What each of `to` pixels takes of `from` pixels: the `shares` of those from the `first` on. */
function sharesOf(from, to) {
  const ratio = fround(from / to);
  const spread = Math.max(ratio, 1);
  const support = fround(2 * spread);
  return Array.from({ length: to }, (_, at) => {
    const centre = fround((at + 0.5) * ratio);
    const first = Math.min(Math.max(Math.floor(fround(centre - support)), 0), from - 1);
    const end = Math.min(Math.max(Math.ceil(fround(centre + support)), first + 1), from);
    const middle = fround(centre - 0.5);
    const weights = Float32Array.from({ length: end - first }, (_, of) =>
      catmullRom(fround(fround(first + of - middle) / spread)),
    );
    const sum = weights.reduce((total, weight) => fround(total + weight), 0);
    return { first, shares: weights.map((weight) => weight / sum) };
  });
}

/** The filter: Mitchell and Netravali's cubic with B = 0 and C = 1/2, in the order in which the crate `image` computes it. */
function catmullRom(x) {
  const a = Math.abs(x);
  const square = fround(a * a);
  const cube = fround(a * square);
  if (a < 1) {
    return fround(fround(fround(fround(9 * cube) - fround(15 * square)) + 6) / 6);
  }
  if (a < 2) {
    return fround(fround(fround(fround(fround(-3 * cube) + fround(15 * square)) - fround(24 * a)) + 12) / 6);
  }
  return 0;
}
