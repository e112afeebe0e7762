/** What the pointer does on an image. Shift or the middle button moves it, Ctrl and the wheel zoom, whatever the tool. */
class Gestures {
  constructor(panel, viewer) {
    this.panel = panel;
    this.viewer = viewer;
    this.drag = null;
    const { stage } = panel;
    const on = (name, react) => stage.addEventListener(name, (event) => react.call(this, event));
    on('pointerdown', this.onDown);
    on('pointermove', this.onMove);
    on('pointerup', this.onUp);
    on('pointercancel', () => { this.drag = null; });
    on('pointerleave', this.onLeave);
    on('dblclick', () => viewer.showAlone(viewer.alone ? null : panel));
    stage.addEventListener('wheel', (event) => this.onWheel(event), { passive: false });
  }

  at(event) {
    const { left, top } = this.panel.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  onDown(event) {
    if (event.button > 1) return;
    const point = this.at(event);
    const tool = event.shiftKey || event.button === 1 ? 'pan' : settings.tool;
    this.drag = { tool, last: point, origin: this.panel.placement.fromChestWall(point), moved: false };
    if (event.isTrusted) this.panel.stage.setPointerCapture(event.pointerId);
    if (tool === 'ruler') this.panel.ruler.start(this.panel.placement.toImage(point));
    if (tool === 'compare') this.divide(point);
  }

  onMove(event) {
    const point = this.at(event);
    if (event.buttons === 1 && settings.tool === 'compare' && !event.shiftKey) this.divide(point);
    if (!this.drag) {
      const finding = this.panel.marks.at(this.panel.placement.toImage(point));
      Marks.light(finding ? this.panel.marks.keyOf(finding) : '');
      this.panel.stage.classList.toggle('on-mark', Boolean(finding));
      this.moveLens(this.panel.placement.fromChestWall(point));
      return;
    }
    const [across, down] = [point.x - this.drag.last.x, point.y - this.drag.last.y];
    this.drag.last = point;
    this.drag.moved ||= Math.abs(across) + Math.abs(down) > 1;
    if (this.drag.tool === 'window') this.viewer.changeWindow(this.panel, down / 400, Math.exp(across / 300));
    if (this.drag.tool === 'pan') this.viewer.move(this.panel, across, down);
    if (this.drag.tool === 'zoom') this.viewer.zoom(this.panel, Math.exp(-down / 200), this.drag.origin);
    if (this.drag.tool === 'ruler') this.panel.ruler.stretch(this.panel.placement.toImage(point));
    this.moveLens(this.panel.placement.fromChestWall(point));
  }

  onUp(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag || drag.moved) {
      if (drag?.tool === 'ruler') announce(this.panel.ruler.text());
      return;
    }
    if (drag.tool === 'ruler') this.panel.ruler.clear();
    const finding = this.panel.marks.at(this.panel.placement.toImage(this.at(event)));
    if (finding) this.panel.choose(finding);
  }

  onLeave() {
    Marks.light('');
    this.moveLens(null);
  }

  moveLens(place) {
    if (!settings.loupe) return;
    for (const panel of this.viewer.linked(this.panel)) {
      panel.lens = place;
      panel.paint();
    }
  }

  divide(point) {
    if (this.panel.part('.picture').hidden) return;
    const { left, width } = this.panel.placement.rect;
    this.viewer.divideAt(Math.max(0, Math.min(1, (point.x - left) / width)));
  }

  onWheel(event) {
    if (event.ctrlKey) {
      event.preventDefault();
      this.viewer.zoom(this.panel, Math.exp(-event.deltaY / 300), this.panel.placement.fromChestWall(this.at(event)));
    } else if (this.panel.stack.count > 1) {
      event.preventDefault();
      this.panel.show(this.panel.frame + Math.sign(event.deltaY));
    }
  }
}
