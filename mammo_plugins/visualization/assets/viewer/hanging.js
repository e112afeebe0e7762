/** The views of a study as radiologists hang them: RCC and LCC over RMLO and LMLO, chest walls together, in one scale. */
class Hanging {
  /** @param exam the study, see examsOf. */
  constructor(exam) {
    this.exam = exam;
    this.root = element('div', 'hanging');
    this.root.setAttribute('role', 'group');
    this.root.setAttribute('aria-label', `Study ${exam.name}`);
    this.details = element('div', 'details');
    this.slots = this.fill();
    this.arrange();
  }

  fill() {
    const slots = new Map();
    for (const entry of this.exam.cases) {
      for (const view of entry.views) {
        const name = view.name.toUpperCase();
        if (!slots.has(name)) slots.set(name, new ViewSlot(view.name));
        const panel = new ViewPanel(view, entry.key);
        slots.get(name).add(panel);
        this.details.append(panel.details);
      }
    }
    return [...slots.values()];
  }

  /** @param alone the only slot to be seen; all are by default. */
  arrange(alone) {
    const seen = alone ? [alone] : this.slots;
    for (const slot of this.slots) slot.root.hidden = !seen.includes(slot);
    const sides = new Set(seen.map((slot) => slot.side));
    const order = ['CC', 'MLO'];
    const rank = ({ projection }) => (order.includes(projection) ? order.indexOf(projection) : order.length);
    this.slots.sort((one, other) => rank(one) - rank(other) || one.projection.localeCompare(other.projection) || other.side.localeCompare(one.side));
    const rows = [...new Set(this.slots.filter((slot) => seen.includes(slot)).map((slot) => slot.projection))]; // in their order
    this.bothSides = sides.size > 1;
    seen.forEach((slot, index) => {
      slot.root.style.gridRow = this.bothSides ? rows.indexOf(slot.projection) + 1 : 1;
      slot.root.style.gridColumn = this.bothSides ? (slot.side === 'R' ? 1 : 2) : index + 1;
    });
    this.root.style.setProperty('--columns', this.bothSides ? 2 : seen.length);
    this.root.style.setProperty('--rows', this.bothSides ? rows.length : 1);
    if (!this.root.children.length) this.root.append(...this.slots.map((slot) => slot.root)); // moving them would take the focus
  }

  /** The images that are seen. */
  get shown() {
    return this.slots.filter((slot) => !slot.root.hidden).map((slot) => slot.shown);
  }

  get panels() {
    return this.slots.flatMap((slot) => slot.panels);
  }
}

/**
 * Lays images out in one scale: that of mm where all spacings are known, that of pixels where none is.
 * Where some are known, the others only fit their places.
 * @returns which of these it was, in words.
 */
function layOut(hangings) {
  const panels = hangings.flatMap((hanging) => hanging.shown.map((panel) => ({ panel, hanging })));
  const fits = ({ panel }) => panel.placement.fit(panel.room);
  const known = panels.filter(({ panel }) => panel.placement.isKnown);
  const alike = known.length ? known : panels;
  const scale = Math.min(...alike.map(fits));
  for (const one of panels) one.panel.put(alike.includes(one) ? scale : fits(one), one.hanging.bothSides);
  if (!known.length) return 'pixel spacing unknown: relative size by pixels';
  return known.length === panels.length ? 'true relative size' : 'true relative size, but for images of unknown spacing';
}
