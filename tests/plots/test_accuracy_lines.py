"""Accuracy by bits, a line per rule: the lines fit, and they are true."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from statsmodels.stats.proportion import proportion_confint

from qlib.plots.accuracy_lines import above, accuracy_lines, stacked
from qlib.plots.page import WIDTHS, drawn
from qlib.plots.style import CODE, FLOAT, axes, size
from qlib.stats import Rate
from tests.plots.paper import apart, fits, texts

ALT = "At three bits the smallest squared error keeps most of the accuracy."
N, BITS = 1797, (8, 5, 4, 3)
COUNTS = {
    "min-max": (1781, 1777, 1740, 1382),
    "percentile": (1781, 1777, 1759, 1547),
    "MSE": (1781, 1777, 1779, 1740),
    "KL": (1781, 1775, 1765, 1662),
}
CLOSE = {"a": (1700, 1790), "b": (1710, 1788), "c": (1780, 1789)}
RETURNS = {"min-max": (1781, 1500, 1781, 1300), "MSE": (1781, 1400, 900, 1700)}


def rates(counts, bits=BITS):
    return {
        rule: {b: Rate(k, N) for b, k in zip(bits, ks, strict=False)}
        for rule, ks in counts.items()
    }


def figure(counts, floor=0.9):
    def draw(width):
        right = 140 if width >= 560 else 84
        fig, (ax,) = axes(width, 260, left=50, right=right)
        results = rates(counts)
        assert accuracy_lines(results, ax, 1781 / N, floor) is ax
        ax.set_title("Accuracy")
        return fig

    return draw


FOUR, WHOLE = figure(COUNTS), figure(COUNTS, 0.75)
DRAWN = [FOUR, WHOLE, figure(CLOSE), figure(RETURNS)]
each = pytest.mark.parametrize("draw", DRAWN)
both = pytest.mark.parametrize("width", WIDTHS)


def squares(ax):
    """The squares within the frame, rule by rule: (n, 2) each."""
    lines = [line for line in ax.lines if line.get_marker() == "s"]
    data = [line for line in lines if line.get_transform() == ax.transData]
    return [line.get_xydata() for line in data]


def exits(ax):
    """Where lines leave the frame: (n, 2)."""
    tips = [line.get_xydata() for line in ax.lines if line.get_marker() == 7]
    return np.concatenate(tips)


def bars(ax):
    """The ends of each interval: (n, 2)."""
    codes = [p for p in ax.patches if to_hex(p.get_edgecolor()) == CODE]
    ends = [p.get_path().vertices.reshape(-1, 2, 2) for p in codes]
    return np.concatenate(ends)[:, :, 1]


@each
def test_a_figure_fits_its_paper(draw):
    fits(draw, ALT)


@each
def test_no_two_texts_overlap(draw):
    apart(draw)


@each
@both
def test_no_name_lies_on_a_square_or_a_line(draw, width):
    with drawn(draw, width) as fig:
        fig.canvas.draw()
        (ax,) = fig.axes
        names = [t for t in ax.texts if t.get_ha() == "left"]
        left = min(t.get_window_extent().x0 for t in names)
        for line in ax.lines:
            if line.get_color() == CODE and len(line.get_xdata()) > 1:
                x = line.get_transform().transform(line.get_xydata())[:, 0]
                assert np.nanmax(x) + 4 < left


@both
def test_the_squares_are_the_accuracies_at_equal_steps_of_the_bits(width):
    with drawn(WHOLE, width) as fig:
        (ax,) = fig.axes
        found, step = squares(ax), size(ax)[0] / len(BITS)
        ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["8", "5", "4", "3"]
    assert len(found) == len(COUNTS)
    for at, counts in zip(found, COUNTS.values(), strict=True):
        np.testing.assert_allclose(at[:, 1], np.array(counts) / N)
        off = at[:, 0] - np.arange(4)
        np.testing.assert_allclose(off, off[0])
        assert abs(off[0]) * step < 14
    middle = np.mean([at[:, 0] for at in found], 0)
    np.testing.assert_allclose(middle, np.arange(4), atol=1e-12)


def test_rules_stand_so_far_apart_that_no_square_covers_another():
    with drawn(FOUR, 358) as fig:
        (ax,) = fig.axes
        first = [at[0, 0] for at in squares(ax)]
        assert np.diff(first).min() * size(ax)[0] / 4 > 8


@pytest.mark.parametrize(("draw", "floor"), [(FOUR, 0.9), (WHOLE, 0.75)])
def test_the_bars_are_statsmodels_intervals(draw, floor):
    with drawn(draw, 640) as fig:
        found = bars(fig.axes[0])
    ks = np.concatenate([*COUNTS.values()])
    low, high = proportion_confint(ks, N, method="wilson")
    seen = high > floor
    wanted = np.stack([np.maximum(low, floor), high], -1)[seen]
    np.testing.assert_allclose(found, wanted)


def test_a_line_leaves_the_frame_where_it_crosses_the_floor():
    with drawn(FOUR, 640) as fig:
        (ax,) = fig.axes
        found, (minmax, percentile, *_) = exits(ax), squares(ax)
    for (x, y), at, last in zip(
        found, (minmax, percentile), (1382, 1547), strict=True
    ):
        assert y == 0.9
        assert len(at) == 3
        x0, y0 = at[-1]
        slope = last / N - y0
        assert y0 + slope * (x - x0) == pytest.approx(0.9)


def test_what_lies_below_the_frame_has_an_arrow_beside_its_number():
    assert {"min-max ↓ 76.9 %", "percentile ↓ 86.1 %"} <= {*texts(FOUR)}
    assert {"MSE 96.8 %", "KL 92.5 %", "float 99.1 %"} <= {*texts(FOUR)}
    assert {"min-max 76.9 %", "percentile 86.1 %"} <= {*texts(WHOLE)}
    narrow = texts(FOUR, 358)
    assert {"min-max\n↓ 76.9 %", "percentile\n↓ 86.1 %"} <= {*narrow}
    inner = texts(DRAWN[3])
    assert {"↓ 83.5 %", "↓ 77.9 %", "↓ 50.1 %"} <= {*inner}


@each
@both
def test_the_names_stand_in_the_order_of_the_accuracies(draw, width):
    with drawn(draw, width) as fig:
        fig.canvas.draw()
        names = [t for t in fig.axes[0].texts if t.get_ha() == "left"]
        names.sort(key=lambda t: -t.get_position()[1])
        said = [t.get_text().split()[-2] for t in names]
    values = [float(value) for value in said]
    assert values == sorted(values, reverse=True)


def test_the_reference_is_a_dashed_line_in_its_own_colour():
    with drawn(FOUR, 640) as fig:
        lines = [x for x in fig.axes[0].lines if x.get_color() == FLOAT]
    (line,) = lines
    assert {*line.get_ydata()} == {1781 / N}
    assert line.is_dashed()


def test_each_rule_has_a_line_and_a_square_of_its_own():
    with drawn(WHOLE, 640) as fig:
        lines = [x for x in fig.axes[0].lines if x.get_color() == CODE]
        curves = [x for x in lines if x.get_marker() == "None"]
        marks = [x for x in lines if x.get_marker() == "s"]
    styles = {str(x._dash_pattern) for x in curves}
    looks = {(x.get_fillstyle(), x.get_markerfacecolor()) for x in marks}
    assert (len(styles), len(looks)) == (4, 4)


def test_a_line_that_comes_back_is_drawn_again_from_the_floor():
    x, p = np.arange(4.0), np.array([1.0, 0.8, 1.0, 0.9])
    X, Y, down = above(x, p, 0.9)
    np.testing.assert_allclose(X, [0, 0.5, 1, 1.5, 2, 3])
    np.testing.assert_allclose(Y, [1, 0.9, np.nan, 0.9, 1, 0.9])
    assert down.tolist() == [0.5]


@pytest.mark.parametrize("seed", range(20))
def test_names_are_apart_and_within_the_panel(seed):
    rng = np.random.default_rng(seed)
    tall = rng.choice([15, 30], 5)
    y = stacked(np.sort(rng.uniform(0, 180, 5)), tall, 180)
    ends = np.stack([y - tall / 2, y + tall / 2], -1)
    assert (ends[1:, 0] - ends[:-1, 1] > -1e-9).all()
    assert ends.min() > -1e-9
    assert ends.max() < 180 + 1e-9


def test_results_that_cannot_be_drawn_are_refused():
    _, (ax,) = axes(640, 200)
    unlike = rates({"a": (1, 2)}) | rates({"b": (1, 2)}, (8, 6))
    with pytest.raises(ValueError, match=r"got 2 over \[\(8, 5\), \(8, 6\)"):
        accuracy_lines(unlike, ax, 0.99)
    five = rates({f"{k}": (1, 2) for k in range(5)})
    with pytest.raises(ValueError, match="1 to 4 rules .* got 5"):
        accuracy_lines(five, ax, 0.99)
