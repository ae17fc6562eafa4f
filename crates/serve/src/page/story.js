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
  made.append(element("p", "parameters", `${step.summary.totals.parameters.toLocaleString("en")} parameters`));
  if (step.effect) {
    made.append(effect(step.effect, most, called(before).number));
  }
  const { words, digits } = before ? newlyRight(before, step) : stillWrong(step);
  if (digits.length) {
    const list = element("ul", "thumbnails");
    made.append(element("p", "gained", words), list);
    showThumbnails(list, spreadOut(digits, SHOWN), open);
  }
  return made;
}

/** A title without its number, as a sentence. */
function change(title) {
  const words = title.replace(/^Step \d+: /, "");
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function effect({ difference, interval, verdict }, most, before) {
  const made = element("div", "effect");
  const points = (share) => signed(100 * share, 2);
  const shown = ["better", "worse"].includes(verdict);
  const line = element("p", "difference");
  line.append(element("b", "", `${points(difference)} points`), ` against step ${before}: ${verdict}`);
  const range = interval ? `95 % interval ${points(interval[0])} to ${points(interval[1])}` : "too few seeds for an interval";
  const picture = element("span", `interval ${shown ? verdict : ""}`);
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

/** The digits that the step before gets wrong and this one right. */
function newlyRight(before, step) {
  if (!before.evaluation || !step.evaluation) {
    return { digits: [] };
  }
  const [then, now] = [before, step].map((of) => new Set(of.evaluation.misclassified.map((it) => it.image)));
  const digits = before.evaluation.misclassified.filter((it) => !now.has(it.image));
  const lost = [...now].filter((image) => !then.has(image)).length;
  const words = `${digits.length} test digits that step ${called(before).number} gets wrong are right now${some(digits)}; ${lost} the other way round (seed 1).`;
  return { words, digits };
}

/** The digits that a step gets wrong. */
function stillWrong(step) {
  const digits = step.evaluation?.misclassified ?? [];
  return { words: `${digits.length} test digits are wrong${some(digits)} (seed 1).`, digits };
}

const some = (digits) => (digits.length > SHOWN ? `, ${SHOWN} of them here` : "");

/** So many of a list, from all of it. */
function spreadOut(list, count) {
  return list.length <= count ? list : Array.from({ length: count }, (_, at) => list[Math.floor((at * list.length) / count)]);
}
