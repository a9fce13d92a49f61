"""What chapter `affine` draws: it fits, it is small, it is true."""

import re

import numpy as np
import pytest
from matplotlib.text import Text

from qlib.affine import affine_qparams, dequantize
from qlib.error import split_error
from qlib.grid import Grid
from qlib.plots.area import bends, corners, error_area
from qlib.plots.lens import two_rulers
from qlib.plots.maps import error_map
from qlib.plots.marks import one_axis, spread
from qlib.plots.page import WIDTHS, drawn, inline_svg
from qlib.plots.ruler import number_line
from qlib.plots.stairs import staircases
from qlib.plots.style import axes
from qlib.plots.thresholds import trade_off
from qlib.rounding import half_away, half_even, half_up, toward_zero

ALT = "Every real falls onto a code, and the error is what lies between."
ROUNDINGS = {
    "half away": half_away,
    "half even": half_even,
    "half up": half_up,
    "toward zero": toward_zero,
}
UN_NUDGED = {"un-nudged": 63.75, "nudged": 64}
REALS = [-0.62, -0.1, 0.31, 0.75, 1.2, 1.9, 3.1]
QP = affine_qparams(-1.0, 2.5, Grid(0, 7))


def by_hand(width):
    fig, (ax,) = axes(width, 190, left=16, top=8)
    number_line(QP, ax, reals=REALS)
    return fig


def areas(width):
    left = 104 if width >= 560 else 16
    fig, axs = axes(width, 220, rows=2, left=left, gap=(26, 0))
    for ax, bits in zip(axs, (3, 8), strict=True):
        qp = affine_qparams(-1.0, 2.5, Grid(0, 2**bits - 1))
        r, codes = bends(qp, -1.5, 3.0), np.arange(2**bits)
        parts = split_error(r, qp)
        look = {"vmax": 0.5, "codes": dequantize(codes, qp)}
        error_area(r, *parts, ax, name=f"{bits} bits", note="step", **look)
    one_axis(axs, "real value $r$")
    return fig


def glow(width):
    e = 0.05 * np.random.default_rng(0).uniform(-1, 1, (28, 28))
    shape = {"cols": 2} if width >= 560 else {"rows": 2, "gap": (64, 0)}
    fig, axs = axes(width, 300 if width >= 560 else 680, left=4, **shape)
    for ax, error in zip(axs, (e, 0 * e), strict=True):
        error_map(error, ax, vmax=0.05)
    return fig


def stairs(width):
    wide = width >= 560
    shape = {"cols": 4} if wide else {"rows": 2, "cols": 2}
    fig, axs = axes(width, 190 if wide else 380, left=24, bottom=28, **shape)
    staircases(ROUNDINGS, axs)
    return fig


def lenses(width):
    wide = width >= 560
    left = 92 if wide else 18
    fig, (ax,) = axes(width, 300 if wide else 580, left=left, right=18, top=8)
    two_rulers(40 / 255, UN_NUDGED, ax)
    return fig


def clip_or_round(width):
    T = np.linspace(0.5, 12, 120)
    fig, (ax,) = axes(width, 240)
    trade_off(T, T**2 / 600, 1.2 * np.exp(-T), ax)
    ax.set_title("Mean squared error")
    ax.set_xlabel("threshold $T$")
    return fig


FIGURES = [by_hand, areas, glow, stairs, lenses, clip_or_round]
each = pytest.mark.parametrize("draw", FIGURES)


def texts(draw, width=640):
    with drawn(draw, width) as fig:
        fig.canvas.draw()
        return [text.get_text() for text in fig.findobj(Text)]


@each
def test_a_figure_is_small(draw):
    assert len(inline_svg(draw, ALT).encode()) <= 60_000


@each
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_leaves_the_paper(draw, width):
    with drawn(draw, width) as fig:
        box = fig.get_tightbbox()
        w, h = fig.get_size_inches()
    assert min(box.x0, box.y0, w - box.x1, h - box.y1) * 96 > -0.5


@each
def test_no_text_is_smaller_than_12_pixels(draw):
    sizes = re.findall(r"font-size:([\d.]+)px", inline_svg(draw, ALT))
    assert min(map(float, sizes)) * 4 / 3 >= 12


@each
def test_a_figure_is_the_same_twice(draw):
    assert inline_svg(draw, ALT) == inline_svg(draw, ALT)


def test_the_ruler_numbers_its_codes_and_the_reals():
    said = texts(by_hand)
    assert set("01234567") <= set(said)
    assert {"−0.62", "−0.1", "3.1"} <= set(said)


def test_without_reals_only_the_ruler_is_drawn():
    with drawn(by_hand, 640) as fig:
        fig.clear()
        ax = number_line(QP, fig.add_subplot())
        assert ax.get_xlim()[0] < QP.rmin
        assert ax.get_xlim()[1] > QP.rmax


def test_the_two_grids_say_where_zero_and_code_128_lie():
    said = texts(lenses)
    assert "0.0 is 0.039 off code 64" in said
    assert "0.0 is code 64" in said
    assert "code 128 is 10.078" in said
    assert "code 128 is 10.039" in said


def test_the_largest_error_is_written_with_its_sign():
    _, (ax,) = axes(300, 300)
    error_map(np.array([[0.01, -0.04], [0.02, 0.0]]), ax)
    assert "largest −0.040" in [t.get_text() for t in ax.texts]


def test_a_map_without_error_says_so():
    assert "no error anywhere" in texts(glow)


def test_the_trade_off_names_its_least_sum_and_where_parts_are_equal():
    T = np.array([1.0, 2.0, 3.0, 4.0])
    _, (ax,) = axes(640, 200)
    trade_off(T, T**2, 64 / T**4, ax, form=".1f")
    said = [t.get_text() for t in ax.texts]
    assert {"least at 2.0", "equal at 2.0", "rounding", "clipping"} <= {*said}


def test_between_bends_the_error_is_straight():
    r = bends(QP, -1.5, 3.0)
    middle = (r[1:] + r[:-1]) / 2
    at, between = (sum(map(np.abs, split_error(x, QP))) for x in (r, middle))
    np.testing.assert_allclose(between, (at[1:] + at[:-1]) / 2, atol=1e-12)


def test_corners_keep_ends_and_bends_only():
    x, y = corners(np.arange(7.0), np.array([0.0, 1, 2, 1, 0, 0, 0]))
    np.testing.assert_array_equal(x, [0, 2, 4, 6])
    np.testing.assert_array_equal(y, [0, 2, 0, 0])


def test_spread_keeps_the_order_and_makes_room():
    place = spread([3.0, 1.0, 1.1], [1.0, 1.0, 1.0])
    assert place[1] < place[2] < place[0]
    assert np.diff(np.sort(place)).min() > 1 - 1e-6
