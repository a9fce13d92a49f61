"""The staircase of accuracy and the dots: they fit, and they are true."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from qlib.plots.accuracy_stairs import accuracy_dots, accuracy_stairs
from qlib.plots.page import drawn
from qlib.plots.style import CODE, axes
from qlib.stats import Rate
from tests.plots.paper import fits, texts

ALT = "Folding costs four points at six bits; a step per channel repays them."
N = 1797
SIX = {
    "per tensor, not folded": Rate(1782, N),
    "folded, per tensor": Rate(1710, N),
    "folded, per channel": Rate(1782, N),
}
DEEP = {
    "per tensor, not folded": Rate(1411, N),
    "folded, per tensor": Rate(981, N),
    "folded, per channel": Rate(1720, N),
    "a fourth fix": Rate(1640, N),
}
FLOAT = Rate(1781, N)


def six(width):
    fig, (ax,) = axes(width, 240, bottom=72)
    assert accuracy_stairs(SIX, ax, FLOAT) is ax
    ax.set_title("Accuracy, weights of 6 bits")
    return fig


def deep(width):
    fig, (ax,) = axes(width, 240, bottom=72)
    accuracy_stairs(DEEP, ax, FLOAT)
    return fig


def whole(width):
    fig, (ax,) = axes(width, 240, bottom=72)
    accuracy_stairs(DEEP, ax, floor=0.5)
    return fig


def row(width):
    fig, (ax,) = axes(width, 200)
    assert accuracy_dots([*SIX.values(), *DEEP.values()], ax, FLOAT) is ax
    return fig


each = pytest.mark.parametrize("draw", [six, deep, whole, row])


def treads(draw):
    """The ends of every straight line in the colour of codes: (n, 2, 2)."""
    with drawn(draw, 640) as fig:
        (ax,) = fig.axes
        lines = [
            patch.get_path().vertices.reshape(-1, 2, 2)
            for patch in ax.patches
            if np.allclose(patch.get_edgecolor()[:3], rgb(CODE))
        ]
    return np.concatenate(lines)


def rgb(colour):
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


@each
def test_a_figure_fits_its_paper(draw):
    fits(draw, ALT)


def test_each_tread_lies_at_its_accuracy_and_they_join():
    at = treads(six)
    assert at[:, :, 1] == pytest.approx(
        np.array([[k / N] * 2 for k in (1782, 1710, 1782)])
    )
    assert at[:, :, 0].tolist() == [[-0.5, 0.5], [0.5, 1.5], [1.5, 2.5]]


def test_the_bands_are_statsmodels_intervals():
    with drawn(six, 640) as fig:
        bands = [c.get_paths()[0].vertices for c in fig.axes[0].collections]
    for band, rate in zip(bands, SIX.values(), strict=True):
        low, high = proportion_confint(rate.k, rate.n, method="wilson")
        ends = band[:, 1].min(), band[:, 1].max()
        assert ends == pytest.approx((low, high))


def test_what_lies_below_the_frame_has_an_arrow_and_no_tread():
    assert {"↓ 78.5 %", "↓ 54.6 %", "91.3 %"} <= {*texts(deep)}
    assert sorted({*treads(deep)[:, 0, 1]}) == [1640 / N, 1720 / N]
    assert {"78.5 %", "54.6 %"} <= {*texts(whole)}
    assert len(treads(whole)) == 4


def test_every_dot_stands_on_its_interval():
    ends = treads(row)[:, :, 1]
    rates = [*SIX.values(), *DEEP.values()]
    for (low, high), rate in zip(ends, rates, strict=True):
        wanted = proportion_confint(rate.k, rate.n, method="wilson")
        assert (low, high) == pytest.approx([max(e, 0.9) for e in wanted])


def test_names_break_into_lines_that_fit_their_tread():
    narrow = texts(six, 358)
    assert "folded, per\nchannel" in narrow
    assert "folded, per channel" in texts(six)
    assert "float 99.1 %" in narrow
