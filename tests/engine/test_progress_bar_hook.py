import io
import sys
from types import SimpleNamespace

import pytest

from mammo_plugins.engine import ProgressBarHook


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(hook: ProgressBarHook, losses: list[float]) -> None:
    runner = SimpleNamespace(max_iters=len(losses), iter=0)
    hook.before_train(runner)
    for runner.iter, loss in enumerate(losses):
        hook.after_train_iter(runner, runner.iter, outputs={'loss': loss})
    hook.after_train(runner)


def test_bar_shows_loss_and_count_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, 'stderr', terminal)
    run(ProgressBarHook(smoothing=1.0), [4.0, 2.125])
    assert 'loss 2.125' in terminal.getvalue()
    assert '2/2' in terminal.getvalue()


def test_nothing_is_written_where_the_output_is_no_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, 'stderr', stream)
    run(ProgressBarHook(), [4.0, 2.0])
    assert stream.getvalue() == ''


def test_smoothing_outside_the_unit_interval_is_refused():
    with pytest.raises(ValueError, match=r'\(0, 1\], got 0'):
        ProgressBarHook(smoothing=0)


def test_a_few_lines_are_written_elsewhere_on_request(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, 'stderr', stream)
    run(ProgressBarHook(smoothing=1.0, lines=2), [4.0, 3.0, 2.0, 1.0])
    lines = stream.getvalue().splitlines()
    assert [line.split(',')[0].split()[1] for line in lines] == ['2/4', '4/4']
    assert 'loss 3.000' in lines[0]
