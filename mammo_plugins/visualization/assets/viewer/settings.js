/** What the controls of the page say; one for all views. */
const settings = {
  shown: 3, threshold: 0, truth: true, predictions: true, patches: true, marks: true,
  picture: '', divide: 0.5,
  tool: 'window', inverted: false, linked: true, loupe: false,
  slab: 1, slabUnit: 'slices', framesPerSecond: 10,
};

/** Says something to screen readers. */
function announce(text) {
  byId('announcement').textContent = text;
}
