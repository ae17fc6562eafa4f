// Starts a training on the server's machine, and stops it. Its curves grow where all others do.

import { ask, post } from "./asking.js";
import { called } from "./words.js";

/** Milliseconds between two looks at what is trained. */
const INTERVAL = 2000;

const byId = (id) => document.getElementById(id);

export class TrainerView {
  constructor(ladder) {
    this.steps = ladder.steps;
    const choice = byId("train-step");
    choice.append(...ladder.steps.map((step) => new Option(`${called(step).number}, ${called(step).name}`, step.name)));
    const proposeEpochs = () => {
      byId("train-epochs").value = this.#chosen().epochs;
    };
    choice.addEventListener("change", proposeEpochs);
    proposeEpochs();
    byId("train").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell(() =>
        post("api/training", {
          step: choice.value,
          seed: byId("train-seed").valueAsNumber,
          epochs: byId("train-epochs").valueAsNumber,
        }),
      );
    });
    byId("train-stop").addEventListener("click", () => this.#tell(() => ask("api/training", { method: "DELETE" })));
  }

  /** Looks again and again, but not while nobody sees the page. */
  async watch() {
    for (;;) {
      if (!document.hidden) {
        await ask("api/training").then((status) => this.#show(status), () => {});
      }
      await new Promise((done) => setTimeout(done, INTERVAL));
    }
  }

  #chosen() {
    return this.steps.find((step) => step.name === byId("train-step").value);
  }

  async #tell(question) {
    try {
      this.#show(await question());
    } catch (error) {
      byId("train-status").textContent = `It cannot be done: ${error.message}.`;
    }
  }

  #show({ possible, running, stopping, error }) {
    byId("train").hidden = !possible;
    byId("train-start").disabled = Boolean(running);
    byId("train-stop").disabled = !running || stopping;
    const { number } = running ? called({ name: running.step }) : {};
    const now = running && `${stopping ? "Stopping" : "Training"} step ${number} with seed ${running.seed}, ${running.epochs} epochs.`;
    const text = now || (error ? `The last training failed: ${error}.` : "A training that was stopped goes on where it was when it is started again.");
    if (byId("train-status").textContent !== text) {
      byId("train-status").textContent = text;
    }
  }
}
