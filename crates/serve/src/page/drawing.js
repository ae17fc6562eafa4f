// The paper: strokes of mouse, pen, finger or keyboard, or a test digit, and what is sent of it.

import { decode, encode, hiddenCanvas, onColourScheme, picture, styled } from "./pixels.js";

/** Height and width of what is sent, in pixels. Points are in these units. */
export const SIDE = 280;

/** As thick as MNIST's strokes: some 2 of 28 pixels. */
const THICKNESS = 21;

/** How far an arrow key moves the pen. */
const KEY_STEP = 8;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  /** What has been done, first to last: `{stroke: points}`, `{levels, side, digit}` or `{clear: true}`. */
  #done = [];
  #stroke = null;
  #pointer = null;
  #pen = null;
  #replay = 0;
  #sample = false;

  /** `changed` is called after every change. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.shown = canvas.getContext("2d");
    // Ink without paper: its opacity is what is sent, whatever colours are shown.
    this.ink = hiddenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
    canvas.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.#pointerMove(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#pointerUp(event));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#liftPen());
    onColourScheme(() => this.#render());
  }

  /** Whether nothing is drawn. */
  get empty() {
    return this.#visible().length === 0 && !this.#stroke;
  }

  /** Whether there is something to undo. */
  get undoable() {
    return this.#done.length > 0;
  }

  /** Whether it is the sample of the beginning, which gives way to whatever one draws. */
  get isSample() {
    return this.#sample;
  }

  /** The test digit that is shown, as long as nothing is added to it. */
  get digit() {
    return this.#untouchedDigit()?.digit;
  }

  /** The drawing as the server takes it. */
  take() {
    const untouched = this.#untouchedDigit();
    if (untouched) {
      const { levels, side } = untouched;
      return { width: side, height: side, pixels: encode(levels) };
    }
    const { data } = this.ink.getImageData(0, 0, SIDE, SIDE);
    const greys = new Uint8Array(SIDE * SIDE);
    for (let at = 0; at < greys.length; at += 1) {
      greys[at] = data[4 * at + 3];
    }
    return { width: SIDE, height: SIDE, pixels: encode(greys) };
  }

  /** What has been done, as JSON can hold it. */
  get kept() {
    return this.#done.map((step) => (step.levels ? { ...step, levels: encode(step.levels) } : step));
  }

  /** Takes up what was kept; false if that is nothing. */
  restore(kept) {
    this.#done = kept.map((step) => (step.levels ? { ...step, levels: decode(step.levels) } : step));
    this.#render();
    this.changed();
    return this.#done.length > 0;
  }

  undo() {
    this.#endSample();
    this.#done.pop();
    this.#render();
    this.changed();
  }

  clear() {
    this.#endSample();
    if (!this.empty) {
      this.#done.push({ clear: true });
    }
    this.#render();
    this.changed();
  }

  /** Shows a test digit, with levels `side`×`side`, in place of everything else. */
  showDigit(levels, side, digit) {
    this.#endSample();
    this.#done.push({ levels, side, digit });
    this.#render();
    this.changed();
  }

  /** Draws the strokes of a sample as if by hand, or at once where motion is not wanted. It leaves nothing to undo. */
  async replay(strokes) {
    this.#sample = true;
    this.#replay += 1;
    const mine = this.#replay;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const points of strokes) {
      for (let drawn = 1; drawn < points.length && !still; drawn += 1) {
        await new Promise(requestAnimationFrame);
        if (this.#replay !== mine) {
          return;
        }
        this.#stroke = points.slice(0, drawn);
        this.#render();
        this.changed();
      }
      this.#stroke = null;
      this.#done.push({ stroke: points });
      this.#render();
      this.changed();
    }
  }

  /** What is to be seen: what came before a digit or an empty paper is not. */
  #visible() {
    const from = this.#done.findLastIndex((step) => step.clear || step.levels);
    return this.#done.slice(Math.max(from, 0)).filter((step) => !step.clear);
  }

  #untouchedDigit() {
    const [first, ...others] = this.#visible();
    return first?.levels && others.length === 0 && !this.#stroke ? first : undefined;
  }

  #endSample() {
    this.#replay += 1;
    if (this.#sample) {
      this.#sample = false;
      this.#stroke = null;
      this.#done = [];
    }
  }

  #begin(point) {
    this.#endSample();
    this.#stroke = [point];
    this.#render();
    this.changed();
  }

  #extend(points) {
    this.#stroke.push(...points);
    this.#render();
    this.changed();
  }

  #end() {
    this.#done.push({ stroke: this.#stroke });
    this.#stroke = null;
    this.changed();
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * SIDE,
      ((event.clientY - box.top) / box.height) * SIDE,
    ];
  }

  #pointerDown(event) {
    if (this.#pointer !== null || event.button !== 0) {
      return;
    }
    this.#liftPen();
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#begin(this.#point(event));
  }

  #pointerMove(event) {
    if (event.pointerId !== this.#pointer) {
      return;
    }
    // A browser reports once a frame, and keeps where the pointer was in between.
    const events = event.getCoalescedEvents?.() ?? [];
    this.#extend((events.length ? events : [event]).map((each) => this.#point(each)));
  }

  #pointerUp(event) {
    if (event.pointerId === this.#pointer) {
      this.#pointer = null;
      this.#end();
    }
  }

  #key(event) {
    if (event.key === " ") {
      event.preventDefault();
      if (this.#pen?.down) {
        this.#liftPen();
      } else {
        this.#pen ??= { at: [SIDE / 2, SIDE / 2] };
        this.#pen.down = true;
        this.#begin(this.#pen.at);
      }
    } else if (event.key in ARROWS && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      this.#pen ??= { at: [SIDE / 2, SIDE / 2], down: false };
      this.#pen.at = this.#pen.at.map((place, axis) =>
        Math.min(Math.max(place + KEY_STEP * ARROWS[event.key][axis], 0), SIDE),
      );
      if (this.#pen.down) {
        this.#extend([this.#pen.at]);
      } else {
        this.#render();
      }
    } else if (event.key === "Escape" && this.#pen) {
      this.#liftPen();
      this.#pen = null;
      this.#render();
    }
  }

  #liftPen() {
    if (this.#pen?.down) {
      this.#pen.down = false;
      this.#end();
      this.#render();
    }
  }

  #render() {
    this.#renderOn(this.ink, "#fff");
    this.#renderOn(this.shown, styled("--ink"));
    if (this.#pen) {
      const scale = this.canvas.width / SIDE;
      this.shown.setTransform(scale, 0, 0, scale, 0, 0);
      this.shown.strokeStyle = styled("--accent");
      this.shown.lineWidth = this.#pen.down ? 5 : 2;
      this.shown.beginPath();
      this.shown.arc(...this.#pen.at, THICKNESS / 2 + 3, 0, 2 * Math.PI);
      this.shown.stroke();
    }
  }

  #renderOn(context, ink) {
    const scale = context.canvas.width / SIDE;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    for (const step of this.#visible()) {
      if (step.levels) {
        drawDigit(context, step.levels, step.side, ink);
      } else {
        drawStroke(context, step.stroke, ink);
      }
    }
    if (this.#stroke) {
      drawStroke(context, this.#stroke, ink);
    }
  }
}

/** A curve through the middles between points, which smooths what a hand or a mouse does. */
function drawStroke(context, points, ink) {
  if (points.length === 1) {
    // A canvas draws no line of no length; a pen leaves a dot.
    context.fillStyle = ink;
    context.beginPath();
    context.arc(...points[0], THICKNESS / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.strokeStyle = ink;
  context.lineWidth = THICKNESS;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...points[0]);
  for (let at = 1; at < points.length; at += 1) {
    const [before, here] = [points[at - 1], points[at]];
    context.quadraticCurveTo(...before, (before[0] + here[0]) / 2, (before[1] + here[1]) / 2);
  }
  context.lineTo(...points.at(-1));
  context.stroke();
}

/** A digit's levels as ink of that opacity. */
function drawDigit(context, levels, side, ink) {
  const canvas = picture(levels, side, side, [0, 0, 0], [0, 0, 0]);
  const opacity = canvas.getContext("2d");
  const image = opacity.getImageData(0, 0, side, side);
  levels.forEach((level, at) => {
    image.data[4 * at + 3] = level;
  });
  opacity.putImageData(image, 0, 0);
  opacity.globalCompositeOperation = "source-in";
  opacity.fillStyle = ink;
  opacity.fillRect(0, 0, side, side);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, SIDE, SIDE);
}
