"""Each data set has a page, and what the page says of the command line is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mammo_plugins.commands.convert_dataset import _build_parser
from mammo_plugins.datasets.converters import CONVERTERS
from tests.markdown_tables import read_tables

DOCS = Path(__file__).parents[3] / 'docs'
RELEASES = [name for name in CONVERTERS if name != 'phantom']


def page(name: str) -> str:
    return (DOCS / 'datasets' / f'{name}.md').read_text()


def test_overview_links_every_page():
    overview = (DOCS / 'datasets.md').read_text()
    rows = read_tables(overview)[0]
    assert sorted(row['convert with'].removeprefix('mammo convert ') for row in rows) == sorted(RELEASES)
    assert all(f'(datasets/{name}.md)' in overview for name in RELEASES)


@pytest.mark.parametrize('name', RELEASES)
def test_options_of_the_page_are_those_of_the_command(name, capsys):
    with pytest.raises(SystemExit):
        _build_parser(None).parse_args([name, '--help'])
    known = set(re.findall(r'--[a-z][a-z-]+', capsys.readouterr().out)) - {
        '--help',
        '--strict',
        '--workers',
        '--no-progress',
        '--check-images',
    }
    table = next((rows for rows in read_tables(page(name)) if 'option' in rows[0]), [])
    shown = {option for row in table for option in re.findall(r'--[a-z][a-z-]+', row['option'])}
    assert shown == known


@pytest.mark.parametrize('name', RELEASES)
def test_page_says_what_a_newcomer_needs(name):
    text = page(name)
    assert '**Licence.**' in text or '## Licence' in text
    for needed in ('Cite', '## Getting it', f'mammo convert {name} ', 'mammo train configs/'):
        assert needed in text, needed
