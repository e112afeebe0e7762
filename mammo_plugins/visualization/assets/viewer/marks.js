/** Boxes over an image: truth, predictions, patches. Those of one lesion light up together in all views. */
class Marks {
  constructor(panel) {
    this.panel = panel;
    this.view = panel.view;
  }

  /** What one lesion is called in all views of its case; findings without a lesion are one each. */
  keyOf(finding) {
    const { number } = this.view.planes;
    const kind = this.view.truth.includes(finding) ? 'truth' : 'found';
    const own = (kind === 'truth' ? this.view.truth : this.view.predictions).indexOf(finding);
    return finding.lesion ? `${this.panel.caseKey} ${kind} ${finding.lesion}` : `${kind} ${number} ${own}`;
  }

  /** Predictions that pass the page's settings. */
  predictions() {
    const passing = (finding) => settings.predictions && finding.score >= settings.threshold;
    return this.view.predictions.filter((finding, rank) => rank < settings.shown && passing(finding));
  }

  /** Annotated findings in the slices that are shown. */
  truth() {
    if (!settings.truth) return [];
    const [first, last] = this.panel.stack.span(this.panel.frame);
    const [from, to] = [this.view.ranges[first][0], this.view.ranges[last][1]];
    return this.view.truth.filter((finding) => finding.first <= to && finding.last >= from);
  }

  isHere(finding) {
    const [first, last] = this.panel.stack.span(this.panel.frame);
    const frame = this.panel.stack.frameOf(finding.slice);
    return first <= frame && frame <= last;
  }

  draw() {
    const boxes = [];
    if (settings.patches) {
      for (const patch of this.view.patches) {
        const [width, height] = this.view.size;
        const [left, top, right, bottom] = patch.box;
        const box = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
        if (box[0] < box[2] && box[1] < box[3]) boxes.push(this.box({ box }, 'patch', patch.text));
      }
    }
    for (const finding of this.truth()) {
      boxes.push(this.box(finding, `truth ${finding.malignant ? '' : 'benign'}`, finding.text));
    }
    for (const finding of this.predictions()) {
      const here = this.isHere(finding);
      const chosen = finding === this.view.predictions[this.panel.chosen] ? ' chosen' : '';
      const text = here ? `${finding.lesion} ${finding.score.toFixed(2)}`.trim() : finding.lesion;
      boxes.push(this.box(finding, `prediction${here ? chosen : ' away'}`, text));
    }
    this.panel.part('.boxes').replaceChildren(...boxes);
  }

  box(finding, className, text) {
    const [left, top, right, bottom] = finding.box;
    const [width, height] = this.view.size;
    const made = element('div', `box ${className}`);
    made.style.left = percent(left, width);
    made.style.top = percent(top, height);
    made.style.width = percent(right - left, width);
    made.style.height = percent(bottom - top, height);
    const isTruth = className.startsWith('truth');
    const low = isTruth ? bottom < 0.92 * height : top < 0.06 * height;
    made.classList.toggle('low', low);
    made.classList.toggle('right', left > 0.6 * width);
    if ('slice' in finding) {
      made.dataset.lesion = this.keyOf(finding);
      made.classList.toggle('lit', made.dataset.lesion === Marks.lit);
    }
    if (text) made.append(element('span', '', text));
    return made;
  }

  /** The smallest finding around a point of the image, or undefined. */
  at({ x, y }) {
    if (!settings.marks) return undefined;
    const area = ({ box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
    const around = ({ box: [left, top, right, bottom] }) => left <= x && x <= right && top <= y && y <= bottom;
    return [...this.predictions(), ...this.truth()].filter(around).sort((one, other) => area(one) - area(other))[0];
  }

  /** Lights all boxes and rows of one lesion; nothing for an empty key. */
  static light(key) {
    if (key === Marks.lit) return;
    Marks.lit = key;
    document.querySelectorAll('[data-lesion]').forEach((mark) => mark.classList.toggle('lit', mark.dataset.lesion === key));
  }
}

Marks.lit = '';
