/**
 * Where an image lies in its part of the screen. Lengths are mm where the spacing is known, else pixels.
 * What is looked at is measured from the chest wall and from the middle of the height, so that both sides mirror each other.
 */
class Placement {
  constructor(view, mirrored) {
    this.mirrored = mirrored;
    this.isKnown = Boolean(view.spacing);
    const [down, across] = view.spacing || [1, 1];
    [this.width, this.height] = [view.size[0] * across, view.size[1] * down];
    this.pixel = { across, down };
    this.sight = { zoom: 1, x: 0, y: 0 };
    this.rect = { left: 0, top: 0, width: 1, height: 1 };
  }

  /** Pixels of the screen a length of 1 takes where the whole image just fits. */
  fit(stage) {
    return Math.min(stage.width / this.width, stage.height / this.height);
  }

  /** Puts the image onto a stage at a scale; away from the other breast it is in the middle. */
  put(stage, scale, atChestWall) {
    this.scale = scale * this.sight.zoom;
    const [width, height] = [this.width * this.scale, this.height * this.scale];
    const free = atChestWall ? 0 : (stage.width - this.width * scale) / 2;
    const inward = free - this.sight.x * this.scale;
    const top = (stage.height - height) / 2 + this.sight.y * this.scale;
    this.rect = { left: this.mirrored ? stage.width - width - inward : inward, top, width, height };
  }

  /** A point of the screen in pixels of the image. */
  toImage({ x, y }) {
    return { x: (x - this.rect.left) / (this.scale * this.pixel.across), y: (y - this.rect.top) / (this.scale * this.pixel.down) };
  }

  /** {left, top, width, height} of a box of the image on the screen. */
  toScreen([left, top, right, bottom]) {
    const [across, down] = [this.scale * this.pixel.across, this.scale * this.pixel.down];
    return { left: this.rect.left + left * across, top: this.rect.top + top * down, width: (right - left) * across, height: (bottom - top) * down };
  }

  /** A point of the screen as {x, y} from the chest wall and from the middle of the height. */
  fromChestWall({ x, y }) {
    const { left, top, width, height } = this.rect;
    return { x: (this.mirrored ? left + width - x : x - left) / this.scale, y: (y - top - height / 2) / this.scale };
  }

  /** The inverse. */
  atChestWall({ x, y }) {
    const { left, top, width, height } = this.rect;
    return { x: this.mirrored ? left + width - x * this.scale : left + x * this.scale, y: top + height / 2 + y * this.scale };
  }

  /** Moves the image by pixels of the screen. */
  move(across, down) {
    this.sight.x += (this.mirrored ? across : -across) / this.scale;
    this.sight.y += down / this.scale;
  }

  /** Zooms by a factor; what lies at a point {x, y} from the chest wall stays where it is. */
  zoom(factor, point) {
    const zoom = Math.max(1, Math.min(40, this.sight.zoom * factor));
    const ratio = this.sight.zoom / zoom;
    this.sight.x = point.x - (point.x - this.sight.x) * ratio;
    this.sight.y = -point.y + (point.y + this.sight.y) * ratio;
    this.sight.zoom = zoom;
    if (zoom === 1) this.reset();
  }

  reset() {
    Object.assign(this.sight, { zoom: 1, x: 0, y: 0 });
  }
}
