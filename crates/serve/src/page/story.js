// The ladder as a story: what each step changes, what that brings, and digits that it gets right for the first time.

import { showThumbnails } from "./thumbnails.js";
import { called, decimal, element, signed } from "./words.js";

/** Digits on a card. */
const SHOWN = 10;

/** Fills the story; `open` is called with a step and the index of a test digit. */
export function showStory(ladder, open) {
  const place = document.getElementById("cards");
  const effects = ladder.steps.flatMap((step) => step.effect?.interval ?? step.effect?.difference ?? []);
  const most = Math.max(...effects.map(Math.abs), 1e-9);
  place.replaceChildren(
    ...ladder.steps.map((step, at) => card(step, ladder.steps[at - 1], most, (image) => open(step, image))),
  );
}

function card(step, before, most, open) {
  const made = element("li", "card");
  const { number, name } = called(step);
  made.append(element("h3", "", `Step ${number}, ${name}`), element("p", "change", change(step.title)));
  if (step.accuracy) {
    const { mean, deviation, seeds } = step.accuracy;
    const line = element("p", "accuracy");
    const spread = deviation === null ? "one seed" : `± ${decimal(100 * deviation, 2)}, ${seeds} seeds`;
    line.append(element("b", "", `${decimal(100 * mean, 2)}\u00a0%`), element("span", "", spread));
    made.append(line);
  }
  if (step.effect) {
    made.append(effect(step.effect, most, called(before).number));
  }
  const gained = before && newlyRight(before, step);
  if (gained?.won.length) {
    const { won, lost } = gained;
    const of = won.length > SHOWN ? `, ${SHOWN} of them here` : "";
    const words = `${won.length} test digits that step ${called(before).number} gets wrong are right now${of}; ${lost} the other way round (seed 1).`;
    const digits = element("ul", "thumbnails");
    made.append(element("p", "gained", words), digits);
    showThumbnails(digits, spreadOut(won, SHOWN), open);
  }
  return made;
}

/** A title without its number, as a sentence. */
function change(title) {
  const words = title.replace(/^Step \d+: /, "");
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function effect({ difference, interval }, most, before) {
  const made = element("div", "effect");
  const points = (share) => signed(100 * share, 2);
  const shown = interval && (interval[0] > 0 ? "better" : interval[1] < 0 ? "worse" : "");
  const line = element("p", "difference");
  line.append(element("b", "", `${points(difference)} points`), ` against step ${before}: ${shown || "no difference shown"}`);
  const range = interval ? `95 % interval ${points(interval[0])} to ${points(interval[1])}` : "too few seeds for an interval";
  const picture = element("span", `interval ${shown ?? ""}`);
  const place = (share) => `${50 + (50 * share) / most}%`;
  const [low, high] = interval ?? [difference, difference];
  picture.style.setProperty("--low", place(low));
  picture.style.setProperty("--width", `${(50 * (high - low)) / most}%`);
  picture.style.setProperty("--at", place(difference));
  picture.append(element("i"), element("b"));
  picture.setAttribute("aria-hidden", "true");
  made.append(line, picture, element("p", "", range));
  return made;
}

/** The digits that the step before gets wrong and this one right, and how many there are the other way round. */
function newlyRight(before, step) {
  const wrong = (of) => new Set(of.evaluation?.misclassified.map((it) => it.image));
  if (!before.evaluation || !step.evaluation) {
    return null;
  }
  const [then, now] = [wrong(before), wrong(step)];
  return {
    won: before.evaluation.misclassified.filter((it) => !now.has(it.image)),
    lost: [...now].filter((image) => !then.has(image)).length,
  };
}

/** So many of a list, from all of it. */
function spreadOut(list, count) {
  return list.length <= count ? list : Array.from({ length: count }, (_, at) => list[Math.floor((at * list.length) / count)]);
}
