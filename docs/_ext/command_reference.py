"""``mammo-commands``: every command of ``mammo``, as its parser describes it."""

from __future__ import annotations

import argparse
import importlib
import os
from unittest import mock

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mammo_plugins.commands.main import COMMANDS

# Words behind a command that have a parser of their own, which the command's does not hold.
_OWN_PARSERS = {'phantoms': ('exam',), 'model': ('export', 'graph')}
_WIDTH = '110'


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive('mammo-commands', CommandReference)
    return {'parallel_read_safe': True}


class CommandReference(SphinxDirective):
    """A section for each command: what it does, its usage, its arguments."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        return self.parse_text_to_nodes(describe_commands(), allow_section_headings=True)


def describe_commands() -> str:
    """Markdown with a section for each command and each of its subcommands."""
    with mock.patch.dict(os.environ, COLUMNS=_WIDTH, NO_COLOR='1'):
        return '\n'.join(part for command in COMMANDS for part in _describe_command(command))


def _describe_command(command: str) -> list[str]:
    module_name, text = COMMANDS[command]
    module = importlib.import_module(f'mammo_plugins.commands.{module_name}')
    whole = _caught(module, command, [])
    below = _subparsers(whole)
    for word in _OWN_PARSERS.get(command, ()):
        own = _caught(module, command, [word])
        below[own.prog] = own, below.get(own.prog, (None, ''))[1]
    return [_describe(whole, 2, text), *(_describe(parser, 3, of_parser) for parser, of_parser in below.values())]


class _Caught(BaseException):
    """Carries the parser that was about to read arguments; nothing of the command has run by then."""


def _caught(module: object, command: str, words: list[str]) -> argparse.ArgumentParser:
    def catch(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _Caught(parser)

    with mock.patch.object(argparse.ArgumentParser, 'parse_args', catch):
        try:
            module.main(words, prog=f'mammo {command}')
        except _Caught as caught:
            return caught.args[0]
    raise ValueError(f'mammo {command} parses no arguments by argparse')


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """The parsers below one and what its help says of them, by what stands before their arguments."""
    found = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts = {choice.dest: choice.help or '' for choice in action._choices_actions}
            found |= {choice.prog: (choice, texts.get(name, '')) for name, choice in action.choices.items()}
    return found


def _describe(parser: argparse.ArgumentParser, level: int, text: str) -> str:
    usage = parser.format_usage().removeprefix('usage: ').rstrip()
    rows = [
        f'| {_names(action)} | {_help(action, parser)} |'
        for action in parser._actions
        if not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))
    ]
    table = '\n'.join(['| argument | what |', '|---|---|', *rows]) if rows else ''
    parts = (
        f'{"#" * level} {parser.prog}',
        _plain(parser.description or text),
        f'```text\n{usage}\n```',
        table,
        _plain(parser.epilog or ''),
    )
    return '\n\n'.join(filter(None, parts)) + '\n'


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f'`{action.metavar or action.dest}`'
    value = '' if action.nargs == 0 else f' {_value(action)}'
    return ', '.join(f'`{name}{value}`' for name in action.option_strings)


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return ' '.join(action.metavar)
    return action.metavar or (action.dest.upper() if action.choices is None else 'CHOICE')


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    text = (action.help or '') % {**vars(action), 'prog': parser.prog}
    if action.choices is not None and action.metavar is None:
        text += f' ({", ".join(map(str, action.choices))})'
    return _plain(text.strip())


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    text = ' '.join(text.split())
    for mark in ('\\', '|', '<', '*', '_', '`', '[', '#'):
        text = text.replace(mark, f'\\{mark}')
    return text
