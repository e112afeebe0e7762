"""One browser for all pages that tests look at."""

from __future__ import annotations

import re

import pytest

from tests.headless_chromium import CHROMIUM, Chromium

_SETTLE = """(async () => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
  do {
    await frames();
    await new Promise((done) => setTimeout(done, 20));
  } while (document.querySelector('[aria-busy=true]'));
})()"""


class Pages:
    """Opens pages and looks at them; what goes wrong in a page is an error of the test.

    Attributes:
        browser: what they are opened with.
    """

    def __init__(self, browser: Chromium) -> None:
        self.browser = browser

    def open(self, path, actions=''):
        """A page after its scripts and ``actions`` have run."""
        self.browser.open(path)
        self.act(f'{{ {actions} }}')

    def act(self, actions=''):
        """Runs a script in the page, and waits until all is drawn; its value."""
        value = self.browser.run(actions or '0')
        self.browser.run(_SETTLE)
        assert self.browser.run('window.problems') == []
        return value

    def browse(self, path, actions=''):
        """The elements of a page after ``actions`` as text, without scripts, styles and templates."""
        self.open(path, actions)
        text = self.browser.run('document.documentElement.outerHTML')
        return re.sub('<template.*?</template>|<style>.*?</style>|<script.*?</script>', '', text, flags=re.DOTALL)


@pytest.fixture(scope='session', name='browser')
def browser_fixture():
    """A browser, which all tests share."""
    if CHROMIUM is None:
        pytest.skip('no chromium to open pages with')
    browser = Chromium(1400, 1000)
    yield browser
    browser.close()


@pytest.fixture(name='pages')
def pages_fixture(browser):
    """Pages in the browser."""
    return Pages(browser)
