/** From levels to grey values: the header's window or table, changed by hand, and inverted. */
const windowPresets = {
  header: { text: 'as the header says', of: (scale) => scale.start },
  contrast: { text: 'more contrast', of: (scale) => ({ ...scale.start, width: 0.6 * scale.start.width }) },
  soft: { text: 'less contrast', of: (scale) => ({ ...scale.start, width: 1.6 * scale.start.width }) },
  all: { text: 'all values', of: (scale) => ({ center: scale.top / 2, width: scale.top, curve: 'LINEAR' }) },
};

class GreyScale {
  /** @param planes what the page says of the levels of an image. */
  constructor(planes) {
    Object.assign(this, { top: planes.top, low: planes.low, high: planes.high, background: planes.background, padded: planes.padded });
    this.start = { center: planes.center, width: planes.breadth, curve: planes.curve };
    if (planes.table) {
      this.shape = bytesOf(planes.table); // a window over it works on what it gives
      this.start = { center: 127.5, width: 255, curve: 'TABLE' };
    }
    this.choose('header');
  }

  choose(preset) {
    this.preset = preset;
    this.change(0, 1);
  }

  /** The preset's window, its centre moved by a share of its width, and its width times a factor. */
  change(shift, stretch) {
    this.shift = shift;
    this.stretch = stretch;
    const { center, width, curve } = windowPresets[this.preset].of(this);
    this.window = { center: center + shift * width, width: width * stretch, curve };
  }

  /** Centre and width as the header would write them; grey values of a table. */
  text() {
    const { center, width, curve } = this.window;
    const perLevel = curve === 'TABLE' ? 1 : (this.high - this.low) / this.top;
    const start = curve === 'TABLE' ? 0 : this.low;
    const digits = Math.abs(perLevel) * this.top < 10 ? 2 : 0;
    return `C ${(start + center * perLevel).toFixed(digits)} W ${Math.abs(width * perLevel).toFixed(digits)}`;
  }

  /** (top + 1) colours for a canvas. */
  colours(inverted) {
    const key = `${this.window.center} ${this.window.width} ${this.window.curve} ${inverted}`;
    if (this.key === key) return this.made;
    this.key = key;
    this.made = new Uint32Array(this.top + 1);
    for (let level = 0; level <= this.top; level += 1) {
      const grey = this.padded && level === 0 ? 0 : Math.round(255 * this.share(level));
      const shown = !inverted ? grey : level <= this.background || (this.padded && level === 0) ? 0 : 255 - grey;
      this.made[level] = 0xff000000 | (shown * 0x010101);
    }
    return this.made;
  }

  /** 0 for black to 1 for white. */
  share(level) {
    const { center, width, curve } = this.window;
    const value = curve === 'TABLE' ? this.shape[level] : level;
    if (curve === 'SIGMOID') return 1 / (1 + Math.exp((-4 * (value - center)) / width));
    return Math.max(0, Math.min(1, (value - center) / width + 0.5));
  }
}
