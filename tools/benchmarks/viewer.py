"""Opening the page of a study of four DBT volumes in headless Chromium: seconds until all four are seen, and memory.

    python tools/benchmarks/viewer.py --out tools/benchmarks/results/viewer.json

Volumes are synthetic (a noisy breast of 12 bits in each slice) and kept in the page as ``mammo predict`` keeps them.
The page is opened by fresh browsers; memory is that of all their processes (PSS), the highest seen while the page
opens, and again while all slices of all views are run through.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for the browser that tests use

from mammo_plugins.apis.report.view_pixels import KeptPixels
from mammo_plugins.io.display_levels import DisplayScale
from mammo_plugins.visualization import ReportCase, ReportView, write_report
from mammo_plugins.visualization.picture_planes import reduce_planes, reduction_factor
from tests.headless_chromium import CHROMIUM, Chromium

_VIEWS = ('R-CC', 'L-CC', 'R-MLO', 'L-MLO')
_SPACING_MM = 0.1
_MIB = 2**20
_SEEN = "document.querySelectorAll('.stage[aria-busy=false]').length === 4"


def make_volume(view: str, size: tuple[int, int, int], max_height: int, seed: int) -> ReportView:
    """A view of noisy slices of a smooth breast, reduced as a page keeps them.

    Args:
        view: its name.
        size: rows, columns and slices.
        max_height: of a slice in the page; 0 for all rows.
        seed: of the noise.
    """
    rows, columns, slices = size
    factor = reduction_factor(rows, max_height)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    inside = (x / (0.8 * columns)) ** 2 + ((y - rows / 2) / (0.45 * rows)) ** 2 < 1
    tissue = 1500 + 500 * np.sin(x / 90) * np.cos(y / 130)
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(slices):
        noise = rng.normal(0, 40, (rows, columns)).astype(np.float32)
        levels = np.where(inside, tissue + 300 * np.sin(y / 60 + number / 4) + noise, 0).clip(0, 4095)
        frames.append(reduce_planes(levels.astype(np.uint16), factor))
    return ReportView(
        view,
        np.stack(frames),
        stored_size=(columns, rows),
        reduction=factor,
        scale=DisplayScale(4095, 1500, 2600, low=0, high=4095, background=0),
        modality='DBT',
        spacing_mm=(_SPACING_MM, _SPACING_MM),
        slice_spacing_mm=1.0,
    )


class MemoryWatch:
    """The highest memory of a process and all its children, looked at again and again.

    Args:
        pid: of the process.

    Attributes:
        highest: bytes.
    """

    def __init__(self, pid: int) -> None:
        self.highest = 0
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            total = 0
            for process in (self._process, *self._process.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # ended meanwhile
                    continue
            self.highest = max(self.highest, total)


def open_page(page: Path) -> dict[str, float]:
    """Seconds until all four volumes are seen, and the memory then and after all slices."""
    browser = Chromium(1920, 1080)
    try:
        with MemoryWatch(browser.pid) as opening:
            begun = time.perf_counter()
            browser.open(page)
            browser.wait(_SEEN)
            seconds = time.perf_counter() - begun
        with MemoryWatch(browser.pid) as leafing:
            begun = time.perf_counter()
            browser.press('Home')
            frames = browser.run("Number(document.querySelector('.slice').max)")
            for _ in range(frames):
                browser.press('ArrowRight')
                browser.wait(_SEEN)
            leafed = time.perf_counter() - begun
        problems = browser.run('window.problems')
        if problems:
            raise RuntimeError(f'the page failed: {problems}')
    finally:
        browser.close()
    return {
        'seconds_until_all_are_seen': round(seconds, 2),
        'peak_mib_while_opening': round(opening.highest / _MIB),
        'peak_mib_of_all_slices': round(leafing.highest / _MIB),
        'seconds_a_step_of_all_four': round(leafed / max(1, frames), 3),
    }


def measure(size: tuple[int, int, int], max_height: int, rounds: int) -> dict[str, object]:
    """Writes the page, opens it several times."""
    with TemporaryDirectory() as folder:
        views = [make_volume(view, size, max_height, seed) for seed, view in enumerate(_VIEWS)]
        begun = time.perf_counter()
        page = write_report(Path(folder) / 'report.html', 'Four volumes', [], cases=[ReportCase('P1', '', views)])
        written = time.perf_counter() - begun
        opened = [open_page(page) for _ in range(rounds)]
        return {
            'size': 'x'.join(map(str, size)),
            'height_in_page': views[0].frames.shape[1],
            'file_mib': round(page.stat().st_size / _MIB, 1),
            'seconds_to_write': round(written, 1),
            **{name: statistics.median(one[name] for one in opened) for name in opened[0]},
            'rounds': opened,
        }


def main() -> int:
    """Measures, and writes the json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default='2457x1890x60', help='rows, columns and slices (default: %(default)s)')
    parser.add_argument('--slice-height', type=int, default=KeptPixels().slice_height, help='as of mammo predict')
    parser.add_argument('--rounds', type=int, default=3, help='browsers that open the page (default: %(default)s)')
    parser.add_argument('--out', required=True, metavar='JSON')
    args = parser.parse_args()
    if CHROMIUM is None:
        print('error: no chromium is installed', file=sys.stderr)
        return 2
    rows, columns, slices = map(int, args.size.split('x'))
    found = measure((rows, columns, slices), args.slice_height, args.rounds)
    version = subprocess.run([CHROMIUM, '--version'], capture_output=True, text=True, check=True).stdout.strip()
    found |= {'browser': version, 'processors': psutil.cpu_count(), 'system': platform.platform()}
    Path(args.out).write_text(json.dumps(found, indent=2) + '\n', encoding='utf-8')
    print(json.dumps(found, indent=2))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
