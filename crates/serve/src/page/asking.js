// Questions to the server, or to what takes its place where the page was exported.

import { networkOf } from "./arithmetic.js";

/** Whether the page was exported: then there is no server, and the browser computes. */
export const isExported = "exported" in document.documentElement.dataset;

/** An answer that is none, with what the server says about it. */
export class Refused extends Error {
  constructor(message, status, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The JSON that there is at a path. */
export async function ask(path, options) {
  if (isExported && path.startsWith("api/")) {
    return askWorker(path);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) {
    throw new Refused(answer.error, response.status, Number(response.headers.get("Retry-After")) || 0);
  }
  return answer;
}

/** The answer to a JSON question at a path. */
export async function post(path, question, signal) {
  if (isExported) {
    return askWorker(path, question);
  }
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
    signal,
  });
}

/** What answers an exported page, and the questions that it has not answered yet. */
let worker = null;
const waiting = new Map();
let asked = 0;

/** The answer of an exported page's own worker: networks are computed there, so that drawing never waits for them. */
function askWorker(path, question) {
  worker ??= begun();
  asked += 1;
  const number = asked;
  worker.postMessage({ number, path, question });
  return new Promise((answered, refused) => {
    waiting.set(number, { answered, refused });
  });
}

function begun() {
  const made = new Worker("exported.js", { type: "module" });
  made.onmessage = ({ data: { number, answer, error } }) => {
    const { answered, refused } = waiting.get(number);
    waiting.delete(number);
    if (error) {
      refused(error.status ? new Refused(error.message, error.status, 0) : new Error(error.message));
    } else {
      answered(answer);
    }
  };
  made.onerror = () => {
    // What went wrong once may go right later.
    worker = null;
    for (const { refused } of waiting.values()) {
      refused(new Error("exported.js cannot be run"));
    }
    waiting.clear();
  };
  return made;
}

const known = new Map();

/** What a step's layers compute with, asked for once. */
export function weightsOf(name) {
  if (!known.has(name)) {
    const network = ask(`api/weights/${name}`).then(networkOf);
    known.set(name, network);
    // What went wrong once may go right later.
    network.catch(() => known.delete(name));
  }
  return known.get(name);
}

/** What the networks make of a drawing `{width, height, pixels, step}`; with `exact`, the values of the step's layers too. */
export function predict(drawing, signal) {
  return post("api/predict", drawing, signal);
}

/** Milliseconds between two drawings that are sent. */
const INTERVAL = 50;

/** Milliseconds until a drawing is sent again that got no answer. */
const RETRY = 2000;

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Sends one drawing at a time, and while it waits keeps the latest only. So answers come in their order, and what has been
 * replaced meanwhile is never sent.
 */
export class Predictor {
  #latest = null;
  #working = false;
  #abort = new AbortController();

  /** `show` is called with every answer and its question, `trouble` with an error, and with null when it has passed. */
  constructor(show, trouble) {
    this.show = show;
    this.trouble = trouble;
  }

  /** Asks a question as soon as may be; `take` is called then, and returns it with its `drawing`. */
  ask(take) {
    this.#latest = take;
    if (!this.#working) {
      this.#work();
    }
  }

  /** Forgets what is not answered yet. */
  forget() {
    this.#latest = null;
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  async #work() {
    this.#working = true;
    while (this.#latest) {
      const take = this.#latest;
      const { signal } = this.#abort;
      this.#latest = null;
      const earliest = pause(INTERVAL);
      const question = take();
      let answer = null;
      try {
        answer = await predict(question.drawing, signal);
      } catch (error) {
        if (!signal.aborted) {
          await this.#fail(error, take, signal);
        }
      }
      if (answer && !signal.aborted) {
        this.trouble(null);
        this.show(answer, question);
      }
      await earliest;
    }
    this.#working = false;
  }

  /** Says what is wrong, and asks again after a while, but not what has been refused for good. */
  async #fail(error, take, signal) {
    this.trouble(error);
    if (error instanceof Refused && error.retryAfter === 0) {
      return;
    }
    await pause(1000 * error.retryAfter || RETRY);
    if (!signal.aborted) {
      this.#latest ??= take;
    }
  }
}
