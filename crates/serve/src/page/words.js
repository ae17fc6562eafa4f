// Numbers and names in words, and elements that hold them.

/** An element with a class and a text. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Number and short name of a step like `step-02-batchnorm`. */
export function called(step) {
  const [, number, name] = step.name.match(/^step-0*(\d+)-(.*)$/) ?? [null, "", step.name];
  return { number, name: name.replaceAll("-", " ") };
}

/** A digit with its article. */
export const aDigit = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

/** A share in percent, in one piece: the spaces do not break. */
export function percent(share) {
  const text = (100 * share).toFixed(1);
  // A network is never quite certain.
  return text === "100.0" ? ">\u00a099.9\u00a0%" : `${text}\u00a0%`;
}

/** A number with so many decimals, and a minus as wide as a plus. */
export function decimal(value, decimals) {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/** The same with its sign, whichever it is. */
export function signed(value, decimals) {
  const text = decimal(value, decimals);
  return text.startsWith("\u2212") ? text : `+${text}`;
}

/** A number with its first digits, as few as say how large it is. */
export function roughly(value) {
  return String(Number(value.toPrecision(2))).replace("-", "\u2212");
}
