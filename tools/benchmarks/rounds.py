"""Runs in turn, round by round, so that what else the machine does slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def time_rounds(runs: Mapping[str, Callable[[], object]], repeats: int) -> list[dict[str, float]]:
    """Seconds of each run in each round, after one round to warm up."""
    for run in runs.values():
        run()
    return [{name: _seconds(run) for name, run in runs.items()} for _ in range(repeats)]


def median_seconds(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Of each run over the rounds."""
    return {name: statistics.median(seconds[name] for seconds in rounds) for name in rounds[0]}


def median_ratio(rounds: list[dict[str, float]], run: str, other: str) -> float:
    """Of the quotients of two runs within a round."""
    return statistics.median(seconds[run] / seconds[other] for seconds in rounds)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
