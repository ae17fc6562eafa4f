// Test digits as small pictures, each of which opens in the drawing.

import { ask } from "./asking.js";
import { decode, paint } from "./pixels.js";
import { element } from "./words.js";

const SIDE = 28;

/** Most digits that the server sends at once. */
const AT_ONCE = 200;

const known = new Map();

/** What is painted when a place comes into sight: most of it is far down the page, and the first load is to be small. */
const waiting = new Map();

const sight = new IntersectionObserver(
  (entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      sight.unobserve(target);
      waiting.get(target)?.();
      waiting.delete(target);
    }
  },
  { rootMargin: "800px" },
);

/** Shows mistakes `{image, label, digit}` in `place`; `open` is called with the index of one that is chosen. */
export function showThumbnails(place, mistakes, open) {
  const made = mistakes.map((mistake) => {
    const { button, canvas } = thumbnail(mistake);
    button.addEventListener("click", () => open(mistake.image));
    return { image: mistake.image, canvas, button };
  });
  place.replaceChildren(...made.map(({ button }) => wrapped(button)));
  waiting.set(place, () => paintAll(made));
  // Anew, since it may be in sight already.
  sight.unobserve(place);
  sight.observe(place);
}

async function paintAll(made) {
  const missing = made.map(({ image }) => image).filter((image) => !known.has(image));
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    const digits = await ask(`api/digits?of=${missing.slice(from, from + AT_ONCE).join()}`).catch(() => []);
    digits.forEach(({ index, pixels }) => known.set(index, decode(pixels)));
  }
  for (const { image, canvas } of made.filter(({ image }) => known.has(image))) {
    paint(canvas, known.get(image), [0, 0, 0], [255, 255, 255]);
  }
}

function wrapped(button) {
  const item = element("li");
  item.append(button);
  return item;
}

function thumbnail({ image, label, digit }) {
  const button = element("button", "thumbnail");
  button.type = "button";
  const words = digit === null ? `${label}` : `${label} → ${digit}`;
  const taken = digit === null ? "" : `, taken for ${digit}`;
  button.title = `Test digit ${image}: labelled ${label}${taken}`;
  button.setAttribute("aria-label", `${words}: show test digit ${image}, labelled ${label}${taken}`);
  const canvas = element("canvas");
  Object.assign(canvas, { width: SIDE, height: SIDE });
  button.append(canvas, element("span", "", words));
  return { button, canvas };
}
