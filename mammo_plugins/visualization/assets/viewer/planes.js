/** Levels of one frame, and the same reduced by halves, which small pictures are drawn from. */
class Plane {
  constructor(width, height, levels) {
    this.halves = [{ width, height, levels }];
  }

  /** {width, height, levels} reduced by 2 ** times. */
  half(times) {
    while (this.halves.length <= times) this.halves.push(Plane.halve(this.halves.at(-1)));
    return this.halves[times];
  }

  get bytes() {
    return (4 / 3) * this.halves[0].levels.byteLength;
  }

  static halve({ width, height, levels }) {
    const [across, down] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    const made = new levels.constructor(across * down);
    for (let row = 0; row < down; row += 1) {
      const upper = 2 * row * width;
      const lower = Math.min(2 * row + 1, height - 1) * width;
      for (let column = 0; column < across; column += 1) {
        const left = 2 * column;
        const right = Math.min(left + 1, width - 1);
        made[row * across + column] = (levels[upper + left] + levels[upper + right] + levels[lower + left] + levels[lower + right] + 2) >> 2;
      }
    }
    return { width: across, height: down, levels: made };
  }

  /** The brightest of several frames at each place. */
  static brightest(planes) {
    const [{ width, height, levels }, ...others] = planes.map((plane) => plane.half(0));
    const made = levels.slice();
    for (const other of others) {
      for (let place = 0; place < made.length; place += 1) {
        if (other.levels[place] > made[place]) made[place] = other.levels[place];
      }
    }
    return new Plane(width, height, made);
  }
}

/** Base64 as bytes. */
function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

/**
 * Unpacks a frame; see picture_planes.py for how it was packed.
 * @param planes what the page says of the stack.
 * @param frame its number.
 */
async function unpackPlane(planes, frame) {
  const packed = bytesOf(byId(`plane-${planes.number}-${frame}`).textContent);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const steps = new Uint8Array(await new Response(stream).arrayBuffer());
  const { width, height, wide } = planes;
  const count = width * height;
  const levels = wide ? new Uint16Array(count) : new Uint8Array(count);
  for (let row = 0, place = 0; row < height; row += 1) {
    let level = 0;
    for (let column = 0; column < width; column += 1, place += 1) {
      const step = wide ? steps[place] | (steps[count + place] << 8) : steps[place];
      level += wide ? (step >> 1) ^ -(step & 1) : step;
      levels[place] = level;
      level = levels[place]; // modulo the range of the type
    }
  }
  return new Plane(width, height, levels);
}
