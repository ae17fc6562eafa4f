// Bytes, greys and colours.

/** Bytes of a base64 text. */
export function decode(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** 32-bit floats of a base64 text. */
export function floats(text) {
  return new Float32Array(decode(text).buffer);
}

/** Base64 of bytes. */
export function encode(bytes) {
  const parts = [];
  // A function takes only so many arguments.
  for (let from = 0; from < bytes.length; from += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(from, from + 8192)));
  }
  return btoa(parts.join(""));
}

/** A canvas that is not shown. */
export function hiddenCanvas(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** The value of a custom property of the style sheet, as it is in the present colour scheme. */
export function styled(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Red, green and blue of a custom property that is a colour like #0e6170. */
export function colour(name) {
  const hex = styled(name).slice(1);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/**
 * Paints `levels` on a canvas that has as many pixels, between two colours: the first at level 0, the second at 255; and where
 * `negative` is given, from that at level 0 through the first in the middle.
 */
export function paint(canvas, levels, zero, high, negative) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  levels.forEach((level, at) => {
    const signed = negative ? level / 127.5 - 1 : level / 255;
    const towards = signed < 0 ? negative : high;
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * at + channel] = zero[channel] + Math.abs(signed) * (towards[channel] - zero[channel]);
    }
    image.data[4 * at + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

/** A new canvas with `levels`, as `paint` paints them. */
export function picture(levels, width, height, ...colours) {
  const canvas = hiddenCanvas(width, height);
  paint(canvas, levels, ...colours);
  return canvas;
}

/** Calls `callback` whenever the colour scheme changes. */
export function onColourScheme(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
