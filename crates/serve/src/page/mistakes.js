// What the chosen step gets wrong: its confusion matrix, and the digits of each of its cells.

import { showThumbnails } from "./thumbnails.js";
import { aDigit, called, element } from "./words.js";

/** Digits that are shown before one asks for all. */
const SHOWN = 48;

export class MistakesView {
  /** `open` is called with the index of a test digit. */
  constructor(open) {
    this.open = open;
    this.table = document.getElementById("confusion");
    this.digits = document.getElementById("wrong");
    this.text = document.getElementById("wrong-text");
    this.all = document.getElementById("all-wrong");
    this.all.addEventListener("click", () => this.#show(null));
  }

  /** Shows a step's mistakes. */
  choose(step) {
    this.step = step;
    document.getElementById("mistakes").hidden = !step.evaluation;
    if (step.evaluation) {
      this.#fill(step.evaluation.confusion);
      this.#show(null);
    }
  }

  #fill(confusion) {
    const head = element("tr");
    const corner = element("td", "corner", "is ↓ seen as →");
    head.append(corner, ...confusion.map((_, digit) => heading(digit, "col")));
    const rows = confusion.map((row, label) => {
      const made = element("tr");
      made.append(heading(label, "row"), ...row.map((count, digit) => this.#cell(count, label, digit)));
      return made;
    });
    this.table.createTHead().replaceChildren(head);
    (this.table.tBodies[0] ?? this.table.createTBody()).replaceChildren(...rows);
  }

  #cell(count, label, digit) {
    const cell = element("td", label === digit ? "right" : "");
    if (label === digit || count === 0) {
      cell.textContent = count || "";
      return cell;
    }
    const button = element("button", "", count);
    button.type = "button";
    button.setAttribute("aria-label", `${count} of ${label} seen as ${digit}. Show them`);
    // Few are most of them: the root makes differences visible.
    button.style.setProperty("--share", Math.min(Math.sqrt(count / 12), 1).toFixed(2));
    button.addEventListener("click", () => this.#show({ label, digit }));
    cell.append(button);
    return cell;
  }

  /** Shows the digits of a cell, or all. */
  #show(cell) {
    const { misclassified } = this.step.evaluation;
    const wrong = cell ? misclassified.filter((it) => it.label === cell.label && it.digit === cell.digit) : misclassified;
    const { number } = called(this.step);
    const some = wrong.length > SHOWN ? ` The first ${SHOWN}:` : "";
    this.text.textContent = cell
      ? `${wrong.length} that step ${number} takes for ${aDigit(cell.digit)}, labelled ${cell.label}.${some}`
      : `All ${wrong.length} that step ${number} gets wrong (seed 1).${some}`;
    this.all.hidden = !cell;
    showThumbnails(this.digits, wrong.slice(0, SHOWN), this.open);
  }
}

function heading(text, scope) {
  const made = element("th", "", text);
  made.scope = scope;
  return made;
}
