// What outlasts the page: the drawing, while one looks at a chart or loads the page again.

const KEY = "drawing";

/** Keeps what `drawing` holds when the page is left. */
export function keepOnLeaving(drawing) {
  addEventListener("pagehide", () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(drawing.isSample ? [] : drawing.kept));
    } catch {
      // A browser that stores nothing, or has no room: then the page begins with the sample.
    }
  });
}

/** Gives `drawing` back what was kept; false if that is nothing. */
export function giveBack(drawing) {
  try {
    return drawing.restore(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  } catch {
    return false;
  }
}
