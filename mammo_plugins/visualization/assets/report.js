(() => {
  const report = JSON.parse(document.getElementById('report-data').textContent);
  const settings = { shown: 3, threshold: 0, truth: true, predictions: true, patches: true, picture: '', divide: 0.5 };
  let panels = [];
  let current = 0;

  /** One image: its frames, boxes, slice slider and slice-weight curve. */
  class ViewPanel {
    constructor(view) {
      this.view = view;
      this.root = byId('view-template').content.firstElementChild.cloneNode(true);
      this.part = (selector) => this.root.querySelector(selector);
      this.count = view.frames.length;
      this.numSlices = view.ranges[this.count - 1][1] + 1;
      this.chosen = view.predictions.length ? 0 : -1;
      this.frame = this.startFrame();
      this.root.classList.toggle('flat', this.count === 1);
      this.root.setAttribute('aria-label', view.name);
      this.part('.view-name').textContent = view.name;
      this.part('.view-caption').textContent = view.caption;
      const [width, height] = view.size;
      const stage = this.part('.stage');
      stage.style.aspectRatio = `${width} / ${height}`;
      stage.style.width = `min(100%, calc(min(66vh, 640px) * ${width / height}))`;
      this.slider = this.part('.slice');
      this.slider.max = this.count - 1;
      this.slider.setAttribute('aria-label', `Slice of ${view.name}`);
      this.slider.addEventListener('input', () => this.show(Number(this.slider.value)));
      this.saliency = new SaliencyLayers(view.saliency, this.root);
      for (const name of ['pointerdown', 'pointermove']) stage.addEventListener(name, (event) => this.onDrag(event));
      stage.addEventListener('wheel', (event) => this.onWheel(event), { passive: false });
      this.root.addEventListener('keydown', (event) => this.onKey(event));
    }

    frameOf(slice) {
      const found = this.view.ranges.findIndex(([first, last]) => first <= slice && slice <= last);
      return found < 0 ? (slice < 0 ? 0 : this.count - 1) : found;
    }

    startFrame() {
      const first = this.view.predictions[0] || this.view.truth[0];
      return first ? this.frameOf(first.slice) : Math.floor(this.count / 2);
    }

    visible() {
      const passing = (finding) => settings.predictions && finding.score >= settings.threshold;
      return this.view.predictions.filter((finding, rank) => rank < settings.shown && passing(finding));
    }

    shows(finding) {
      const [first, last] = this.view.ranges[this.frame];
      return finding.first <= last && finding.last >= first;
    }

    show(frame) {
      this.frame = Math.max(0, Math.min(this.count - 1, frame));
      const [first, last] = this.view.ranges[this.frame];
      const name = first === last ? `${first}` : `${first}–${last}`;
      const text = this.count === 1 ? '' : `slice ${name} (0 to ${this.numSlices - 1})`;
      const image = this.part('.frame');
      image.src = this.view.frames[this.frame];
      image.alt = `${this.view.name} ${text}`;
      this.part('.slice-number').textContent = text;
      this.slider.value = this.frame;
      this.slider.setAttribute('aria-valuetext', text);
      this.drawPicture();
      this.saliency.draw();
      this.drawBoxes();
      this.drawCurve();
      this.decodeNeighbours();
    }

    decodeNeighbours() {
      for (const near of [this.frame + 1, this.frame - 1, this.frame + 2]) {
        if (near >= 0 && near < this.count) new Image().src = this.view.frames[near];
      }
    }

    /** The picture that a model made, right of the line. */
    drawPicture() {
      const picture = this.part('.picture');
      const made = this.view.pictures.find((entry) => entry.name === settings.picture);
      picture.hidden = this.part('.divider').hidden = !made;
      this.part('.stage').classList.toggle('compared', Boolean(made));
      if (!made) return;
      if (picture.dataset.name !== made.name) [picture.src] = made.picture;
      picture.dataset.name = made.name;
      picture.alt = `${this.view.name}, ${made.name} image by the model`;
      picture.style.clipPath = `inset(0 0 0 ${percent(settings.divide, 1)})`;
      this.part('.divider').style.left = percent(settings.divide, 1);
    }

    onDrag(event) {
      if (event.buttons !== 1 || this.part('.picture').hidden) return;
      event.preventDefault();
      const { left, width } = this.part('.stage').getBoundingClientRect();
      divideAt(Math.max(0, Math.min(1, (event.clientX - left) / width)));
    }

    drawBoxes() {
      const layer = this.part('.boxes');
      layer.replaceChildren();
      if (settings.patches) {
        for (const patch of this.view.patches) {
          const [width, height] = this.view.size;
          const [left, top, right, bottom] = patch.box;
          const box = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
          if (box[0] < box[2] && box[1] < box[3]) layer.append(this.box({ box }, 'patch', patch.text));
        }
      }
      if (settings.truth) {
        for (const finding of this.view.truth.filter((entry) => this.shows(entry))) {
          layer.append(this.box(finding, `truth ${finding.malignant ? '' : 'benign'}`, finding.text));
        }
      }
      for (const finding of this.visible()) {
        const here = this.count === 1 || this.frameOf(finding.slice) === this.frame;
        const chosen = finding === this.view.predictions[this.chosen] ? ' chosen' : '';
        layer.append(this.box(finding, `prediction${here ? chosen : ' away'}`, here ? `${finding.lesion} ${finding.score.toFixed(2)}`.trim() : finding.lesion));
      }
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
      if (text) made.append(element('span', '', text));
      return made;
    }

    /** Where on the slider a point of the stack lies, in frames: 0 at the first frame's middle, 1000 at the last one's. */
    position(frames) {
      return (1000 * (frames - 0.5)) / (this.count - 1);
    }

    /** A point of the volume, in stored slices from the upper face of the first, in frames. */
    inFrames(slices) {
      const frame = this.frameOf(Math.floor(slices));
      const [first, last] = this.view.ranges[frame];
      return frame + Math.min(1, (slices - first) / (last + 1 - first));
    }

    drawCurve() {
      if (this.count === 1) return;
      const bands = this.view.truth.map((finding) => {
        const [from, to] = [finding.first, finding.last + 1].map((face) => this.position(this.inFrames(face)));
        return `<rect class="band" x="${from}" y="0" width="${to - from}" height="100"/>`;
      });
      const finding = this.view.predictions[this.chosen];
      const weights = finding && finding.weights;
      let area = '';
      if (weights) {
        const highest = Math.max(...weights);
        const asFrames = weights.length === this.count;
        const edge = (bin) => this.position(asFrames ? bin : this.inFrames((bin * this.numSlices) / weights.length));
        const steps = weights.map((weight, bin) => `V${100 - (96 * weight) / highest} H${edge(bin + 1)}`);
        area = `<path class="area" d="M${edge(0)} 100 ${steps.join(' ')} V100 Z"/>`;
      }
      const here = this.position(this.frame + 0.5);
      const lines = `<line class="base" x1="0" x2="1000" y1="100" y2="100"/><line class="marker" x1="${here}" x2="${here}" y1="0" y2="100"/>`;
      this.part('.curve').innerHTML = (settings.truth ? bands.join('') : '') + area + lines;
      const title = weights ? `Slice weights of finding ${this.chosen + 1}` : 'No slice weights';
      const shaded = settings.truth && bands.length ? '; shaded: annotated slices' : '';
      this.part('.curve-title').textContent = title + shaded;
    }

    drawLists() {
      const rows = this.visible().map((finding) => this.row(finding));
      this.part('.findings tbody').replaceChildren(...rows);
      this.part('.findings').hidden = rows.length === 0;
      const jumps = settings.truth ? this.view.truth.map((finding) => this.jump(finding)) : [];
      this.part('.jumps').replaceChildren(...jumps);
    }

    row(finding) {
      const rank = this.view.predictions.indexOf(finding);
      const row = element('tr', rank === this.chosen ? 'chosen' : '');
      const name = element('td');
      const button = element('button', '', `Finding ${rank + 1}${finding.lesion && `, lesion ${finding.lesion}`}`);
      button.type = 'button';
      button.addEventListener('click', () => this.choose(rank));
      name.append(element('span', 'dot prediction'), button);
      if (finding.location) name.append(element('small', 'where', finding.location));
      const result = finding.hit === null ? ['', '–'] : finding.hit ? ['hit', 'hit'] : ['miss', 'no hit'];
      row.append(name, element('td', '', finding.slice), element('td', '', finding.score.toFixed(3)), element('td', ...result));
      return row;
    }

    jump(finding) {
      const button = element('button');
      button.type = 'button';
      button.append(element('span', `dot ${finding.malignant ? 'truth' : 'benign'}`), `${finding.text}: slice ${finding.slice}`);
      button.addEventListener('click', () => this.show(this.frameOf(finding.slice)));
      return button;
    }

    choose(rank) {
      this.chosen = rank;
      this.drawLists();
      this.show(this.frameOf(this.view.predictions[rank].slice));
      this.part(`.findings tr:nth-child(${this.visible().indexOf(this.view.predictions[rank]) + 1}) button`).focus();
    }

    redraw() {
      this.drawLists();
      this.show(this.frame);
    }

    onWheel(event) {
      if (this.count === 1 || event.ctrlKey) return;
      event.preventDefault();
      this.show(this.frame + Math.sign(event.deltaY));
    }

    onKey(event) {
      if (event.target === this.slider) return; // a slider has these keys of its own
      const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
      const targets = { Home: 0, End: this.count - 1 };
      const next = event.key in targets ? targets[event.key] : this.frame + (steps[event.key] || 0);
      if (!(event.key in targets) && !(event.key in steps)) return;
      event.preventDefault();
      this.show(next);
    }
  }

  function divideAt(share) {
    settings.divide = share;
    byId('divide').value = share;
    panels.forEach((panel) => panel.drawPicture());
  }

  function openCase(index) {
    current = (index + report.cases.length) % report.cases.length;
    const shown = report.cases[current];
    byId('case-title').replaceChildren(shown.id, ' ', element('span', '', [shown.label, shown.caption].filter(Boolean).join(' · ')));
    panels = shown.views.map((view) => new ViewPanel(view));
    byId('views').replaceChildren(...panels.map((panel) => panel.root));
    panels.forEach((panel) => panel.redraw());
    document.querySelectorAll('.case-list button').forEach((button, i) => button.setAttribute('aria-current', String(i === current)));
  }

  function listCases() {
    const buttons = report.cases.map((entry, index) => {
      const button = element('button');
      button.type = 'button';
      const kind = entry.label.startsWith('malignant') ? 'malignant' : 'other';
      button.append(entry.id, element('span', `pill ${kind}`, entry.label));
      if (entry.caption) button.append(element('small', '', entry.caption));
      button.addEventListener('click', () => openCase(index));
      return button;
    });
    byId('case-list').replaceChildren(...buttons);
  }

  function bind(id, change) {
    byId(id).addEventListener('input', (event) => {
      change(event.target);
      panels.forEach((panel) => panel.redraw());
    });
  }

  /** A choice among the pictures that a model made. Hidden where there is none. */
  function bindPictures(pictures) {
    const names = [...new Set(pictures.map((picture) => picture.name))];
    showControls('of-picture', names.length > 0);
    const options = ['', ...names].map((name) => {
      const option = element('option', '', name || 'none');
      option.value = name;
      return option;
    });
    byId('picture').replaceChildren(...options);
    byId('picture').value = settings.picture = names[0] || '';
    bind('picture', (input) => { settings.picture = input.value; });
  }

  function bindToolbar() {
    const views = report.cases.flatMap((entry) => entry.views);
    bindPictures(views.flatMap((view) => view.pictures));
    // Beside a picture to compare with, maps would hide what is compared.
    bindSaliency(views.flatMap((view) => view.saliency), !settings.picture, () => panels.forEach((panel) => panel.saliency.draw()));
    showControls('of-patches', views.some((view) => view.patches.length));
    bind('show-patches', (input) => { settings.patches = input.checked; });
    byId('divide').addEventListener('input', (event) => divideAt(Number(event.target.value)));
    const scores = views.flatMap((view) => view.predictions.map((p) => p.score));
    showControls('of-findings', scores.length > 0);
    const [low, high] = [Math.min(0, ...scores), Math.max(1, ...scores)];
    const slider = byId('threshold');
    const label = () => (byId('threshold-value').textContent = settings.threshold.toFixed(2));
    Object.assign(slider, { min: low, max: high, step: (high - low) / 100 });
    slider.value = settings.threshold = low;
    label();
    bind('threshold', (input) => { settings.threshold = Number(input.value); label(); });
    bind('shown', (input) => { settings.shown = Number(input.value); });
    bind('show-truth', (input) => { settings.truth = input.checked; });
    bind('show-predictions', (input) => { settings.predictions = input.checked; });
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(SELECT)$/.test(event.target.tagName)) return;
      if (event.key === 'n') openCase(current + 1);
      if (event.key === 'p') openCase(current - 1);
      if (event.key.startsWith('Arrow') && event.target === document.body && ['ArrowLeft', 'ArrowRight'].includes(event.key)) {
        panels.forEach((panel) => panel.show(panel.frame + (event.key === 'ArrowRight' ? 1 : -1)));
      }
    });
  }

  function bindTheme() {
    const button = byId('theme');
    const set = (dark) => {
      document.documentElement.dataset.theme = dark ? 'dark' : 'light';
      button.setAttribute('aria-pressed', String(dark));
    };
    set(window.matchMedia('(prefers-color-scheme: dark)').matches);
    button.addEventListener('click', () => set(document.documentElement.dataset.theme !== 'dark'));
  }

  bindTheme();
  if (report.cases.length) {
    listCases();
    bindToolbar();
    openCase(0);
  }
  document.documentElement.dataset.ready = 'true';
})();
