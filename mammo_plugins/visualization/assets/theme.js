/** The light and the dark page. */
(() => {
  const button = byId('theme');
  const set = (dark) => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(dark));
  };
  set(window.matchMedia('(prefers-color-scheme: dark)').matches);
  button.addEventListener('click', () => set(document.documentElement.dataset.theme !== 'dark'));
  document.documentElement.dataset.ready = 'true';
})();
