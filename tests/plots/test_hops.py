"""What chapter `requantization` draws: it fits, it is small, it is true."""

from functools import partial

import numpy as np
import pytest

from qlib.plots.multipliers import (
    multiplier_errors,
    relative_error,
    worst,
)
from qlib.plots.roundings import hops, parting
from qlib.plots.style import axes
from qlib.requant import (
    Requant,
    multiply,
    multiply_single_rounding,
    requant_from_real,
)
from tests.plots.paper import fits, texts

ALT = "Two roundings make one of a quarter, and one rounding makes zero of it."
FIFTEEN = partial(requant_from_real, bits=15)


def without_n(M):
    return Requant(round(M * 2**31), 0)


def two_panels(width):
    wide = width >= 560
    shape = {"cols": 2} if wide else {"rows": 2}
    room = {"left": 16, "right": 16, "top": 8, "bottom": 8, "gap": (8, 40)}
    return axes(width, 132 if wide else 256, **room, **shape)


def quarter(width):
    fig, axs = two_panels(width)
    hops(1, requant_from_real(0.25), axs)
    return fig


def magnified(width):
    fig, axs = two_panels(width)
    hops(7984, requant_from_real(0.001440270393), axs, zoom=1.5 / 2**9)
    return fig


def unnormalised(width):
    fig, (ax,) = axes(width, 260, bottom=44)
    ways = {
        "with $n$, 15 bits": FIFTEEN,
        "with $n$, 31 bits": requant_from_real,
    }
    multiplier_errors(without_n, ways, ax)
    ax.set_title("Largest relative error of the multiplier")
    return fig


def disagreement(width):
    x = np.random.default_rng(0).integers(-(2**20), 2**20, 10**5)
    shares = {}
    for n in range(1, 13):
        rq = requant_from_real(0.7 * 2.0**-n)
        differ = multiply(x, rq) != multiply_single_rounding(x, rq)
        shares[n] = differ.mean()
    fig, (ax,) = axes(width, 260, left=52)
    parting(shares, ax, {"M = 0.3": 1, "M = 0.00144": 9})
    ax.set_title("One and two roundings differ")
    return fig


each = pytest.mark.parametrize(
    "draw", [quarter, magnified, unnormalised, disagreement]
)


@each
def test_a_figure_fits_its_paper(draw):
    fits(draw, ALT)


def test_a_quarter_hops_over_a_half_to_one_or_at_once_to_zero():
    said = texts(quarter)
    assert {"0.25 → 0.5 → 1", "0.25 → 0"} <= {*said}
    assert (said.count("1"), said.count("2")) == (4, 1)  # ends, and hops


def test_the_tie_of_the_widget_is_magnified():
    said = texts(magnified)
    assert {"11.4991 → 11.5 → 12", "11.4991 → 11"} <= {*said}
    assert "11.5, magnified 75 times" in said


@pytest.mark.parametrize(
    ("x", "M", "two", "one"),
    [
        (-1, 0.25, "−0.25 → 0 → 0", "−0.25 → 0"),
        (-2, 0.25, "−0.5 → −0.5 → −1", "−0.5 → 0"),
        (5, 1.5, "7.5 → 8 → 8", "7.5 → 8"),
        (3, 0.125, "0.375 → 0.5 → 1", "0.375 → 0"),
    ],
)
def test_the_stops_are_those_of_both_ways_by_hand(x, M, two, one):
    _, axs = two_panels(640)
    assert hops(x, requant_from_real(M), axs) is axs
    said = [{t.get_text() for t in ax.texts} for ax in axs]
    assert two in said[0]
    assert one in said[1]


def test_the_rings_are_the_errors_of_the_notes():
    said = texts(unnormalised)
    assert {"0.12 %", "6.9 %"} <= {*said}
    assert relative_error(without_n, 1e-7) == pytest.approx(1.2e-3, rel=0.05)
    assert relative_error(without_n, 1e-9) == pytest.approx(0.069, rel=0.01)


@pytest.mark.parametrize(
    ("way", "level"), [(requant_from_real, 2.0**-31), (FIFTEEN, 2.0**-15)]
)
def test_with_a_shift_the_worst_error_has_one_level_for_every_m(way, level):
    _, e = worst(way)
    assert e.max() <= level
    assert e.min() > level / 2


def test_without_a_shift_the_worst_error_doubles_from_octave_to_octave():
    M, e = worst(without_n)
    np.testing.assert_allclose(e * M * 2**32, 1, rtol=0.45)
    assert (e * M * 2**32 < np.sqrt(2)).all()


def test_the_counted_shares_lie_on_the_line_and_the_ends_are_named():
    said = texts(disagreement)
    assert "25 %" in said
    assert {"M = 0.3", "M = 0.00144"} <= {*said}
