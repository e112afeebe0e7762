/** The place of one view of one breast: its FFDM, SM and DBT, one of which is seen. */
class ViewSlot {
  constructor(name) {
    this.name = name;
    this.panels = [];
    this.root = element('div', 'slot');
    this.switch = element('div', 'switch');
    this.switch.setAttribute('role', 'group');
    this.switch.setAttribute('aria-label', `Image of ${name}`);
  }

  get side() {
    return this.name.toUpperCase().startsWith('R') ? 'R' : 'L';
  }

  get projection() {
    return this.name.toUpperCase().replace(/^[RL]-?/, '');
  }

  add(panel) {
    this.panels.push(panel);
    this.root.append(panel.root);
    const named = this.panels.filter((one) => one.view.modality === panel.view.modality).length;
    panel.label = `${panel.view.modality || 'image'}${named > 1 ? ` ${named}` : ''}`;
    const button = element('button', '', panel.label);
    button.type = 'button';
    button.addEventListener('click', () => this.choose(panel.label));
    this.switch.append(button);
    this.turnTo(this.panels[0]);
  }

  /** Shows the image of a label, where it has one. */
  choose(label) {
    const panel = this.panels.find((one) => one.label === label);
    if (!panel) return;
    this.turnTo(panel);
    this.changed?.();
    announce(`${this.name}: ${label}`);
  }

  turnTo(panel) {
    this.shown = panel;
    this.panels.forEach((one, index) => {
      one.root.hidden = one.details.hidden = one !== panel;
      this.switch.children[index].setAttribute('aria-pressed', String(one === panel));
    });
    this.switch.hidden = this.panels.length < 2;
    panel.part('.view-name').after(this.switch);
  }
}
