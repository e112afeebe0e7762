from __future__ import annotations

from matplotlib.figure import Figure

from mammo_plugins.visualization.figure_files import save_figure


def plot():
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1], [0, 1])
    return figure


def test_same_figure_gives_the_same_bytes_as_png_and_pdf(tmp_path):
    first, second = save_figure(plot(), tmp_path / 'new/one'), save_figure(plot(), tmp_path / 'two')
    assert [path.name for path in first] == ['one.png', 'one.pdf']
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_dot_in_the_name_is_no_ending(tmp_path):
    assert [path.name for path in save_figure(plot(), tmp_path / 'at_0.5')] == ['at_0.5.png', 'at_0.5.pdf']
