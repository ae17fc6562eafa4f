// The curves of the trainings that run on the server's machine, as they grow.

import { ask } from "./asking.js";
import { aDigit, called, element, percent } from "./words.js";

/** Milliseconds between two looks. */
const INTERVAL = 2000;

const SVG = "http://www.w3.org/2000/svg";
const SIZE = { width: 460, height: 240, left: 56, right: 12, top: 26, bottom: 30 };

const LOSSES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];

/** Shares of wrong answers that are labelled, on a logarithmic axis: what is gained late is as large as what is gained early. */
const ERRORS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

export class TrainingsView {
  #known = new Map();

  /** `advanced` is called when a training has come to the end of an epoch. */
  constructor(ladder, advanced) {
    this.advanced = advanced;
    this.target = ladder.target_accuracy;
    this.steps = new Set(ladder.steps.map((step) => step.name));
    this.place = document.getElementById("trainings");
    this.none = document.getElementById("no-training");
  }

  /** Looks again and again, but not while nobody sees the page. */
  async watch() {
    for (;;) {
      if (!document.hidden) {
        // Where the server does not answer, what is shown stays; the drawing says so.
        await ask("api/trainings").then((trainings) => this.#show(trainings), () => {});
      }
      await new Promise((done) => setTimeout(done, INTERVAL));
    }
  }

  /** Shows what the networks in training say of the drawing. */
  say(sayings) {
    const byKey = new Map(sayings.map((saying) => [keyOf(saying), saying]));
    for (const [key, { says }] of this.#known) {
      const saying = byKey.get(key);
      says.textContent = saying
        ? `After epoch ${saying.epoch} it takes your drawing for ${aDigit(saying.digit)} (${percent(saying.probabilities[saying.digit])}).`
        : "";
    }
  }

  #show(trainings) {
    const there = new Set();
    let hasAdvanced = false;
    for (const training of trainings) {
      const key = keyOf(training);
      there.add(key);
      const known = this.#known.get(key) ?? this.#add(key);
      const before = known.training;
      if (before?.epochs.length !== training.epochs.length || before.is_live !== training.is_live) {
        known.training = training;
        hasAdvanced ||= training.is_live;
        this.#draw(known);
      }
    }
    if (hasAdvanced) {
      this.advanced();
    }
    // A server that was started again remembers none that had ended.
    for (const [key, known] of this.#known) {
      if (!there.has(key)) {
        known.item.remove();
        this.#known.delete(key);
      }
    }
    this.none.hidden = trainings.some((training) => training.is_live);
  }

  #add(key) {
    const known = { item: element("article", "training"), says: element("p", "says"), training: null };
    this.#known.set(key, known);
    this.place.prepend(known.item);
    return known;
  }

  async #draw({ item, says, training }) {
    const { epochs, planned_epochs: planned, seed } = training;
    const recorded = this.steps.has(training.step) ? await recordedOf(training) : [];
    const { number, name } = called({ name: training.step });
    const title = number ? `Step ${number}, ${name}` : name;
    const curves = element("div", "curves");
    curves.append(
      chart("Accuracy", planned, epochs, recorded, {
        train: (epoch) => 1 - epoch.train_accuracy,
        test: (epoch) => 1 - epoch.test_correct / epoch.test_total,
        ticks: ERRORS,
        lowest: ERRORS[0],
        label: (error) => `${Number((100 * (1 - error)).toFixed(1))} %`,
        target: 1 - this.target,
        upsideDown: true,
      }),
      chart("Loss", planned, epochs, recorded, {
        train: (epoch) => epoch.train_loss,
        test: (epoch) => epoch.test_loss,
        ticks: LOSSES,
        lowest: LOSSES[0],
        label: String,
      }),
    );
    item.replaceChildren(
      element("h3", "", `${title}, seed ${seed}`),
      element("p", "", state(training)),
      says,
      curves,
    );
  }
}

/** What tells a training from all others. */
function keyOf({ process, step, seed }) {
  return `${process} ${step} ${seed}`;
}

const curves = new Map();

/** The epochs of the recorded runs of a training's step, on the same images; asked for once. */
function recordedOf({ step, split }) {
  if (split !== "test") {
    return [];
  }
  if (!curves.has(step)) {
    curves.set(step, ask(`api/curves/${encodeURIComponent(step)}`).catch(() => []));
  }
  return curves.get(step);
}

/** How far a training is, or what came of it. */
function state({ epochs, planned_epochs: planned, has_teacher: hasTeacher, split, is_live: isLive, verdict }) {
  if (verdict) {
    return `Finished. ${verdict}`;
  }
  const on = { test: "test images", holdout: "hold-out images", swapped: "hold-out images" }[split];
  const last = epochs.at(-1);
  const beginning = hasTeacher ? ": a teacher is trained first" : "";
  const now = last
    ? `: ${((100 * last.test_correct) / last.test_total).toFixed(2)} % of the ${on} right, ${last.seconds.toFixed(1)} s an epoch`
    : beginning;
  return `Epoch ${epochs.length} of ${planned}${now}${isLive ? "" : "; it has been stopped"}.`;
}

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

/** Two curves over epochs on a logarithmic axis, and the evaluations of recorded runs behind them. */
function chart(title, planned, epochs, recorded, { train, test, ticks, lowest, label, target, upsideDown }) {
  const { width, height, left, right, top, bottom } = SIZE;
  // Something to draw axes for before the first epoch has ended.
  const values = epochs.flatMap((epoch) => [train(epoch), test(epoch)]).concat(target ?? 0.1, recorded.flat().map(test));
  const first = ticks.findLast((tick) => tick <= Math.max(Math.min(...values), lowest)) ?? lowest;
  const last = ticks.find((tick) => tick >= Math.max(...values, 2 * first)) ?? ticks.at(-1);
  const x = (epoch) => left + ((epoch - 1) / Math.max(planned - 1, 1)) * (width - left - right);
  const y = (value) => {
    const share = Math.log(Math.min(Math.max(value, first), last) / first) / Math.log(last / first);
    return upsideDown ? top + share * (height - top - bottom) : height - bottom - share * (height - top - bottom);
  };
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const said = epochs.length ? `, after epoch ${epochs.length}: train ${label(train(epochs.at(-1)))}, test ${label(test(epochs.at(-1)))}` : "";
  drawn.append(svg("title", {}, `${title} by epoch${said}`));
  drawn.append(svg("text", { class: "name", x: left, y: 14 }, title));
  drawn.append(svg("path", { class: "test", d: "M 190 10 h 26" }), svg("text", { x: 222, y: 14 }, "test"));
  drawn.append(svg("path", { class: "train", d: "M 270 10 h 26" }), svg("text", { x: 302, y: 14 }, "train"));
  if (recorded.length) {
    drawn.append(svg("path", { class: "recorded", d: "M 354 10 h 26" }), svg("text", { x: 386, y: 14 }, "recorded"));
  }
  for (const tick of ticks.filter((tick) => tick >= first && tick <= last)) {
    drawn.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }));
    drawn.append(svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, label(tick)));
  }
  for (const epoch of [1, Math.ceil((1 + planned) / 2), planned]) {
    drawn.append(svg("text", { x: x(epoch), y: height - 10, "text-anchor": epoch === planned ? "end" : "middle" }, epoch === planned ? `epoch ${epoch}` : epoch));
  }
  if (target) {
    drawn.append(svg("line", { class: "target", x1: left, x2: width - right, y1: y(target), y2: y(target) }));
    drawn.append(svg("text", { x: width - right, y: y(target) + 15, "text-anchor": "end" }, `${label(target)} to hold`));
  }
  const curve = (name, epochs, value) => {
    const points = epochs.filter(({ epoch }) => epoch <= planned).map((epoch) => `${x(epoch.epoch)} ${y(value(epoch))}`);
    drawn.append(svg("path", { class: name, d: points.length ? `M ${points.join(" L ")}` : "" }));
  };
  recorded.forEach((run) => curve("recorded", run, test));
  curve("train", epochs, train);
  curve("test", epochs, test);
  if (epochs.length) {
    drawn.append(svg("circle", { class: "at", r: 4, cx: x(epochs.at(-1).epoch), cy: y(test(epochs.at(-1))) }));
  }
  return drawn;
}
