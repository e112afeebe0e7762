/** Beside an image: the slice-weight curve, buttons that jump to annotated findings, and the table of predictions. */
class FindingLists {
  constructor(panel) {
    this.panel = panel;
    this.view = panel.view;
    this.part = panel.part;
  }

  /** Where on the slider a point of the stack lies, in frames: 0 at the first frame's middle, 1000 at the last one's. */
  position(frames) {
    return (1000 * (frames - 0.5)) / (this.panel.stack.count - 1);
  }

  /** A point of the volume, in stored slices from the upper face of the first, in frames. */
  inFrames(slices) {
    const frame = this.panel.stack.frameOf(Math.floor(slices));
    const [first, last] = this.view.ranges[frame];
    return frame + Math.min(1, (slices - first) / (last + 1 - first));
  }

  drawCurve() {
    const { count, numSlices } = this.panel.stack;
    if (count === 1) return;
    const bands = this.view.truth.map((finding) => {
      const [from, to] = [finding.first, finding.last + 1].map((face) => this.position(this.inFrames(face)));
      return `<rect class="band" x="${from}" y="0" width="${to - from}" height="100"/>`;
    });
    const finding = this.view.predictions[this.panel.chosen];
    const weights = finding && finding.weights;
    let area = '';
    if (weights) {
      const highest = Math.max(...weights);
      const asFrames = weights.length === count;
      const edge = (bin) => this.position(asFrames ? bin : this.inFrames((bin * numSlices) / weights.length));
      const steps = weights.map((weight, bin) => `V${100 - (96 * weight) / highest} H${edge(bin + 1)}`);
      area = `<path class="area" d="M${edge(0)} 100 ${steps.join(' ')} V100 Z"/>`;
    }
    const here = this.position(this.panel.frame + 0.5);
    const lines = `<line class="base" x1="0" x2="1000" y1="100" y2="100"/><line class="marker" x1="${here}" x2="${here}" y1="0" y2="100"/>`;
    this.part('.curve').innerHTML = (settings.truth ? bands.join('') : '') + area + lines;
    const title = weights ? `Slice weights of finding ${this.panel.chosen + 1}` : 'No slice weights';
    const shaded = settings.truth && bands.length ? '; shaded: annotated slices' : '';
    this.part('.curve-title').textContent = title + shaded;
  }

  draw() {
    const rows = this.panel.marks.predictions().map((finding) => this.row(finding));
    this.part('.findings tbody').replaceChildren(...rows);
    this.part('.findings').hidden = rows.length === 0;
    const jumps = settings.truth ? this.view.truth.map((finding) => this.jump(finding)) : [];
    this.part('.jumps').replaceChildren(...jumps);
  }

  row(finding) {
    const rank = this.view.predictions.indexOf(finding);
    const row = element('tr', rank === this.panel.chosen ? 'chosen' : '');
    const name = element('td');
    const button = element('button', '', `Finding ${rank + 1}${finding.lesion && `, lesion ${finding.lesion}`}`);
    button.type = 'button';
    button.addEventListener('click', () => this.panel.choose(finding));
    name.append(element('span', 'dot prediction'), button);
    if (finding.location) name.append(element('small', 'where', finding.location));
    const result = finding.hit === null ? ['', '–'] : finding.hit ? ['hit', 'hit'] : ['miss', 'no hit'];
    row.append(name, element('td', '', finding.slice), element('td', '', finding.score.toFixed(3)), element('td', ...result));
    return this.linked(row, finding);
  }

  jump(finding) {
    const button = element('button');
    button.type = 'button';
    button.append(element('span', `dot ${finding.malignant ? 'truth' : 'benign'}`), `${finding.text}: slice ${finding.slice}`);
    button.addEventListener('click', () => this.panel.choose(finding));
    return this.linked(button, finding);
  }

  /** An element that lights its lesion. */
  linked(made, finding) {
    made.dataset.lesion = this.panel.marks.keyOf(finding);
    for (const name of ['pointerenter', 'focusin']) made.addEventListener(name, () => Marks.light(made.dataset.lesion));
    for (const name of ['pointerleave', 'focusout']) made.addEventListener(name, () => Marks.light(''));
    return made;
  }
}
