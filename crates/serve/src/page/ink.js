// Which pixels of a drawing are ink: `ink.rs` of the crate `pictures`, which says why, step by step the same.

/** The least difference between ink and paper, in greys of 255. */
const LEAST_CONTRAST = 16;

/** Of a pixel with more ink than this the ink is visible, in parts of 255. */
const VISIBLE = 16;

/** A pixel with this much ink or more is certainly ink. */
const CERTAIN = 128;

/** One pixel in so many may be darker or lighter than any ink or paper. */
const OUTLIERS = 30_000;

/** What has less than this share of the ink of the largest piece is a speck. */
const SPECK = 1 / 40;

/** Of two digits side by side, each has this share of the ink and this share of the height, or more. */
const INK_OF_TWO = 1 / 8;
const HEIGHT_OF_TWO = 1 / 2;

/**
 * The ink of a picture `{width, height, pixels}`, or null if nothing stands out: `amounts`, a picture of how much of each pixel
 * is ink; `bounds`, left, top, width and height of the box around it; whether it is `dark`, or light on dark; the number of
 * `specks` that are left out; and whether it `isSeveral` digits, it seems.
 */
export function findInk(picture) {
  const { width, height, pixels } = picture;
  const levels = levelsOf(picture);
  if (!levels) {
    return null;
  }
  const { paper, ink } = levels;
  const table = Uint8ClampedArray.from({ length: 256 }, (_, grey) =>
    Math.round(Math.fround((255 * (grey - paper)) / (ink - paper))),
  );
  const all = { width, height, pixels: Uint8Array.from(pixels, (grey) => table[grey]) };
  const certain = piecesOf(all, visibleFrom(picture, levels)).filter((piece) => piece.isCertain);
  const largest = certain.reduce((most, piece) => Math.max(most, piece.ink), 0);
  const kept = certain.filter((piece) => piece.ink >= SPECK * largest);
  if (kept.length === 0) {
    return null;
  }
  const amounts = { width, height, pixels: new Uint8Array(pixels.length) };
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const at of kept.flatMap((piece) => piece.pixels)) {
    amounts.pixels[at] = all.pixels[at];
    const [x, y] = [at % width, Math.floor(at / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  return {
    amounts,
    bounds: [left, top, right - left + 1, bottom - top + 1],
    dark: ink < paper,
    specks: certain.length - kept.length,
    isSeveral: isSeveral(amounts),
  };
}

/** The greys of paper and ink, or null if they hardly differ. */
function levelsOf(picture) {
  const { pixels } = picture;
  const paper = quantile(counted(border(picture)), 0.5);
  const counts = counted(pixels);
  const outliers = Math.floor(pixels.length / OUTLIERS);
  const darkest = beyond(counts, outliers);
  const lightest = 255 - beyond(counts.toReversed(), outliers);
  const isDark = paper - darkest >= lightest - paper;
  const extreme = isDark ? darkest : lightest;
  if (Math.abs(paper - extreme) < LEAST_CONTRAST) {
    return null;
  }
  const half = Math.floor((paper + extreme) / 2);
  if (isDark) {
    counts.fill(0, half + 1);
  } else {
    counts.fill(0, 0, half);
  }
  return { paper, ink: quantile(counts, 0.5) };
}

/** From which amount on a pixel is ink rather than the paper's grain. */
function visibleFrom(picture, { paper, ink }) {
  const contrast = Math.abs(paper - ink);
  const deviations = border(picture).map((grey) => Math.min(Math.floor((255 * Math.abs(grey - paper)) / contrast), 255));
  const grain = 6 * quantile(counted(deviations), 0.5);
  return Math.min(Math.max(grain, VISIBLE), CERTAIN);
}

/** The greys along the border, some hundredths of the picture's side wide. */
function border({ width, height, pixels }) {
  const depth = Math.max(Math.floor(Math.min(width, height) / 28), 1);
  const isNear = (position, side) => position < depth || position + depth >= side;
  return pixels.filter((_, at) => isNear(at % width, width) || isNear(Math.floor(at / width), height));
}

/** How often each of 256 values is among these. */
function counted(values) {
  const counts = new Uint32Array(256);
  values.forEach((value) => {
    counts[value] += 1;
  });
  return counts;
}

/** The value below which a share of all lies, of values that are counted. */
function quantile(counts, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Math.max(beyond(counts, Math.floor(share * total)), 0);
}

/** The first value that has more than `count` before or at it; -1 if there is none. */
function beyond(counts, count) {
  let before = 0;
  return counts.findIndex((ofValue) => {
    before += ofValue;
    return before > count;
  });
}

/** Pixels of visible ink that hang together, diagonally too. */
function piecesOf({ width, height, pixels: amounts }, visible) {
  const unseen = Uint8Array.from(amounts, (amount) => amount > visible);
  const pieces = [];
  for (let start = unseen.indexOf(1); start >= 0; start = unseen.indexOf(1, start)) {
    unseen[start] = 0;
    const pixels = [start];
    let [ink, isCertain] = [0, false];
    for (let next = 0; next < pixels.length; next += 1) {
      const at = pixels[next];
      ink += amounts[at];
      isCertain ||= amounts[at] >= CERTAIN;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row += 1) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column += 1) {
          const neighbour = row * width + column;
          if (unseen[neighbour]) {
            unseen[neighbour] = 0;
            pixels.push(neighbour);
          }
        }
      }
    }
    pieces.push({ pixels, ink, isCertain });
  }
  return pieces;
}

/** Whether an empty column parts the ink into two sides that are as high and as heavy as digits. */
function isSeveral({ width, height, pixels }) {
  const columns = Array.from({ length: width }, (_, x) => columnOf(pixels, width, height, x));
  const all = together(columns);
  const isDigit = (side) =>
    side.ink >= INK_OF_TWO * all.ink && Math.max(side.bottom - side.top, 0) >= HEIGHT_OF_TWO * (all.bottom - all.top);
  return columns.some(
    ({ ink }, at) => ink === 0 && isDigit(together(columns.slice(0, at))) && isDigit(together(columns.slice(at))),
  );
}

/** The ink of a column, and from where to where it reaches. */
function columnOf(pixels, width, height, x) {
  const column = { top: height, bottom: 0, ink: 0 };
  for (let y = 0; y < height; y += 1) {
    const amount = pixels[y * width + x];
    if (amount) {
      column.ink += amount;
      column.top = Math.min(column.top, y);
      column.bottom = y + 1;
    }
  }
  return column;
}

function together(columns) {
  return {
    top: Math.min(...columns.map((column) => column.top)),
    bottom: Math.max(...columns.map((column) => column.bottom)),
    ink: columns.reduce((sum, column) => sum + column.ink, 0),
  };
}
