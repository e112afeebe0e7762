/**
 * Everything that a key does, and a button of the same name. The help lists this table, and nothing else listens to keys.
 * press: values of KeyboardEvent.key; shows: how they are written; isOn: whether a button is pressed.
 */
const tools = {
  window: 'window and level: drag sideways for contrast, up and down for brightness',
  pan: 'move the image (Shift and drag with any tool)',
  zoom: 'zoom: drag up and down (Ctrl and wheel with any tool)',
  ruler: 'measure between two points',
  compare: 'move the line between an image and what a model made of it',
};

function toolAction(tool, key) {
  return {
    name: tool, press: [key], shows: key, does: tools[tool], isOn: () => settings.tool === tool,
    run: (viewer) => { settings.tool = tool; viewer.redraw(); },
  };
}

function flip(name) {
  return (viewer) => { settings[name] = !settings[name]; viewer.redraw(); };
}

function changeNumber(id, change) {
  const input = byId(id);
  input.value = Number(input.value) + change;
  if (Number(input.value) < Number(input.min)) input.value = input.min;
  input.dispatchEvent(new Event('input'));
}

const actions = [
  { name: 'next-slice', press: ['ArrowRight', 'ArrowUp'], shows: '→ ↑', does: 'next slice (also the wheel)', run: (viewer) => viewer.step(1) },
  { name: 'previous-slice', press: ['ArrowLeft', 'ArrowDown'], shows: '← ↓', does: 'slice before', run: (viewer) => viewer.step(-1) },
  { name: 'five-on', press: ['PageUp'], shows: 'Page up', does: 'five slices on', run: (viewer) => viewer.step(5) },
  { name: 'five-back', press: ['PageDown'], shows: 'Page down', does: 'five slices back', run: (viewer) => viewer.step(-5) },
  { name: 'first-slice', press: ['Home'], shows: 'Home', does: 'first slice', run: (viewer) => viewer.jump(() => 0) },
  { name: 'last-slice', press: ['End'], shows: 'End', does: 'last slice', run: (viewer) => viewer.jump((count) => count - 1) },
  { name: 'cine', press: [' '], shows: 'Space', does: 'cine: run through the slices, or stop', isOn: (viewer) => viewer.cine.isRunning, run: (viewer) => viewer.cine.run(viewer.cine.isRunning ? [] : viewer.targets) },
  { name: 'faster', press: ['.'], shows: '.', does: 'faster cine', run: () => changeNumber('speed', 2) },
  { name: 'slower', press: [','], shows: ',', does: 'slower cine', run: () => changeNumber('speed', -2) },
  { name: 'thicker', press: [']'], shows: ']', does: 'thicker slab: the brightest of more slices', run: () => changeNumber('slab', 1) },
  { name: 'thinner', press: ['['], shows: '[', does: 'thinner slab', run: () => changeNumber('slab', -1) },
  { name: 'jump', press: ['j'], shows: 'j', does: 'jump to the slice of the next mark (also: click a mark)', run: (viewer) => viewer.targets.forEach((panel) => panel.chooseNext()) },
  { name: 'marks', press: ['m'], shows: 'm', does: 'all marks and maps on or off', isOn: () => settings.marks, run: flip('marks') },
  { name: 'invert', press: ['i'], shows: 'i', does: 'invert; the background stays black', isOn: () => settings.inverted, run: flip('inverted') },
  toolAction('window', 'w'),
  toolAction('pan', 'h'),
  toolAction('zoom', 'z'),
  toolAction('ruler', 'r'),
  toolAction('compare', 'c'),
  { name: 'loupe', press: ['l'], shows: 'l', does: 'loupe at the pointer', isOn: () => settings.loupe, run: flip('loupe') },
  { name: 'link', press: ['k'], shows: 'k', does: 'link views: window, zoom, place and loupe of all together', isOn: () => settings.linked, run: flip('linked') },
  { name: 'reset', press: ['0'], shows: '0', does: 'window, zoom and place as at the start', run: (viewer) => viewer.reset() },
  { name: 'switch', press: ['v'], shows: 'v', does: 'next image of each view: FFDM, SM, DBT', run: (viewer) => viewer.switchImages() },
  { name: 'beside', press: ['b'], shows: 'b', does: 'another study of the patient beside this one, then the next, then none', isOn: (viewer) => Boolean(viewer.beside), run: (viewer) => viewer.openBeside(viewer.others[viewer.others.indexOf(viewer.beside) + 1] || null) },
  { name: 'next', press: ['n'], shows: 'n', does: 'next study', run: (viewer) => viewer.open(viewer.current + 1) },
  { name: 'previous', press: ['p'], shows: 'p', does: 'study before', run: (viewer) => viewer.open(viewer.current - 1) },
  { name: 'solo', press: ['o'], shows: 'o', does: 'one view in all the room, or all views (also a double click)', isOn: (viewer) => Boolean(viewer.alone), run: (viewer) => viewer.showAlone(viewer.alone ? null : viewer.targets[0]) },
  { name: 'screen', press: ['f'], shows: 'f', does: 'whole screen, or back', isOn: () => Boolean(document.fullscreenElement), run: () => (document.fullscreenElement ? document.exitFullscreen() : byId('viewer').requestFullscreen()) },
  { name: 'clear', press: ['Escape'], shows: 'Esc', does: 'remove measurements', run: (viewer) => viewer.panels.forEach((panel) => panel.ruler.clear()) },
  { name: 'help', press: ['?'], shows: '?', does: 'this list', run: () => (byId('help').open ? byId('help').close() : byId('help').showModal()) },
];

/** Connects keys and buttons to the table, and writes the help from it. */
function bindActions(viewer) {
  const buttons = [...document.querySelectorAll('[data-action]')];
  const state = () => {
    for (const button of buttons) {
      const { isOn } = actions.find((action) => action.name === button.dataset.action);
      if (isOn) button.setAttribute('aria-pressed', String(isOn(viewer)));
    }
  };
  const run = (action, element) => {
    viewer.pressedIn = element;
    action.run(viewer);
    state();
  };
  for (const button of buttons) {
    const action = actions.find(({ name }) => name === button.dataset.action);
    button.title = `${action.does} (${action.shows})`;
    button.setAttribute('aria-keyshortcuts', action.press.map((key) => (key === ' ' ? 'Space' : key)).join(' '));
    button.addEventListener('click', () => run(action, null));
  }
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || (target.matches?.('select, input[type=number]'))) return;
    const action = actions.find(({ press }) => press.includes(event.key));
    if (!action || (byId('help').open && action.name !== 'help')) return;
    const ownKeys = { button: [' '], a: [], 'input[type=range]': ['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'], 'input[type=checkbox]': [' '] };
    if (Object.entries(ownKeys).some(([kind, keys]) => target.matches?.(kind) && keys.includes(event.key))) return;
    event.preventDefault();
    run(action, target);
  });
  document.addEventListener('fullscreenchange', state);
  byId('keys').replaceChildren(...actions.map(({ shows, does }) => {
    const row = element('tr');
    const head = element('th');
    head.scope = 'row';
    head.append(...shows.split(/ (?=[^a-z])/).flatMap((key) => [element('kbd', '', key), ' ']));
    row.append(head, element('td', '', does));
    return row;
  }));
  state();
}
