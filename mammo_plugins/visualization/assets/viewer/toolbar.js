/** The controls above the views that are no buttons. */
function bindToolbar(viewer) {
  const views = viewer.exams.flatMap((exam) => exam.cases.flatMap((entry) => entry.views));
  const bind = (id, change) => byId(id).addEventListener('input', (event) => {
    change(event.target);
    viewer.redraw();
  });
  bindPictures(views.flatMap((view) => view.pictures), bind);
  // Beside a picture to compare with, maps would hide what is compared.
  bindSaliency(views.flatMap((view) => view.saliency), !settings.picture, () => viewer.panels.forEach((panel) => panel.saliency.draw()));
  showControls('of-patches', views.some((view) => view.patches.length));
  showControls('of-volumes', views.some((view) => view.ranges.length > 1));
  bind('show-patches', (input) => { settings.patches = input.checked; });
  byId('divide').addEventListener('input', (event) => viewer.divideAt(Number(event.target.value)));
  bindScores(views.flatMap((view) => view.predictions.map((found) => found.score)), bind);
  bind('shown', (input) => { settings.shown = Number(input.value); });
  bind('show-truth', (input) => { settings.truth = input.checked; });
  bind('show-predictions', (input) => { settings.predictions = input.checked; });
  bind('slab', (input) => { settings.slab = Math.max(1, Number(input.value) || 1); });
  bind('slab-unit', (input) => { settings.slabUnit = input.value; });
  byId('speed').addEventListener('input', (event) => {
    settings.framesPerSecond = Number(event.target.value);
    byId('speed-value').textContent = `${settings.framesPerSecond} / s`;
  });
  byId('preset').replaceChildren(...Object.entries(windowPresets).map(([name, { text }]) => option(name, text)));
  byId('preset').addEventListener('input', (event) => viewer.choosePreset(event.target.value));
}

function option(value, text) {
  const made = element('option', '', text);
  made.value = value;
  return made;
}

/** A choice among the pictures that a model made. Hidden where there is none. */
function bindPictures(pictures, bind) {
  const names = [...new Set(pictures.map((picture) => picture.name))];
  showControls('of-picture', names.length > 0);
  byId('picture').replaceChildren(...['', ...names].map((name) => option(name, name || 'none')));
  byId('picture').value = settings.picture = names[0] || '';
  if (names.length) settings.tool = 'compare';
  bind('picture', (input) => { settings.picture = input.value; });
}

/** The threshold between the lowest and the highest score. Hidden where there is none. */
function bindScores(scores, bind) {
  showControls('of-findings', scores.length > 0);
  const [low, high] = [Math.min(0, ...scores), Math.max(1, ...scores)];
  const label = () => { byId('threshold-value').textContent = settings.threshold.toFixed(2); };
  const slider = byId('threshold');
  Object.assign(slider, { min: low, max: high, step: (high - low) / 100 });
  slider.value = settings.threshold = low;
  label();
  bind('threshold', (input) => { settings.threshold = Number(input.value); label(); });
}

/** A choice among the other studies of the patient. Hidden where there is none. */
function listOthers(viewer) {
  const others = viewer.others;
  showControls('of-others', others.length > 0);
  byId('beside').replaceChildren(option('', 'none'), ...others.map((exam, index) => option(index, exam.when || exam.study || exam.name)));
  byId('beside').value = viewer.beside ? others.indexOf(viewer.beside) : '';
}
