"""The site builds without a warning, holds every page, and its references are what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from mammo_plugins.commands.main import COMMANDS

pytest.importorskip('sphinx', reason="pip install 'mammo-plugins[docs]'")


@pytest.fixture(scope='module')
def site(repository, tmp_path_factory) -> Path:
    """The site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp('site')
    words = [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q', '-c', 'docs', '-d', str(folder / 'doctrees')]
    done = subprocess.run(
        [*words, '.', str(folder / 'html')], cwd=repository, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / 'html'


def text_of(page: Path) -> str:
    return unescape(re.sub(r'<[^>]+>', '', page.read_text(encoding='utf-8')))


def test_site_holds_every_page_and_its_first_page_leads_there(repository, site):
    pages = [*repository.glob('docs/**/*.md'), *repository.glob('projects/*/README.md'), repository / 'README.md']
    missing = [page for page in pages if not (site / page.relative_to(repository)).with_suffix('.html').is_file()]
    assert missing == []
    (target,) = re.findall(r'url=([^"]+)"', (site / 'index.html').read_text())
    assert (site / target).is_file()


def test_links_between_pages_lead_to_pages(site):
    for page in site.rglob('*.html'):
        for link in re.findall(r'<a class="reference internal" href="([^"#]+)', page.read_text(encoding='utf-8')):
            assert (page.parent / link).resolve().is_file(), (page, link)


def test_site_loads_nothing_from_elsewhere(site):
    for page in site.rglob('*.html'):
        assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', page.read_text('utf-8')) == [], page


def test_reference_has_every_command_with_its_options(site):
    text = text_of(site / 'docs/reference/commands.html')
    for command in [*COMMANDS, 'phantoms exam', 'model export', 'model import', 'evidence freeze', 'convert bcs-dbt']:
        assert f'\nmammo {command}' in text, command
    assert '--dicom-settings JSON' in text and 'weights, a path or URL' in text


def test_reference_has_every_config_and_class_with_what_it_is(repository, site):
    configs = text_of(site / 'docs/reference/configs.html')
    for path in (*repository.glob('configs/*.py'), *repository.glob('projects/*/configs/**/*.py')):
        assert '_base_' in path.parts or path.name in configs, path
    assert 'Eq. 9, QuerySummary.' in configs and 'projects/mm3d/configs/mip_dbt.py' in configs
    classes = text_of(site / 'docs/reference/classes.html')
    for name in ('MalignancyWeightedFusion', 'CaseDataset', 'LoadMammogram', 'VolumeDetectionMetric'):
        assert name in classes
    assert 'Average of slice features, weighted by a softmax' in classes
