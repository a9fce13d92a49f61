"""One histogram, four rules, and their curves: they fit, and they are true."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch

from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import kl_curve_prefix
from qlib.calibrate.mse import SHARES, mse_curve
from qlib.grid import Grid
from qlib.plots.choices import places
from qlib.plots.criteria import (
    curve_with_choice,
    histogram_with_choices,
    panels,
)
from qlib.plots.decades import plain, thousands, ticks
from qlib.plots.marks import one_axis
from qlib.plots.page import WIDTHS, drawn
from qlib.plots.style import ERR, INK, axes, size
from tests.plots.paper import apart, boxes, fits, margin, texts

ALT = "Four rules over one histogram pick four thresholds, and all differ."
GRID = Grid(0, 15)
TOP = 5.0036
NORMAL = np.random.default_rng(0).normal(0, 1, 200_000)
H = Histogram.of(np.append(np.clip(NORMAL, 0, TOP), TOP), over=(0, TOP))
T_KL = (np.arange(16, 2048) + 0.5) * H.width
KL = kl_curve_prefix(H.counts, 16)
MSE = mse_curve(H, GRID)
RULES = {"min-max": TOP, "99.99 %": 3.7, "MSE": 2.6, "KL": 2.3}
TIGHT = {"min-max": TOP, "MSE": 4.6, "99.99 %": 4.2, "KL": 0.035}
LEFT = {"a": 0.1, "b": 0.3, "c": 0.5, "d": 0.7, "e": 2.4}


def figure(choices):
    def draw(width):
        fig, (top, kl, mse, logits) = panels(width, 3)
        assert histogram_with_choices(H, choices, top) is top
        look = {"end": H.rmax}
        curve_with_choice(T_KL, KL, kl, "KL divergence", rule="KL", **look)
        curve_with_choice(
            SHARES * H.rmax, MSE, mse, "Mean squared error", 4.4, **look
        )
        level = {"reference": ("not clipped", 0.2)}
        T, e = np.array([[0.5, 2, 3.02, 4, 5], [6, 0.9, 0.3, 0.4, 0.5]])
        curve_with_choice(T, e, logits, "rms error", **level, **look)
        one_axis(fig.axes, "threshold T")
        return fig

    return draw


FIGURES = [figure(choices) for choices in (RULES, TIGHT, LEFT)]
each = pytest.mark.parametrize("draw", FIGURES)
both = pytest.mark.parametrize("width", WIDTHS)


def triangles(ax, marker):
    """Where the triangles of a panel stand."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    assert {line.get_color() for line in lines} == {INK}
    return sorted(float(line.get_xdata()[0]) for line in lines)


def infinite(ax):
    """The ends of the strip's parts: (n, 2)."""
    red = [p for p in ax.patches if to_hex(p.get_facecolor()) == ERR]
    paths = [p.get_path().vertices.reshape(-1, 5, 2)[:, :2, 0] for p in red]
    return np.concatenate([np.empty((0, 2)), *paths])


@each
def test_a_figure_fits_its_paper(draw):
    fits(draw, ALT)


@each
def test_no_two_texts_overlap(draw):
    apart(draw)


@both
def test_no_words_lie_on_a_curve(width):
    with drawn(FIGURES[0], width) as fig:
        for text, box in boxes(fig).items():
            if text.axes not in fig.axes[1:] or text not in text.axes.texts:
                continue
            for line in text.axes.lines:
                if len(line.get_xdata()) > 2:
                    at = line.get_transform().transform(line.get_xydata())
                    assert not box.count_contains(at), text.get_text()


@pytest.mark.parametrize("seed", range(20))
def test_labels_at_any_places_stay_apart_and_in_the_panel(seed):
    rng = np.random.default_rng(seed)
    x, widths = rng.uniform(0, 300, 5), rng.uniform(70, 130, 5)
    taken = [(9, 130, 20, 34)]
    found = places(x, widths, 300, taken)
    spans = [
        (min(a, a + side * w), max(a, a + side * w), 8 + 15 * row)
        for a, w, (row, side) in zip(x, widths, found, strict=True)
    ]
    assert max(b for _, b, _ in spans) <= 300
    for (a, b, y), (c, d, z) in combinations(spans, 2):
        assert y != z or b < c or d < a
    for a, _, y in spans:
        assert a > 130 or y + 6 < 20 or y - 6 > 34


@both
def test_every_rule_has_a_triangle_at_its_threshold_and_its_words(width):
    draw = FIGURES[0]
    with drawn(draw, width) as fig:
        assert triangles(fig.axes[0], "v") == sorted(RULES.values())
    words = [f"{rule} picks {T:.1f}" for rule, T in RULES.items()]
    assert {*words} <= {*texts(draw, width)}


def test_a_small_threshold_keeps_its_digits():
    assert "KL picks 0.035" in texts(FIGURES[1])


def test_every_value_is_counted_once_and_the_first_bin_alone():
    for width in WIDTHS:
        with drawn(FIGURES[0], width) as fig:
            steps = fig.axes[0].findobj(StepPatch)
            pixels = size(fig.axes[0])[0]
        for step in steps:
            counts, edges, _ = step.get_data()
            assert counts[counts >= 1].sum() == H.counts.sum()
            assert counts[0] == H.counts[0]
            assert (edges[0], edges[1], edges[-1]) == (0, H.width, TOP)
            assert pixels / len(counts) > 2.5


def test_the_share_of_the_first_bin_is_named_or_not():
    n = H.counts
    words = f"{100 * n[0] / n.sum():.0f} % in the first bin"
    assert words in texts(FIGURES[0])
    _, (ax,) = axes(640, 200)
    histogram_with_choices(H, {}, ax, zero_share=False)
    assert not ax.texts


def test_each_curve_has_its_own_minimum_or_the_pick_it_was_given():
    with drawn(FIGURES[0], 640) as fig:
        picks = [triangles(ax, 10) for ax in fig.axes[1:]]
    assert picks == [[T_KL[KL.argmin()]], [4.4], [3.02]]
    best = f"KL picks {T_KL[KL.argmin()]:.1f}"
    assert {best, "least at 4.4", "least at 3.0"} <= {*texts(FIGURES[0])}


def test_the_strip_covers_the_thresholds_that_are_infinite_and_no_others():
    with drawn(FIGURES[0], 640) as fig:
        parts = [infinite(ax) for ax in fig.axes[1:]]
    covered = [((a <= T_KL) & (b >= T_KL)) for a, b in parts[0]]
    assert np.isinf(KL).sum() > 100
    np.testing.assert_array_equal(np.any(covered, 0), np.isinf(KL))
    assert [len(part) for part in parts[1:]] == [0, 0]
    assert texts(FIGURES[0]).count("infinite") == 1


def test_the_line_breaks_where_values_are_infinite_and_a_lone_one_is_a_dot():
    T = np.arange(1.0, 9)
    v = np.array([4.0, 3, np.inf, 2, np.inf, 3, 4, np.inf])
    _, (ax,) = axes(640, 120)
    curve_with_choice(T, v, ax, "few")
    curve, dots = (line.get_xydata() for line in ax.lines[1:3])
    assert np.isnan(curve).any(1).tolist() == [0, 0, 1, 0, 1, 0, 0]
    assert dots.tolist() == [[4, 2]]


def test_infinite_from_the_start_is_named_below_the_strip():
    T, v = np.arange(1.0, 9), np.r_[[np.inf] * 3, 5, 4, 3, 2, 3]

    def draw(width):
        fig, (ax,) = axes(width, 160)
        curve_with_choice(T, v, ax, "starts late", end=200.0)
        return fig

    assert "infinite" in texts(draw)
    assert margin(draw, 640) > -0.5


def test_the_panels_share_x():
    with drawn(FIGURES[0], 358) as fig:
        assert {ax.get_xlim() for ax in fig.axes} == {(0, TOP)}
        left = {round(ax.get_position().x0, 9) for ax in fig.axes}
    assert len(left) == 1


@pytest.mark.parametrize("seed", range(50))
def test_a_log_scale_has_two_to_four_labels_all_within(seed):
    rng = np.random.default_rng(seed)
    floor = 10 ** rng.uniform(-6, 2)
    roof = floor * 10 ** rng.uniform(0.07, 6)
    found = ticks(floor, roof)
    assert 2 <= len(found) <= 4
    assert floor <= found.min()
    assert found.max() <= roof


def test_counts_and_errors_are_written_as_in_the_book():
    said = [thousands(n) for n in (1, 100, 1e4, 1e6, 1e8)]
    assert said == ["1", "100", "10 k", "1 M", "100 M"]
    said = [plain(y) for y in (10, 2.5, 0.001, 1e-4, 3e-5)]
    assert said == ["10", "2.5", "0.001", "10⁻⁴", "3 × 10⁻⁵"]


def test_what_cannot_be_drawn_is_refused():
    _, (ax,) = axes(640, 200)
    with pytest.raises(ValueError, match="must start at 0, got -1"):
        histogram_with_choices(Histogram(np.array([1]), -1, 1), {}, ax)
    for wrong in ([1.0, 0.0], [np.inf, np.inf], [1.0, np.nan]):
        with pytest.raises(ValueError, match="must be positive"):
            curve_with_choice(np.array([1.0, 2]), np.array(wrong), ax, "")
