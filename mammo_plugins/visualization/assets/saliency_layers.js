/** Saliency maps over an image: colours, outlines, and in words what they reach. */
const saliencySettings = { maps: new Set(), classes: new Set(), colours: true, opacity: 0.6, contours: false, level: 0.5 };
const saliencyNames = { maps: [], classes: [] };

class SaliencyLayers {
  /**
   * @param layers map, class and picture of each.
   * @param part finds an element of the view that they lie over.
   */
  constructor(layers, part) {
    this.layers = layers;
    this.part = part;
    this.overlays = layers.map((layer) => {
      const image = element('img', 'saliency');
      image.src = layer.picture;
      image.alt = `Saliency ${SaliencyLayers.nameOf(layer)}`;
      image.draggable = false;
      return image;
    });
    this.part('.saliency-layers').replaceChildren(...this.overlays);
  }

  static nameOf(layer) {
    return layer.map ? `${layer.map}: ${layer.class}` : layer.class;
  }

  /** Lines are told apart by the colour of their class and the dashes of their map. */
  static lineOf(layer) {
    const colours = ['#ff5fd2', '#5fe3ff', '#d6ff4a', '#ffffff', '#c9b6ff'];
    const dashes = [['none', 'solid'], ['7 4', 'dashed'], ['2 4', 'dotted'], ['12 4 2 4', 'dashed']];
    const known = ['malignant', 'benign'];
    const order = [...known, ...saliencyNames.classes.filter((name) => !known.includes(name))];
    const [dash, style] = dashes[saliencyNames.maps.indexOf(layer.map) % dashes.length];
    return { colour: colours[order.indexOf(layer.class) % colours.length], dash, style };
  }

  draw() {
    const { maps, classes, colours, opacity, contours: outlined, level } = saliencySettings;
    const shown = this.layers.filter((layer) => maps.has(layer.map) && classes.has(layer.class));
    this.overlays.forEach((image, index) => { image.hidden = !(colours && shown.includes(this.layers[index])); });
    this.part('.saliency-layers').style.opacity = opacity;
    const wanted = JSON.stringify([shown.map(SaliencyLayers.nameOf), outlined, level]);
    if (wanted === this.wanted) return; // another slice of the same volume
    this.wanted = wanted;
    this.describe(shown, wanted);
  }

  /** The outlines of what is shown, and in words how much of it reaches their level. */
  async describe(shown, wanted) {
    const decoded = await Promise.all(shown.map((layer) => (layer.levels ??= contours.decode(layer.picture))));
    if (wanted !== this.wanted) return; // something else was chosen meanwhile
    const drawn = shown.map((layer, index) => [layer, decoded[index]]);
    this.part('.contours').replaceChildren(...(saliencySettings.contours ? drawn.map((one) => this.outline(...one)) : []));
    this.part('.layer-list').replaceChildren(...drawn.map((one) => this.entry(...one)));
    this.part('.layer-list').hidden = shown.length === 0;
  }

  outline(layer, levels) {
    const { colour, dash } = SaliencyLayers.lineOf(layer);
    const made = document.createElementNS(this.part('.contours').namespaceURI, 'path');
    made.setAttribute('class', 'contour');
    made.setAttribute('d', contours.path(levels, 255 * saliencySettings.level));
    made.dataset.layer = SaliencyLayers.nameOf(layer);
    made.style.stroke = colour;
    made.style.strokeDasharray = dash;
    return made;
  }

  entry(layer, { levels }) {
    const { colour, style } = SaliencyLayers.lineOf(layer);
    const { contours: outlined, level } = saliencySettings;
    const line = element('span', 'line');
    line.style.borderTopColor = colour;
    line.style.borderTopStyle = style;
    const highest = levels.reduce((most, value) => Math.max(most, value), 0) / 255;
    const area = (100 * levels.reduce((count, value) => count + (value >= 255 * level), 0)) / levels.length;
    const reached = area === 0 ? 'nothing reaches' : `${area.toFixed(area < 1 ? 2 : 1)} % of the picture reach`;
    const made = element('li');
    made.append(line, `${SaliencyLayers.nameOf(layer)}: up to ${highest.toFixed(2)}`, outlined ? `, ${reached} ${level.toFixed(2)}` : '');
    return made;
  }
}

/**
 * A box to tick for each map and each class, of which what both name is shown; colours, outlines and their level.
 * @param layers of all views.
 * @param isShown whether one is shown from the start.
 * @param redraw draws all views anew.
 */
function bindSaliency(layers, isShown, redraw) {
  showControls('of-saliency', layers.length > 0);
  const change = (id, take) => byId(id).addEventListener('input', (event) => { take(event.target); redraw(); });
  for (const [kind, field] of [['maps', 'map'], ['classes', 'class']]) {
    const names = [...new Set(layers.map((layer) => layer[field]))];
    const first = names.includes('malignant') ? 'malignant' : names[0];
    saliencyNames[kind] = names;
    saliencySettings[kind] = new Set(isShown || kind === 'maps' ? [first] : []);
    byId(`saliency-${kind}`).replaceChildren(...names.map((name) => {
      const label = element('label');
      const input = element('input');
      Object.assign(input, { type: 'checkbox', value: name, checked: saliencySettings[kind].has(name) });
      input.addEventListener('input', () => {
        saliencySettings[kind][input.checked ? 'add' : 'delete'](name);
        redraw();
      });
      label.append(input, ` ${name || 'scored map'}`);
      return label;
    }));
    byId(`saliency-${kind}`).hidden = kind === 'maps' && names.length < 2;
  }
  change('show-colours', (input) => { saliencySettings.colours = input.checked; });
  change('opacity', (input) => { saliencySettings.opacity = Number(input.value); });
  change('show-contours', (input) => { saliencySettings.contours = input.checked; });
  change('contour-level', (input) => {
    saliencySettings.level = Number(input.value);
    byId('contour-value').textContent = saliencySettings.level.toFixed(2);
  });
}

