/** Shows the slices of volumes one after the other, again and again. */
class Cine {
  constructor() {
    this.panels = [];
  }

  get isRunning() {
    return this.panels.length > 0;
  }

  /** @param panels those that are shown one slice further at a time; none stops it. */
  run(panels) {
    window.clearTimeout(this.timer);
    this.panels = panels.filter((panel) => panel.stack.count > 1);
    if (this.isRunning) this.timer = window.setTimeout(() => this.step(), 1000 / settings.framesPerSecond);
  }

  step() {
    for (const panel of this.panels) {
      const isThere = panel.stage.getAttribute('aria-busy') !== 'true';
      if (isThere) panel.show((panel.frame + 1) % panel.stack.count);
    }
    this.run(this.panels);
  }
}
