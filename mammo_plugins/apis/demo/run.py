"""The whole way on synthetic breasts: DICOM, training on FFDM, transfer to tomosynthesis, evaluation, report."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from mammo_plugins.apis.evaluate import ScoringOptions, evaluate_predictions_file
from mammo_plugins.apis.phantoms.making import phantom_options, prepare_phantoms
from mammo_plugins.apis.stages import StageFolder, run_stages
from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.visualization import screen_table

from .report_page import demo_rows, write_demo_report
from .rows import ROWS, TRAININGS, demo_plan

SPLIT = (0.6, 0.1, 0.3)  # patients to train on, to choose settings on, and held out


@dataclass(frozen=True)
class DemoResult:
    """What the demo left.

    Attributes:
        report: the HTML report.
        results_json: all numbers with the settings and times behind them.
        rows: row name to protocol to result.
    """

    report: Path
    results_json: Path
    rows: dict[str, dict[str, DetectionResult]]


@dataclass
class StepClock:
    """Announces the steps of a long job and keeps how long each took."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times the block."""
        self.console.print(f'[bold]{name}[/bold] ...')
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.console.print(f'  done in {self.seconds[name]:.0f} s', highlight=False)


def run_demo(
    out: str | Path = 'demo',
    *,
    cases: int = 240,
    seed: int = 0,
    workers: int | None = None,
    bootstrap: int = 1000,
    cfg_options: Mapping[str, object] | None = None,
) -> DemoResult:
    """Makes phantoms, trains, evaluates held-out patients, and writes a report.

    The phantoms are kept from a run with the same number, seed and settings. A demo that was stopped goes on where it
    stopped; one that is finished is made again.

    Args:
        out: folder for everything.
        cases: patients, each with two breasts in two views.
        seed: of the phantoms, the training and the intervals.
        workers: processes that make phantoms, all cores by default.
        bootstrap: replicates for the intervals of the recalls.
        cfg_options: overrides for all configs, such as ``{'train_cfg.max_iters': 10}`` for a quick look.
    """
    out = Path(out)
    options = {**_options(out, seed), **(cfg_options or {})}
    console = Console()
    clock = StepClock(console)
    with clock.step(f'Make phantoms of {cases} patients as DICOM, and convert them'):
        annotations = prepare_phantoms(out, cases, seed, SPLIT, workers)
    plan, results = demo_plan(options), out / 'results.json'
    again = [stage.name for stage in plan.stages] if results.is_file() else []
    results.unlink(missing_ok=True)

    def run(*names: str) -> None:
        run_stages(plan, out, only=names, redo=again, announce=lambda line: None)

    for name, config in TRAININGS.items():
        with clock.step(f'Train {config}'):
            run(name)
    rows = {}
    with clock.step('Predict and score held-out patients'):
        run(*(row.test_stage for row in ROWS))
        for row in ROWS:
            rows[row.name] = evaluate_predictions_file(
                out / row.predictions,
                ScoringOptions(
                    annotations,
                    protocols=('mm3d-2d', 'mm3d') if row.has_slices else ('mm3d-2d',),
                    split='test',
                    modality=row.modality,
                    bootstrap=bootstrap,
                    seed=seed,
                ),
            )
    with clock.step('Write the report'):
        shown = ROWS[-1]
        checkpoint = StageFolder(plan, out).files(plan.stage(shown.weights))['last']
        write_demo_report(out / 'report.html', rows, annotations, shown, str(checkpoint), options)
    settings = dict(cases=cases, seed=seed, bootstrap=bootstrap, seconds=clock.seconds)
    _write_results(results, rows, settings)
    console.print(screen_table(demo_rows(rows), title='Held-out patients'))
    console.print(f'Report: {(out / "report.html").resolve()}')
    return DemoResult(out / 'report.html', results, rows)


def _options(out: Path, seed: int) -> dict[str, object]:
    """Points a demo config to the demo's folder and quiets its log."""
    quiet = {
        'log_level': 'WARNING',
        'custom_hooks': [dict(type='IterationSeedHook'), dict(type='ProgressBarHook', lines=5)],
    }
    return {**phantom_options(out), **quiet, 'randomness.seed': seed}


def _write_results(path: Path, rows: Mapping[str, Mapping[str, DetectionResult]], settings: dict) -> None:
    plain = {name: {protocol: r.as_dict() for protocol, r in results.items()} for name, results in rows.items()}
    path.write_text(json.dumps({'settings': settings, 'rows': plain}, indent=1) + '\n')
