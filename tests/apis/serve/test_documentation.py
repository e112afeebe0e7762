"""The page of the service says what the code does."""

from __future__ import annotations

import re

import pytest

from mammo_plugins.apis.serve import receiver, settings
from mammo_plugins.apis.serve.states import FOLLOWING
from mammo_plugins.commands.serve import _build_parser
from tests.markdown_commands import read_commands
from tests.markdown_tables import read_tables


@pytest.fixture
def page(repository):
    return (repository / 'docs/serve.md').read_text()


def rows(page, column):
    return next(table for table in read_tables(page) if column in table[0])


def words(cell):
    """The names in a cell, without what stands in brackets."""
    return [word.strip(' `') for word in re.sub(r'\(.*?\)', '', cell).split(',')]


def test_states_are_those_of_the_table(page):
    stated = {row['state']: set(words(row['what may follow'])) for row in rows(page, 'what may follow')}
    assert stated == {state.value: {one.value for one in after} for state, after in FOLLOWING.items() if after}


def test_answers_are_those_of_the_receiver(page):
    stated = set(re.findall(r'\b([0-9A-F]{4})\b', ' '.join(row['answer'] for row in rows(page, 'answer'))))
    codes = (
        receiver.UNUSABLE,
        receiver.CONFLICT,
        receiver.NOT_WANTED,
        receiver.OUT_OF_RESOURCES,
        receiver.NOT_AUTHORIZED,
    )
    assert stated == {f'{code:04X}' for code in codes}


def test_ways_to_confirm_are_all_named(page):
    stated = [word for row in rows(page, 'confirm') for word in words(row['confirm'])]
    assert stated == [settings.NO_CONFIRMATION, settings.FIND, settings.QIDO, settings.COMMITMENT]


def test_every_command_is_one_that_the_parser_takes(repository):
    commands = [words for words in read_commands(repository / 'docs/serve.md') if words[:2] == ['mammo', 'serve']]
    assert len(commands) == 5
    for words in commands:
        arguments = words[2 : words.index('>')] if '>' in words else words[2:]
        _build_parser('mammo serve').parse_args(arguments)
