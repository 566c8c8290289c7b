// Arrays that Python sends as bytes, and maps that paint them.

const KINDS = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array };

/** An array packed by Python: flat `data`, and its `shape`. */
export function unpack({ kind, shape, bytes }) {
  const start = bytes.byteOffset; // a copy, since the offset may not be aligned
  return { data: new KINDS[kind](bytes.buffer.slice(start, start + bytes.byteLength)), shape };
}

/** Part `index` along the first axis of an unpacked array. */
export function part({ data, shape: [, ...shape] }, index) {
  const size = shape.reduce((product, length) => product * length, 1);
  return { data: data.subarray(index * size, (index + 1) * size), shape };
}

/** The rows of an unpacked array `(n, k)` as lists. */
export function rows({ data, shape: [count, width] }) {
  return Array.from({ length: count }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
}

/** Colours such as "#0072b2" as pixels of a canvas; bytes without a colour are transparent. */
function pixelsOf(colours) {
  const pixels = new Uint32Array(256);
  colours.forEach((colour, i) => {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    pixels[i] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // little-endian
  });
  return pixels;
}

/** A canvas that shows bytes `(rows, columns)` in the given colours, the first row at the bottom. */
export function bitmap(colours, smooth) {
  const canvas = document.createElement("canvas");
  canvas.className = `dqn-map${smooth ? "" : " dqn-sharp"}`;
  const context = canvas.getContext("2d");
  const pixels = pixelsOf(colours);
  function paint({ data, shape: [height, width] }) {
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const image = new ImageData(width, height);
    const all = new Uint32Array(image.data.buffer);
    for (let row = 0; row < height; row++) {
      const from = (height - 1 - row) * width;
      for (let column = 0; column < width; column++) all[row * width + column] = pixels[data[from + column]];
    }
    context.putImageData(image, 0, 0);
  }
  return { canvas, paint };
}
