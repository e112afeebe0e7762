/** One image: its slices, its window, where it lies, and what is drawn over it. */
class ViewPanel {
  /**
   * @param view the image.
   * @param caseKey what all views of its case share.
   */
  constructor(view, caseKey) {
    this.view = view;
    this.caseKey = caseKey;
    const made = byId('view-template').content.cloneNode(true);
    [this.root, this.details] = made.children;
    this.part = (selector) => this.root.querySelector(selector) || this.details.querySelector(selector);
    this.mirrored = view.name.toUpperCase().startsWith('R');
    this.stack = new SliceStack(view, () => this.paint());
    this.placement = new Placement(view, this.mirrored);
    this.greys = new GreyScale(view.planes);
    this.marks = new Marks(this);
    this.lists = new FindingLists(this);
    this.ruler = new Ruler(this);
    this.saliency = new SaliencyLayers(view.saliency, this.part);
    this.lens = null; // where the loupe is, from the chest wall
    this.chosen = view.predictions.length ? 0 : -1;
    this.frame = this.startFrame();
    this.name();
    this.slider = this.part('.slice');
    this.slider.max = this.stack.count - 1;
    this.slider.addEventListener('input', () => this.show(Number(this.slider.value)));
  }

  name() {
    const { view } = this;
    const title = [view.name, view.modality].filter(Boolean).join(' ');
    for (const part of [this.root, this.details]) part.classList.toggle('flat', this.stack.count === 1);
    this.root.classList.toggle('mirrored', this.mirrored);
    this.root.setAttribute('aria-label', title);
    this.details.setAttribute('aria-label', `Findings of ${title}`);
    this.part('.view-name').textContent = view.name;
    this.part('.view-caption').textContent = view.caption;
    this.part('.reduced').textContent = this.reduction();
    this.part('.details-title').textContent = title;
    this.part('.view-mark').textContent = view.name.replace('-', ' ');
    this.part('.slice').setAttribute('aria-label', `Slice of ${title}`);
  }

  /** In words, by how much frames are smaller than the image. */
  reduction() {
    const { box, width } = this.view.planes;
    const factor = (box[2] - box[0]) / width;
    return factor > 1.01 ? `reduced ${Number(factor.toFixed(1))} : 1` : '';
  }

  startFrame() {
    const first = this.view.predictions[0] || this.view.truth[0];
    return first ? this.stack.frameOf(first.slice) : Math.floor(this.stack.count / 2);
  }

  get stage() {
    return this.part('.stage');
  }

  /** {width, height} of its part of the screen. */
  get room() {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  /** Lays the image out: at a scale, at the chest wall where another breast is beside it. */
  put(scale, atChestWall) {
    this.fitScale = scale;
    this.atChestWall = atChestWall;
    this.place();
  }

  place() {
    const { width, height } = this.room;
    if (!width || !this.fitScale) return;
    this.placement.put({ width, height }, this.fitScale, this.atChestWall);
    const { rect } = this.placement;
    Object.assign(this.part('.scene').style, { left: `${rect.left}px`, top: `${rect.top}px`, width: `${rect.width}px`, height: `${rect.height}px` });
    this.paint();
  }

  show(frame) {
    this.frame = Math.max(0, Math.min(this.stack.count - 1, frame));
    this.slider.value = this.frame;
    this.slider.setAttribute('aria-valuetext', this.stack.text(this.frame));
    this.part('.slice-number').textContent = this.stack.text(this.frame);
    this.drawPicture();
    this.saliency.draw();
    this.marks.draw();
    this.lists.drawCurve();
    this.paint();
    this.stack.fetchNeighbours(this.frame);
  }

  redraw() {
    this.lists.draw();
    this.part('.overlays').hidden = !settings.marks;
    this.show(this.frame);
  }

  /** Goes to a finding. */
  choose(finding) {
    const rank = this.view.predictions.indexOf(finding);
    const isFocused = this.details.contains(document.activeElement);
    if (rank >= 0) this.chosen = rank;
    this.lists.draw();
    this.show(this.stack.frameOf(finding.slice));
    const row = rank < 0 ? -1 : this.marks.predictions().indexOf(finding);
    if (isFocused && row >= 0) this.part(`.findings tr:nth-child(${row + 1}) button`).focus();
    announce(`${this.view.name}: ${rank < 0 ? finding.text : `finding ${rank + 1}`}, ${this.stack.text(this.frame) || 'one slice'}`);
  }

  /** Goes to the next finding behind what is shown; from the last one to the first. */
  chooseNext() {
    const all = [...this.marks.predictions(), ...(settings.truth ? this.view.truth : [])].sort((one, other) => one.slice - other.slice);
    if (!all.length) return;
    this.choose(all.find((finding) => this.stack.frameOf(finding.slice) > this.frame) || all[0]);
  }

  paint() {
    const canvas = this.part('canvas');
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.room.width * dense), Math.round(this.room.height * dense)];
    if (!width || !this.fitScale) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const plane = this.stack.plane(this.frame);
    this.stage.setAttribute('aria-busy', String(!plane));
    if (!plane) return; // what was shown stays until the next one is there
    const context = canvas.getContext('2d', { alpha: false });
    context.fillStyle = '#000';
    context.fillRect(0, 0, width, height);
    const enlarged = ({ left, top, ...size }) => ({ left: left * dense, top: top * dense, width: size.width * dense, height: size.height * dense });
    const colours = this.greys.colours(settings.inverted);
    const place = enlarged(this.placement.toScreen(this.view.planes.box));
    painter.paint(context, plane, colours, place, enlarged(this.placement.rect));
    if (settings.loupe && this.lens) this.paintLens(context, plane, colours, place, dense);
    this.part('.grey-window').textContent = this.greys.text();
    this.describe(canvas);
  }

  /** The surroundings of the pointer, enlarged. */
  paintLens(context, plane, colours, place, dense) {
    const [side, factor] = [180 * dense, 2.5];
    const { x, y } = this.placement.atChestWall(this.lens);
    const [centerX, centerY] = [x * dense, y * dense];
    const seen = { left: centerX - side / 2, top: centerY - side / 2, width: side, height: side };
    context.fillStyle = '#000';
    context.fillRect(seen.left, seen.top, side, side);
    const around = (center, start) => center + (start - center) * factor;
    const larger = { left: around(centerX, place.left), top: around(centerY, place.top), width: place.width * factor, height: place.height * factor };
    painter.paint(context, plane, colours, larger, seen);
    context.strokeStyle = '#8db4ff';
    context.lineWidth = dense;
    context.strokeRect(seen.left, seen.top, side, side);
  }

  describe(canvas) {
    const here = this.marks.truth().length + this.marks.predictions().filter((finding) => this.marks.isHere(finding)).length;
    const marks = settings.marks ? `${here} ${here === 1 ? 'mark' : 'marks'}` : 'marks hidden';
    const inverted = settings.inverted ? 'inverted' : '';
    const parts = [this.root.getAttribute('aria-label'), this.stack.text(this.frame), this.greys.text(), inverted, marks];
    canvas.setAttribute('aria-label', parts.filter(Boolean).join(', '));
  }

  /** The picture that a model made, right of the line. */
  drawPicture() {
    const picture = this.part('.picture');
    const made = this.view.pictures.find((entry) => entry.name === settings.picture);
    picture.hidden = this.part('.divider').hidden = !made;
    this.stage.classList.toggle('compared', Boolean(made) && settings.tool === 'compare');
    if (!made) return;
    if (picture.dataset.name !== made.name) picture.src = made.picture;
    picture.dataset.name = made.name;
    picture.alt = `${this.view.name}, ${made.name} image by the model`;
    picture.style.clipPath = `inset(0 0 0 ${percent(settings.divide, 1)})`;
    this.part('.divider').style.left = percent(settings.divide, 1);
  }
}
