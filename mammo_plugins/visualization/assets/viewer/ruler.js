/** A line between two points of an image and its length: in mm where the spacing is known, else in pixels. */
class Ruler {
  constructor(panel) {
    this.panel = panel;
    this.ends = null;
  }

  start(point) {
    this.ends = [point, point];
    this.draw();
  }

  stretch(point) {
    this.ends[1] = point;
    this.draw();
  }

  clear() {
    this.ends = null;
    this.draw();
  }

  text() {
    const [from, to] = this.ends;
    const { across, down } = this.panel.placement.pixel;
    const length = Math.hypot((to.x - from.x) * across, (to.y - from.y) * down);
    return this.panel.placement.isKnown ? `${length.toFixed(1)} mm` : `${length.toFixed(0)} pixels, spacing unknown`;
  }

  draw() {
    const line = this.panel.part('.measure');
    const label = this.panel.part('.measure-label');
    line.style.display = this.ends ? '' : 'none'; // SVG elements have no hidden
    label.hidden = !this.ends;
    if (!this.ends) return;
    const [width, height] = this.panel.view.size;
    const [from, to] = this.ends;
    const places = { x1: from.x / width, y1: from.y / height, x2: to.x / width, y2: to.y / height };
    for (const [name, share] of Object.entries(places)) line.setAttribute(name, 1000 * share);
    label.textContent = this.text();
    label.style.left = percent(to.x, width);
    label.style.top = percent(to.y, height);
  }
}
