// Puts the page together.

import { onAddress, readAddress, writeAddress } from "./address.js";
import { AnswerView } from "./answer.js";
import { Predictor, Refused, ask, isExported } from "./asking.js";
import { Drawing, SIDE } from "./drawing.js";
import { giveBack, keepOnLeaving } from "./kept.js";
import { LayersView } from "./layers.js";
import { MistakesView } from "./mistakes.js";
import { decode, styled } from "./pixels.js";
import { showCharts, showTable } from "./results.js";
import { showStory } from "./story.js";
import { VersusView } from "./versus.js";
import { called } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Milliseconds until the server is asked again whether it is there. */
const RETRY = 2000;

/** The status of a drawing that cannot be used. */
const UNUSABLE = 422;

async function start() {
  showTable();
  if (isExported) {
    takeAwayWhatNeedsAServer();
  } else {
    showCharts();
  }
  const ladder = await untilAnswered(() => ask("api/ladder"));
  const shown = page(ladder);
  if (!isExported) {
    const [{ TrainingsView }, { TrainerView }] = await Promise.all([import("./trainings.js"), import("./trainer.js")]);
    const trainings = new TrainingsView(ladder, shown.askAgain);
    shown.onAnswer((answer) => trainings.say(answer.training));
    trainings.watch();
    new TrainerView(ladder).watch();
  }
}

function takeAwayWhatNeedsAServer() {
  document.querySelectorAll(".served").forEach((it) => it.remove());
  document.querySelectorAll(".exported").forEach((it) => {
    it.hidden = false;
  });
}

async function untilAnswered(question) {
  for (;;) {
    try {
      const answer = await question();
      trouble(null);
      return answer;
    } catch (error) {
      trouble(error);
      await new Promise((done) => setTimeout(done, RETRY));
    }
  }
}

function trouble(error) {
  const place = byId("trouble");
  place.hidden = !error;
  if (error instanceof Refused) {
    place.textContent = `${isExported ? "It cannot be shown" : "The server refuses"}: ${error.message}.`;
  } else if (error) {
    place.textContent = isExported
      ? "A file of this page cannot be read. Is answers.bin beside it?"
      : "The server does not answer. Is `cargo ladder serve` still running?";
  }
}

/** Shows the ladder, and returns how others learn of answers, and ask again. */
function page(ladder) {
  /** Where on the paper is what the networks see. */
  let placed = null;
  let heard = () => {};

  const layers = new LayersView(ladder, (field) => showField(field && placed && onPaper(field)), changed);
  const versus = new VersusView(ladder, (at, cell) => layers.explain(at, cell));
  const mistakes = new MistakesView((image) => open(answers.chosen, image));
  const answers = new AnswerView(ladder, (step) => {
    layers.choose(step);
    mistakes.choose(step);
    changed();
  });
  const best = answers.chosen;
  const drawing = new Drawing(byId("drawing"), changed);
  const predictor = new Predictor(
    (answer, question) => {
      const scale = SIDE / question.drawing.width;
      placed = answer.seen.frame.map((length) => length * scale);
      answers.show(answer, question.digit);
      heard(answer);
      // The step may have been changed since.
      if (question.drawing.step === answers.chosen.name) {
        layers.show(answer);
      }
    },
    (error) => {
      if (error instanceof Refused && error.status === UNUSABLE) {
        // It is blank, for example where a stroke lies beside the paper: nothing is wrong with the page.
        forget("Nothing is drawn yet that can be seen.");
        return;
      }
      trouble(error);
      if (error) {
        forget("There is no answer.");
      }
    },
  );

  /** Takes away what was said of another drawing. */
  function forget(sentence) {
    placed = null;
    answers.clear(sentence);
    layers.clear();
    versus.clear();
    heard({ training: [] });
  }

  function changed() {
    byId("undo").disabled = !drawing.undoable || drawing.isSample;
    byId("clear").disabled = drawing.empty;
    showHint(drawing);
    const { chosen } = answers;
    writeAddress({ digit: drawing.digit?.index, step: chosen === best ? undefined : called(chosen).number });
    if (drawing.empty) {
      predictor.forget();
      forget("Nothing is drawn yet.");
    } else {
      askNetworks();
      versus.ask(() => drawing.take(), chosen);
    }
  }

  function askNetworks() {
    predictor.ask(() => ({
      drawing: { ...drawing.take(), step: answers.chosen.name, exact: layers.explains },
      digit: drawing.digit,
    }));
  }

  /** Shows a test digit and what a step makes of it. */
  function open(step, image) {
    if (step !== answers.chosen) {
      answers.choose(step);
    }
    showDigit(image);
    byId("draw").scrollIntoView();
    byId("drawing").focus({ preventScroll: true });
  }

  /** Brings about what the address says; false if that is no digit. */
  function follow({ digit, step }) {
    const named = ladder.steps.find((it) => step !== null && called(it).number === String(step));
    answers.choose(named ?? best);
    if (digit !== null && digit !== drawing.digit?.index) {
      showDigit(digit);
    }
    return digit !== null;
  }

  /** A rectangle in pixels of what the networks see, in units of the drawing. */
  function onPaper(field) {
    const [left, top, width, height] = placed;
    const side = ladder.image_side;
    return {
      left: left + (field.left / side) * width,
      top: top + (field.top / side) * height,
      width: ((field.right - field.left) / side) * width,
      height: ((field.bottom - field.top) / side) * height,
    };
  }

  const wanted = readAddress();
  layers.choose(best);
  mistakes.choose(best);
  tools(drawing);
  const showDigit = testDigits(ladder, drawing);
  showStory(ladder, open);
  keepOnLeaving(drawing);
  const isKept = giveBack(drawing);
  onAddress(follow);
  if (!follow(wanted) && !isKept) {
    ask("sample.json").then((strokes) => drawing.empty && drawing.replay(strokes), trouble);
  }
  return {
    askAgain: () => drawing.empty || askNetworks(),
    onAnswer: (hear) => {
      heard = hear;
    },
  };
}

function showHint(drawing) {
  const hint = byId("hint");
  hint.hidden = !drawing.empty && !drawing.isSample;
  hint.classList.toggle("aside", drawing.isSample);
  hint.textContent = drawing.isSample ? "A sample: just draw over it" : "Draw a digit here";
}

/** Shows a rectangle on the drawing, or takes it away; and a copy of both beside the layers. */
function showField(field) {
  const canvas = byId("field");
  const context = canvas.getContext("2d");
  const scale = canvas.width / SIDE;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, SIDE, SIDE);
  canvas.hidden = !field;
  if (field) {
    context.fillStyle = context.strokeStyle = styled("--field");
    context.lineWidth = 2;
    context.globalAlpha = 0.14;
    context.fillRect(field.left, field.top, field.width, field.height);
    context.globalAlpha = 1;
    context.strokeRect(field.left, field.top, field.width, field.height);
  }
  const copy = byId("lens-drawing").getContext("2d");
  const { width, height } = copy.canvas;
  copy.clearRect(0, 0, width, height);
  copy.drawImage(byId("drawing"), 0, 0, width, height);
  copy.drawImage(canvas, 0, 0, width, height);
}

function tools(drawing) {
  byId("undo").addEventListener("click", () => drawing.undo());
  byId("clear").addEventListener("click", () => drawing.clear());
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "number";
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && !typing && !byId("undo").disabled) {
      event.preventDefault();
      drawing.undo();
    }
  });
}

/** Makes the form of test digits work; returns what shows one of them. */
function testDigits(ladder, drawing) {
  const index = byId("index");
  const last = ladder.test_digits - 1;
  index.max = last;

  async function show(number) {
    index.value = number;
    try {
      const digit = await ask(`api/digits/${number}`);
      drawing.showDigit(decode(digit.pixels), ladder.image_side, digit);
      trouble(null);
    } catch (error) {
      trouble(error);
    }
  }

  byId("test-digit").addEventListener("submit", (event) => {
    event.preventDefault();
    show(index.valueAsNumber);
  });
  byId("next").addEventListener("click", () => {
    const number = Number.isInteger(index.valueAsNumber) ? Math.max(index.valueAsNumber, -1) : -1;
    // An exported page has only some.
    const next = ladder.offered ? ladder.offered.find((it) => it > number) : number + 1;
    show(next <= last ? next : 0);
  });
  const telling = tellingDigits(ladder.steps);
  if (telling.digits.length > 0) {
    const hard = byId("hard");
    hard.hidden = false;
    hard.textContent = `One that step ${called(telling.first).number} gets wrong`;
    hard.addEventListener("click", () => {
      show(telling.digits[Math.floor(Math.random() * telling.digits.length)]);
    });
  }
  return show;
}

/** The test digits that the first step gets wrong and the last one right. */
function tellingDigits(steps) {
  const evaluated = steps.filter((step) => step.evaluation && !step.missing);
  if (evaluated.length < 2) {
    return { digits: [] };
  }
  const [first, last] = [evaluated[0], evaluated.at(-1)];
  const wrong = (step) => step.evaluation.misclassified.map((mistake) => mistake.image);
  const still = new Set(wrong(last));
  return { first, digits: wrong(first).filter((digit) => !still.has(digit)) };
}

start();
