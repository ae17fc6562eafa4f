// What the networks say of the drawing: the chosen step at length, and all steps side by side.

import { decode, paint } from "./pixels.js";
import { aDigit, called, element, percent } from "./words.js";

const CLASSES = 10;

/** Milliseconds without a change after which the answer is said aloud. */
const SILENCE = 700;

const byId = (id) => document.getElementById(id);

export class AnswerView {
  #silence = null;

  /** `choose` is called with a step when it is chosen. */
  constructor(ladder, choose) {
    this.steps = ladder.steps;
    this.chosen = this.steps.findLast((step) => !step.missing) ?? this.steps.at(-1);
    this.rows = Array.from({ length: CLASSES }, (_, digit) => makeRow(digit));
    byId("probabilities").append(...this.rows.map((row) => row.item));
    this.cards = this.steps.map((step) => makeCard(step, step === this.chosen));
    byId("steps").append(...this.cards.map((card) => card.label));
    this.told = choose;
    this.cards.forEach((card, at) => {
      card.radio.addEventListener("change", () => this.choose(this.steps[at]));
    });
  }

  /** Chooses a step, unless it has no network. */
  choose(step) {
    if (step.missing) {
      return;
    }
    this.chosen = step;
    this.cards[this.steps.indexOf(step)].radio.checked = true;
    this.told(step);
  }

  /** Shows an answer, for a drawing that may be a test digit. */
  show(answer, digit) {
    const chosen = answer.steps[this.steps.indexOf(this.chosen)];
    const last = answer.steps.findLast((step) => step);
    this.cards.forEach((card, at) => showOnCard(card, answer.steps[at], digit?.label ?? last?.digit));
    this.#showSeen(answer.seen);
    if (!chosen) {
      this.#blank("There is no network to ask.");
      return;
    }
    byId("digit").textContent = chosen.digit;
    this.rows.forEach((row, digit) => {
      const share = chosen.probabilities[digit];
      row.bar.style.setProperty("--share", share);
      row.output.textContent = percent(share);
      row.item.classList.toggle("first", digit === chosen.digit);
    });
    const sentence = this.#sentence(answer, chosen, digit);
    byId("verdict").textContent = sentence;
    this.#say(sentence);
  }

  /** Shows that there is no answer, and why. */
  clear(sentence) {
    this.cards.forEach((card) => showOnCard(card, null));
    this.#blank(sentence);
    const seen = byId("seen");
    seen.getContext("2d").clearRect(0, 0, seen.width, seen.height);
    byId("preparation").textContent =
      "Every drawing is made like the digits that they were trained on: white on black, 20×20 pixels, centred in 28×28.";
  }

  #blank(sentence) {
    byId("digit").textContent = "–";
    byId("verdict").textContent = sentence;
    this.#say(sentence);
    for (const row of this.rows) {
      row.bar.style.setProperty("--share", 0);
      row.output.textContent = "–";
      row.item.classList.remove("first");
    }
  }

  #sentence(answer, chosen, digit) {
    const { number, name } = called(this.chosen);
    const expected = digit?.label ?? chosen.digit;
    const all = answer.steps.filter((step) => step);
    const count = all.filter((step) => step.digit === expected).length;
    const steps = `${count === all.length ? "All" : `${count} of`} ${all.length} steps`;
    const sees = `Step ${number}, ${name}, sees ${aDigit(chosen.digit)} (${percent(chosen.probabilities[chosen.digit])}).`;
    if (!digit) {
      return `${sees} ${steps} say so.`;
    }
    const disputed = digit.disputed ? ", which is disputed" : "";
    return `${sees} Test digit ${digit.index} is labelled ${digit.label}${disputed}. ${steps} say so.`;
  }

  #showSeen(seen) {
    const canvas = byId("seen");
    paint(canvas, decode(seen.pixels), [0, 0, 0], [255, 255, 255]);
    byId("preparation").textContent = `${seen.preparation[0].toUpperCase()}${seen.preparation.slice(1)}.`;
  }

  /** A screen reader is told when the drawing rests, not at every stroke's every pixel. */
  #say(sentence) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      byId("spoken").textContent = sentence;
    }, SILENCE);
  }
}

function makeRow(digit) {
  const item = element("li");
  const bar = element("div", "bar");
  const output = element("output", "", "–");
  bar.append(element("i"));
  item.append(element("b", "", digit), bar, output);
  return { item, bar, output };
}

function makeCard(step, checked) {
  const { number, name } = called(step);
  const label = element("label", "step");
  const radio = element("input");
  Object.assign(radio, { type: "radio", name: "step", value: step.name, checked, disabled: Boolean(step.missing) });
  const sees = element("span", "sees");
  const digit = element("b", "", "–");
  const share = element("span");
  sees.append(digit, share);
  const columns = element("span", "columns");
  columns.setAttribute("aria-hidden", "true");
  columns.append(...Array.from({ length: CLASSES }, (_, at) => element("span", "", at)));
  label.title = step.title;
  label.append(radio, element("span", "number", `Step ${number}`), element("span", "name", name));
  const { evaluation } = step;
  if (step.missing) {
    label.append(element("span", "score", `Not available: ${step.missing}`));
  } else {
    const score = evaluation ? `${((100 * evaluation.correct) / evaluation.total).toFixed(2)} % on test` : "";
    label.append(sees, columns, element("span", "score", score));
  }
  return { label, radio, digit, share, columns: [...columns.children] };
}

/** `expected` is what the digit is, or what the last step takes it for. */
function showOnCard(card, prediction, expected) {
  const apart = Boolean(prediction) && prediction.digit !== expected;
  card.label.classList.toggle("apart", apart);
  card.digit.textContent = prediction ? prediction.digit : "–";
  card.share.textContent = prediction ? percent(prediction.probabilities[prediction.digit]) : "";
  card.columns.forEach((column, digit) => {
    column.style.setProperty("--share", prediction ? prediction.probabilities[digit] : 0);
    column.classList.toggle("first", digit === prediction?.digit);
  });
}
