/** The frames of an image: one of them, or the brightest of a slab around it. */
class SliceStack {
  /**
   * @param view the image.
   * @param arrived called when something that was asked for is there.
   */
  constructor(view, arrived) {
    this.view = view;
    this.arrived = arrived;
    this.count = view.ranges.length;
    this.numSlices = view.ranges[this.count - 1][1] + 1;
    this.slab = { key: '', plane: null };
  }

  frameOf(slice) {
    const found = this.view.ranges.findIndex(([first, last]) => first <= slice && slice <= last);
    return found < 0 ? (slice < 0 ? 0 : this.count - 1) : found;
  }

  /** How many frames a slab has; one where it is asked for in mm and the distance of slices is not known. */
  slabSize() {
    const distance = this.view.sliceSpacing;
    if (settings.slabUnit === 'mm' && !distance) return 1;
    const perFrame = this.numSlices / this.count;
    const slices = settings.slabUnit === 'mm' ? Math.round(settings.slab / distance) : settings.slab;
    return Math.max(1, Math.min(this.count, Math.round(slices / perFrame)));
  }

  /** First and last frame of what is shown around one. */
  span(frame) {
    const size = this.slabSize();
    const first = Math.max(0, Math.min(this.count - size, frame - Math.floor((size - 1) / 2)));
    return [first, first + size - 1];
  }

  /** What is shown at a frame, or null while it is unpacked. */
  plane(frame) {
    const [first, last] = this.span(frame);
    const key = `${first}-${last}`;
    if (last > first && this.slab.key === key) return this.slab.plane;
    const frames = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const planes = frames.map((one) => planeCache.peek(this.view.planes, one));
    if (planes.some((plane) => !plane)) {
      Promise.all(frames.map((one) => planeCache.fetch(this.view.planes, one))).then((all) => {
        if (last > first) this.slab = { key, plane: Plane.brightest(all) };
        this.arrived();
      });
      return null;
    }
    if (last === first) return planes[0];
    this.slab = { key, plane: Plane.brightest(planes) };
    return this.slab.plane;
  }

  /** Unpacks what is likely shown next. */
  fetchNeighbours(frame) {
    for (const near of [frame + 1, frame - 1, frame + 2]) {
      if (near >= 0 && near < this.count) planeCache.fetch(this.view.planes, near);
    }
  }

  /** Which stored slices are shown, in words. */
  text(frame) {
    if (this.count === 1) return '';
    const [first, last] = this.span(frame);
    const [from, to] = [this.view.ranges[first][0], this.view.ranges[last][1]];
    const name = from === to ? `${from}` : `${from}–${to}`;
    const [own, end] = this.view.ranges[frame];
    const slab = last > first ? `, brightest of ${this.thickness(to - from + 1)}` : '';
    return `slice ${last > first ? (own === end ? own : `${own}–${end}`) : name} (0 to ${this.numSlices - 1})${slab}`;
  }

  thickness(slices) {
    const distance = this.view.sliceSpacing;
    return distance ? `${slices} slices, ${(slices * distance).toFixed(1)} mm` : `${slices} slices`;
  }
}
