/** Draws levels onto a canvas; only what is seen, from the smallest of the halves that is fine enough. */
const painter = (() => {
  const scratch = document.createElement('canvas');
  const drawing = scratch.getContext('2d', { alpha: false });

  /**
   * @param context of the canvas.
   * @param plane the levels.
   * @param colours one a level.
   * @param place {left, top, width, height} of the whole plane in pixels of the canvas.
   * @param seen the part of the canvas that is drawn, likewise.
   */
  function paint(context, plane, colours, place, seen) {
    const whole = plane.half(0);
    const times = Math.max(0, Math.floor(Math.log2(Math.min(whole.width / place.width, whole.height / place.height))));
    const { width, height, levels } = plane.half(times);
    const [across, down] = [(place.width * 2 ** times) / whole.width, (place.height * 2 ** times) / whole.height];
    const left = Math.max(0, Math.floor((seen.left - place.left) / across) - 1);
    const top = Math.max(0, Math.floor((seen.top - place.top) / down) - 1);
    const right = Math.min(width, Math.ceil((seen.left + seen.width - place.left) / across) + 1);
    const bottom = Math.min(height, Math.ceil((seen.top + seen.height - place.top) / down) + 1);
    if (right <= left || bottom <= top) return;
    const image = new ImageData(right - left, bottom - top);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = top, at = 0; row < bottom; row += 1) {
      for (let from = row * width + left, end = row * width + right; from < end; from += 1, at += 1) pixels[at] = colours[levels[from]];
    }
    if (scratch.width < image.width) scratch.width = image.width;
    if (scratch.height < image.height) scratch.height = image.height;
    drawing.putImageData(image, 0, 0);
    context.save();
    context.beginPath();
    context.rect(seen.left, seen.top, seen.width, seen.height);
    context.clip();
    context.imageSmoothingEnabled = true;
    context.drawImage(scratch, 0, 0, image.width, image.height, place.left + left * across, place.top + top * down, image.width * across, image.height * down);
    context.restore();
  }

  return { paint };
})();
