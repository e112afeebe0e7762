"""The commands of docs/deidentify.md, as they stand there."""

import re
import shlex

from mammo_plugins.commands.main import main


def test_commands_of_the_page_run(repository, tmp_path, monkeypatch):
    (block,) = re.findall(r'```bash\n(.*?)```', (repository / 'docs/deidentify.md').read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert [words[:2] for words in commands] == [['mammo', name] for name in ('phantoms', 'deidentify', 'deidentify')]
    for words in commands:
        assert main(words[1:]) == 0
    shared, again = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob('*.dcm')}
        for folder in (tmp_path / 'shared', tmp_path / 'again')
    )
    assert shared == again and len(shared) == 4
    assert (tmp_path / 'shared-left-out.csv').read_text() == 'File,Status,Reason\n'


def test_codes_of_the_page_are_those_that_are_recorded(repository):
    from mammo_plugins.io.deidentify.deidentifier import RECORDED

    told = re.findall(r'\b(1131\d\d) ', (repository / 'docs/deidentify.md').read_text())
    assert sorted(told) == sorted(value for value, _ in RECORDED)
