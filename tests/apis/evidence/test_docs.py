"""The commands of docs/evidence.md, in their order, in a folder that has what the page takes for granted."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess

from mammo_plugins.commands.main import main
from tests.markdown_tables import read_tables

from .test_evidence import copy_of


def commands_of(page: str) -> list[str]:
    blocks = re.findall(r'```bash\n(.*?)```', page, re.DOTALL)
    return [line for block in blocks for line in block.replace('\\\n', ' ').splitlines()]


def test_commands_of_the_page_run(repository, bundle, phantom_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(bundle, tmp_path / 'model.zip')
    copy_of(phantom_root, tmp_path / 'data').rename(tmp_path / 'data/ffdm.json')
    commands = commands_of((repository / 'docs/evidence.md').read_text())
    assert len(commands) == 8
    for command in commands:
        if command.startswith('mammo '):
            few = ['--bootstrap', '20'] if ' freeze ' in command else []  # the last one given counts
            assert main([*shlex.split(command)[1:], *few]) == 0, command
        else:
            subprocess.run(['bash', '-c', command], check=True)
    assert {path.name for path in (tmp_path / 'evidence').iterdir()} == {
        'evidence.html', 'evidence.json', 'sbom.cdx.json', 'predictions', 'run.json'
    }  # fmt: skip


def test_every_section_and_part_of_the_plan_is_documented(repository, evidence):

    shown = (repository / 'docs/evidence.md').read_text()
    page = (evidence / 'evidence.html').read_text()
    titles = re.findall(r'<h2>\d+ ([^<]+)</h2>', page)
    assert [row['section'] for row in next(t for t in read_tables(shown) if 'section' in t[0])] == titles
    parts = next(t for t in read_tables(shown) if 'part of the plan' in t[0])
    named = {name.strip('` ') for row in parts for name in row['part of the plan'].split(',')}
    plan = json.loads((evidence.parent / 'plan.json').read_text())
    assert named | {'kind', 'format', 'frozen', 'mammo_plugins'} == set(plan)
