/** The study that is open, and one beside it; what is done to one view is done to the linked ones. */
class Viewer {
  /** @param exams see examsOf. */
  constructor(exams) {
    this.exams = exams;
    this.current = 0;
    this.beside = null;
    this.alone = null;
    this.hangings = [];
    this.pressedIn = null;
    this.cine = new Cine();
    this.resized = new ResizeObserver(() => this.layOut());
  }

  /** The images that are seen. */
  get panels() {
    return this.hangings.filter((hanging) => !hanging.root.hidden).flatMap((hanging) => hanging.shown);
  }

  /** Other studies of the same patient. */
  get others() {
    const exam = this.exams[this.current];
    return this.exams.filter((other) => other !== exam && exam.patient && other.patient === exam.patient);
  }

  /** The view that a key was pressed in, or all. */
  get targets() {
    const focused = this.panels.find((panel) => panel.root.contains(this.pressedIn) || panel.details.contains(this.pressedIn));
    return focused ? [focused] : this.panels;
  }

  linked(panel) {
    return settings.linked ? this.panels : [panel];
  }

  open(index) {
    this.current = (index + this.exams.length) % this.exams.length;
    this.beside = null;
    this.hang();
  }

  /** Shows another study of the patient beside this one; null for none. */
  openBeside(exam) {
    this.beside = exam;
    this.hang();
  }

  /** Shows one view in all the room; null for all views. */
  showAlone(panel) {
    this.alone = panel;
    for (const hanging of this.hangings) {
      const slot = hanging.slots.find((one) => one.panels.includes(panel));
      hanging.arrange(slot);
      hanging.root.hidden = Boolean(panel) && !slot;
    }
    byId('views').classList.toggle('two', this.hangings.length > 1 && !panel);
    this.layOut();
    this.redraw();
  }

  hang() {
    this.cine.run([]);
    this.alone = null;
    this.resized.disconnect();
    const shown = [this.exams[this.current], this.beside].filter(Boolean);
    this.hangings = shown.map((exam) => new Hanging(exam));
    byId('views').replaceChildren(...this.hangings.map((hanging) => hanging.root));
    byId('views').classList.toggle('two', shown.length > 1);
    byId('view-details').replaceChildren(...this.hangings.map((hanging) => hanging.details));
    for (const hanging of this.hangings) {
      for (const panel of hanging.panels) {
        new Gestures(panel, this);
        this.resized.observe(panel.stage);
      }
      for (const slot of hanging.slots) slot.changed = () => { this.layOut(); this.redraw(); };
    }
    this.layOut();
    this.redraw();
    this.opened?.();
  }

  layOut() {
    byId('scale-text').textContent = layOut(this.hangings.filter((hanging) => !hanging.root.hidden));
  }

  redraw() {
    this.panels.forEach((panel) => panel.redraw());
  }

  repaint() {
    this.panels.forEach((panel) => panel.paint());
  }

  changeWindow(panel, shift, stretch) {
    for (const one of this.linked(panel)) {
      one.greys.change(one.greys.shift + shift, Math.max(0.02, one.greys.stretch * stretch));
      one.paint();
    }
  }

  choosePreset(preset) {
    for (const panel of this.panels) panel.greys.choose(preset);
    this.repaint();
    announce(`window ${windowPresets[preset].text}`);
  }

  move(panel, across, down) {
    for (const one of this.linked(panel)) {
      // What moves towards its chest wall on one side does so on the other.
      one.placement.move(one.placement.mirrored === panel.placement.mirrored ? across : -across, down);
      one.place();
    }
  }

  zoom(panel, factor, point) {
    for (const one of this.linked(panel)) {
      one.placement.zoom(factor, point);
      one.place();
    }
  }

  /** Window, zoom and place as at the start. */
  reset() {
    for (const panel of this.panels) {
      panel.greys.choose('header');
      panel.placement.reset();
      panel.place();
    }
    byId('preset').value = 'header';
    announce('window, zoom and place as at the start');
  }

  divideAt(share) {
    settings.divide = share;
    byId('divide').value = share;
    this.panels.forEach((panel) => panel.drawPicture());
  }

  step(frames) {
    for (const panel of this.targets) panel.show(panel.frame + frames);
    this.sayFrames();
  }

  jump(frameOf) {
    for (const panel of this.targets) panel.show(frameOf(panel.stack.count));
    this.sayFrames();
  }

  sayFrames() {
    announce(this.targets.filter((panel) => panel.stack.count > 1).map((panel) => `${panel.view.name} ${panel.stack.text(panel.frame)}`).join('; '));
  }

  /** The next of the images of each view, such as SM behind FFDM. */
  switchImages() {
    for (const slot of this.hangings.flatMap((hanging) => hanging.slots)) {
      if (slot.panels.length < 2) continue;
      slot.choose(slot.panels[(slot.panels.indexOf(slot.shown) + 1) % slot.panels.length].label);
    }
  }
}
