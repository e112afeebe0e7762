/** Outlines of saliency, by marching squares: where it reaches a level, outlines run with the saliency at their left. */
const contours = (() => {
  // Corners inside (8: upper left, 4: upper right, 2: lower right, 1: lower left) to the sides that are crossed.
  const CROSSINGS = {
    1: ['bottom left'], 2: ['right bottom'], 3: ['right left'], 4: ['top right'], 5: ['top right', 'bottom left'],
    6: ['top bottom'], 7: ['top left'], 8: ['left top'], 9: ['bottom top'], 10: ['left top', 'right bottom'],
    11: ['right top'], 12: ['left right'], 13: ['bottom right'], 14: ['left bottom'],
  };

  /** Levels (0 to 255) of a layer: what its alpha channel holds. */
  async function decode(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    const [width, height] = [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const levels = context.getImageData(0, 0, width, height).data.filter((_, index) => index % 4 === 3);
    return { width, height, levels };
  }

  /** Each crossing of the level to the one that follows it on its outline, both [row, column, side] as a text. */
  function crossings({ width, height, levels }, level) {
    const reaches = (row, column) => row >= 0 && column >= 0 && row < height && column < width && levels[row * width + column] >= level;
    const next = new Map();
    for (let row = -1; row < height; row += 1) {
      for (let column = -1; column < width; column += 1) {
        const inside = 8 * reaches(row, column) + 4 * reaches(row, column + 1) + 2 * reaches(row + 1, column + 1) + reaches(row + 1, column);
        if (!(inside in CROSSINGS)) continue;
        const sides = { top: `${row} ${column} across`, left: `${row} ${column} down`, bottom: `${row + 1} ${column} across`, right: `${row} ${column + 1} down` };
        for (const crossed of CROSSINGS[inside]) {
          const [from, to] = crossed.split(' ');
          next.set(sides[from], sides[to]);
        }
      }
    }
    return next;
  }

  /** Where between two pixels the level is crossed, in a square of 1000 x 1000 over the picture. */
  function place({ width, height, levels }, level, crossing) {
    const [row, column, way] = crossing.split(' ');
    const [top, left] = [Number(row), Number(column)];
    const at = (y, x) => (y >= 0 && x >= 0 && y < height && x < width ? levels[y * width + x] : 0);
    const [bottom, right] = way === 'across' ? [top, left + 1] : [top + 1, left];
    const share = (level - at(top, left)) / (at(bottom, right) - at(top, left));
    const within = (value, length) => (1000 * Math.max(0, Math.min(length, value + 0.5))) / length;
    const [x, y] = [left + share * (right - left), top + share * (bottom - top)];
    return `${within(x, width).toFixed(1)} ${within(y, height).toFixed(1)}`;
  }

  /** All outlines of a level as an SVG path in a square of 1000 x 1000; empty where nothing reaches it. */
  function path(layer, level) {
    const next = crossings(layer, level);
    const outlines = [];
    while (next.size) {
      const points = [];
      let [at] = next.keys();
      while (next.has(at)) {
        points.push(place(layer, level, at));
        const following = next.get(at);
        next.delete(at);
        at = following;
      }
      outlines.push(`M${points.join('L')}Z`);
    }
    return outlines.join('');
  }

  return { decode, path };
})();
