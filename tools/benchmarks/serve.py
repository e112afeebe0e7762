"""``mammo serve`` beside an Orthanc: studies an hour, memory over studies in a row, and an hour in which things break.

    python tools/benchmarks/serve.py --out tools/benchmarks/results/serve.json

First ``--studies`` of two FFDM each are sent one after the other, and memory is sampled. Then for ``--seconds``
studies keep coming, in order, backwards, twice, with a late image, with an association that ends in the middle of an
object, or with damaged objects between them, as long as the sender gets success for every good image; meanwhile the
service and its worker are killed (SIGKILL; the service is started again as systemd would), and the archive is killed,
started again, and stopped for a while. When all is quiet, what the archive has is compared with what was taken.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psutil
from archive import write_archive
from pydicom import dcmread

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for the archive and the damage that tests use


from tests.apis.serve.studies import associated
from tests.dicom_archive import Orthanc, running_orthanc
from tests.dicom_archive.private_network import free_port
from tests.fuzz.dicom_mutations import mutate_dicom

SETTINGS = """
spool = "{root}/spool"
[receive]
title = "MAMMO"
port = {port}
peers = [{{ title = "PACS", address = "127.0.0.1" }}]
minimum_free_gb = 0.0
network_timeout_seconds = 10.0
[complete]
idle_seconds = 2.0
[model]
name = "{model}"
device = "cpu"
[[destination]]
name = "archive"
title = "{title}"
address = "127.0.0.1"
port = {archive}
confirm = "find"
[delivery]
first_wait_seconds = 1.0
longest_wait_seconds = 20.0
tries = 1000
timeout_seconds = 10.0
[web]
port = {web}
"""
_QUIET_SECONDS = 1200  # for what is still to be done when no further study comes
_LATE_SECONDS = 12.0  # after the other image: its result is on its way or there


class RunningService:
    """``mammo serve`` as a process that is started again when it is killed."""

    def __init__(self, root: Path, archive: Orthanc, model: str) -> None:
        self.port, self._spool = free_port(), root / 'spool'
        self._config, self._log = root / 'serve.toml', root / 'serve.log'
        content = SETTINGS.format(
            root=root, port=self.port, archive=archive.dicom_port, title=archive.title, web=free_port(), model=model
        )
        self._config.write_text(content)
        self.memory_mib: list[tuple[int, float]] = []
        self.start()

    def start(self) -> None:
        """Until it listens."""
        words = [sys.executable, '-m', 'mammo_plugins.commands.main', 'serve', str(self._config)]
        with self._log.open('a') as log:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)
        if not self.process.stdout.readline():
            raise RuntimeError(f'mammo serve did not start: see {self._log}')

    def kill(self) -> None:
        """SIGKILL to the service; its worker sees that and ends."""
        self.process.kill()
        self.process.wait()
        self.start()

    def kill_worker(self) -> bool:
        """SIGKILL to the process with the model; false where there is none now."""
        for child in self._workers():
            with suppress(psutil.Error):
                child.kill()
                return True
        return False

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def verify_log(self) -> bool:
        """Whether the chain of its log is whole."""
        words = [sys.executable, '-m', 'mammo_plugins.commands.main', 'serve', str(self._config), '--verify-log']
        return subprocess.run(words, capture_output=True, timeout=120).returncode == 0

    def states(self) -> Counter:
        """Jobs by state."""
        with closing(sqlite3.connect(self._spool / 'jobs.sqlite', timeout=30)) as table:
            return Counter(dict(table.execute('SELECT state, COUNT(*) FROM jobs GROUP BY state')))

    def await_quiet(self, seconds: float = _QUIET_SECONDS) -> None:
        """Until every job is done or failed.

        Raises:
            TimeoutError: it takes too long.
        """
        limit = time.monotonic() + seconds
        while set(states := self.states()) - {'done', 'failed'}:
            if time.monotonic() > limit:
                raise TimeoutError(f'after {seconds:.0f} s jobs are {dict(states)}: see {self._log}')
            self.sample_memory()
            time.sleep(0.5)

    def sample_memory(self) -> None:
        """Resident memory of service and worker, after so many jobs that are done."""
        with suppress(psutil.Error):
            own = psutil.Process(self.process.pid)
            total = sum(one.memory_info().rss for one in (own, *self._workers()))
            self.memory_mib.append((self.states()['done'], total / 2**20))

    def _workers(self) -> list[psutil.Process]:
        """Python's tracker of resources, which has little memory, is not one."""
        with suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if 'resource_tracker' not in ' '.join(child.cmdline())]
        return []


class CutConnection:
    """A socket whose connection is lost after some bytes."""

    def __init__(self, connection: socket.socket, left: int = 4096) -> None:
        self._connection, self._left = connection, left

    def send(self, data: bytes) -> int:
        if self._left <= 0:
            self._connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionError
        sent = self._connection.send(data[: self._left])
        self._left -= sent
        return sent

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class Sender:
    """A modality that sends an image until it is taken.

    Attributes:
        taken: Study Instance UID to the images that were answered with success.
    """

    def __init__(self, service: RunningService, rng: Random) -> None:
        self._service, self._rng = service, rng
        self.taken: dict[str, set[str]] = defaultdict(set)
        self.ways: Counter = Counter()
        self.late: list[tuple[float, list[Path]]] = []

    def send_study(self, files: list[Path]) -> None:
        """One study, in a way drawn by chance."""
        ways = (self.send, self._backwards, self._twice, self._late, self._cut_off, self._damaged)
        way = self._rng.choice(ways)
        self.ways[way.__name__.strip('_')] += 1
        way(files)

    def send_late_images(self, all_of_them: bool = False) -> None:
        """Those whose time has come."""
        now = time.monotonic()
        due = [files for moment, files in self.late if all_of_them or moment <= now]
        self.late = [] if all_of_them else [one for one in self.late if one[0] > now]
        for files in due:
            self.send(files)

    def send(self, files: list[Path]) -> None:
        """In this order, again and again where the service is away."""
        for file in files:
            while not self._is_taken(file):
                time.sleep(0.5)
            header = dcmread(file, stop_before_pixels=True)
            self.taken[header.StudyInstanceUID].add(header.SOPInstanceUID)

    def _backwards(self, files: list[Path]) -> None:
        self.send(files[::-1])

    def _twice(self, files: list[Path]) -> None:
        self.send([*files, *files])

    def _late(self, files: list[Path]) -> None:
        self.send(files[:1])
        self.late.append((time.monotonic() + _LATE_SECONDS, files[1:]))

    def _cut_off(self, files: list[Path]) -> None:
        """The connection is gone after a part of an image; then it comes as a whole."""
        association = associated(self._service.port, files)
        if association.is_established:
            association.dul.socket.socket = CutConnection(association.dul.socket.socket)
            with suppress(RuntimeError, ValueError):
                association.send_c_store(dcmread(files[0]))
            association.abort()
        self.send(files)

    def _damaged(self, files: list[Path]) -> None:
        """A damaged copy of an image of another study, whatever is answered, between good ones."""
        self.send(files[:1])
        content = mutate_dicom(self._rng, files[1].read_bytes())
        with suppress(Exception):
            dataset = dcmread(BytesIO(content))
            dataset.StudyInstanceUID = f'{dataset.StudyInstanceUID}.9'
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f'{dataset.SOPInstanceUID}.9'
            association = associated(self._service.port, files)
            association.send_c_store(dataset)
            association.release()
        self.send(files[1:])

    def _is_taken(self, file: Path) -> bool:
        with suppress(RuntimeError, OSError, ValueError):
            association = associated(self._service.port, [file])
            if association.is_established:
                status = association.send_c_store(dcmread(file)).get('Status')
                association.release()
                return status == 0
        return False


class Faults:
    """What breaks, one thing after the other."""

    def __init__(self, service: RunningService, archive: Orthanc, rng: Random) -> None:
        self._service, self._archive, self._rng = service, archive, rng
        self.survived: Counter = Counter()
        self._mend: tuple[float, Callable[[], None]] | None = None

    def strike(self) -> None:
        """One fault by chance; none while the archive is away."""
        if self._mend is None:
            name, fault = self._rng.choice(
                (
                    ('service killed', self._kill_service),
                    ('worker killed', self._service.kill_worker),
                    ('archive killed', self._kill_archive),
                    ('archive stopped', self._stop_archive),
                )
            )
            if fault() is not False:
                self.survived[name] += 1

    def mend(self, now: bool = False) -> None:
        """Brings the archive back when its time has come."""
        if self._mend is not None and (now or time.monotonic() >= self._mend[0]):
            self._mend[1]()
            self._mend = None

    def _kill_service(self) -> None:
        self._service.kill()

    def _kill_archive(self) -> None:
        self._archive.process.kill()
        self._archive.process.wait()
        self._mend = (time.monotonic() + self._rng.uniform(5, 30), self._archive.start)

    def _stop_archive(self) -> None:
        process = self._archive.process
        process.send_signal(signal.SIGSTOP)
        self._mend = (time.monotonic() + self._rng.uniform(5, 30), lambda: process.send_signal(signal.SIGCONT))


def measure_a_row(service: RunningService, sender: Sender, studies: list[list[Path]]) -> dict[str, object]:
    """Studies one after the other without faults."""
    begun = time.monotonic()
    for files in studies:
        sender.send(files)
        service.sample_memory()
    service.await_quiet()
    seconds = time.monotonic() - begun
    service.sample_memory()
    done = service.states()['done']
    fifth = done / 5
    early = [mib for number, mib in service.memory_mib if number <= max(1, fifth)]
    late = [mib for number, mib in service.memory_mib if number >= done - fifth]
    return {
        'studies': len(studies),
        'done': done,
        'seconds': round(seconds, 1),
        'studies_per_hour': round(3600 * len(studies) / seconds),
        'mib_first_fifth': round(max(early)),
        'mib_last_fifth': round(max(late)),
    }


def measure_faults(
    service: RunningService, archive: Orthanc, sender: Sender, studies: list[list[Path]], seconds: float, rng: Random
) -> dict[str, object]:
    """Studies for some time while things break, and what became of them."""
    faults = Faults(service, archive, rng)
    sender.taken.clear()
    begun = time.monotonic()
    next_study, next_fault = begun, begun + rng.uniform(5, 30)
    coming = iter(studies)
    while (now := time.monotonic()) < begun + seconds:
        faults.mend()
        sender.send_late_images()
        if now >= next_study and (files := next(coming, None)) is not None:
            sender.send_study(files)
            next_study = now + rng.uniform(0, 6)
        if now >= next_fault:
            faults.strike()
            next_fault = now + rng.uniform(10, 50)
        service.sample_memory()
        time.sleep(0.2)
    faults.mend(now=True)
    sender.send_late_images(all_of_them=True)
    service.await_quiet()
    return {
        'seconds': round(time.monotonic() - begun),
        'studies': len(sender.taken),
        'sent': dict(sender.ways),
        'faults': dict(faults.survived),
        'jobs': dict(service.states()),
        **compare(sender.taken, archive),
        'log_is_whole': service.stop() == 0 and service.verify_log(),
    }


def compare(taken: dict[str, set[str]], archive: Orthanc) -> dict[str, int]:
    """What was taken against the reports that the archive has."""
    reports: dict[str, list[frozenset[str]]] = defaultdict(list)
    for instance in archive.ask('/instances'):
        report = dcmread(BytesIO(archive.get(f'/instances/{instance}/file', accept='application/dicom')))
        if report.Modality == 'SR':
            reports[report.StudyInstanceUID].append(_images_of(report))
    of_taken = {study: reports[study] for study in taken}
    return {
        'images_taken': sum(map(len, taken.values())),
        'images_in_no_report': sum(
            len(images - frozenset().union(*of_taken[study])) for study, images in taken.items()
        ),
        'studies_without_report_of_all_images': sum(
            frozenset(images) not in of_taken[study] for study, images in taken.items()
        ),
        'reports': sum(map(len, of_taken.values())),
        'reports_that_repeat_another': sum(len(sets) - len(set(sets)) for sets in of_taken.values()),
    }


def _images_of(report) -> frozenset[str]:
    """SOP Instance UIDs that a report is about."""
    return frozenset(
        item.ReferencedSOPInstanceUID
        for name in ('CurrentRequestedProcedureEvidenceSequence', 'PertinentOtherEvidenceSequence')
        for study in report.get(name, ())
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    )


def main() -> None:
    """Prints what was measured, and writes json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--studies', type=int, default=100, help='in a row')
    parser.add_argument('--seconds', type=float, default=3600, help='in which things break')
    parser.add_argument('--model', default='mm3d-phantoms')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, required=True)
    args = parser.parse_args()
    rng = Random(args.seed)
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_archive(root / 'studies', args.studies + int(args.seconds / 2), args.seed)
        folders = sorted(root.glob('studies/*/*'), key=lambda folder: int(folder.name))
        studies = [sorted(folder.glob('*.dcm')) for folder in folders]
        (root / 'orthanc').mkdir()
        with running_orthanc(root / 'orthanc') as archive:
            service = RunningService(root, archive, args.model)
            try:
                sender = Sender(service, rng)
                content = {
                    'model': args.model,
                    'seed': args.seed,
                    'torch': version('torch'),
                    'cores': len(os.sched_getaffinity(0)),
                    'in_a_row': measure_a_row(service, sender, studies[: args.studies]),
                    'with_faults': measure_faults(service, archive, sender, studies[args.studies :], args.seconds, rng),
                }
            finally:
                if service.process.poll() is None:
                    service.process.kill()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(content, indent=1) + '\n')
    print(json.dumps(content, indent=1))


if __name__ == '__main__':
    main()
