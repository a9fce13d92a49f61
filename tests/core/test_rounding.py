"""Roundings against exact rational arithmetic, and against C's own table."""

import json
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qlib.rounding import (
    half_away,
    half_even,
    half_up,
    stochastic,
    toward_zero,
)

VECTORS = Path(__file__).parents[1] / "vectors"
HALF = Fraction(1, 2)


def exact_half_even(x):
    return round(x)


def exact_half_away(x):
    return math.floor(x + HALF) if x >= 0 else -math.floor(HALF - x)


def exact_half_up(x):
    return math.floor(x + HALF)


def exact_toward_zero(x):
    return math.trunc(x)


MODES = [
    (half_even, exact_half_even),
    (half_away, exact_half_away),
    (half_up, exact_half_up),
    (toward_zero, exact_toward_zero),
]
NASTY = [
    0.0,
    5e-324,
    1e-20,
    0.49999999999999994,
    0.5,
    0.5000000000000001,
    0.9999999999999999,
    1.4999999999999998,
    8388607.5,
    2.0**51 + 0.5,
    2.0**52 - 0.5,
    2.0**52 + 1,
    2.0**53 - 1,
    2.0**53 + 2,
    1e300,
    sys.float_info.max,
]
IDS = [mode.__name__ for mode, _ in MODES]


def check(rounding, exact, x):
    """Every rounded x equals the one computed with fractions."""
    x = np.asarray(x)
    wanted = [exact(Fraction(float(v))) for v in x]
    assert [int(v) for v in rounding(x)] == wanted


@pytest.mark.parametrize(("rounding", "exact"), MODES, ids=IDS)
def test_nasty_values_round_as_fractions_do(rounding, exact):
    check(rounding, exact, NASTY + [-x for x in NASTY])


@pytest.mark.parametrize(("rounding", "exact"), MODES, ids=IDS)
def test_ties_and_their_neighbours_round_as_fractions_do(rounding, exact):
    ties = np.arange(-300, 300) + 0.5
    for x in (ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf)):
        check(rounding, exact, x)


@pytest.mark.parametrize(("rounding", "exact"), MODES, ids=IDS)
def test_floats_of_every_size_round_as_fractions_do(rounding, exact):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, 5000) * 2.0 ** rng.integers(-60, 60, 5000)
    check(rounding, exact, x)


@pytest.mark.parametrize(("rounding", "exact"), MODES, ids=IDS)
def test_every_finite_float16_rounds_as_its_fraction_does(rounding, exact):
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    check(rounding, exact, x[np.isfinite(x)])


def test_the_table_of_rounding_modes_holds():
    table = json.loads((VECTORS / "affine_qparams.json").read_text())
    names = {
        "half_even": half_even,
        "half_away": half_away,
        "half_up": half_up,
        "trunc": toward_zero,
    }
    for row in table["rounding_modes"]:
        for name, rounding in names.items():
            assert rounding(row["x"]) == row[name], (name, row)


@pytest.mark.parametrize(
    "rounding",
    [half_even, half_away, half_up, toward_zero, "stochastic"],
)
def test_infinities_stay_and_shapes_too(rounding):
    if rounding == "stochastic":
        rounding = stochastic(np.random.default_rng(0))
    x = np.array([[np.inf, -np.inf], [7.0, -7.0]])
    np.testing.assert_array_equal(rounding(x), x)
    assert rounding(np.array(3.0)) == 3.0


class EvenlySpaced:
    """A stand-in for a generator: its numbers are 0/n, 1/n, ... (n-1)/n."""

    def random(self, shape):
        n = math.prod(shape)
        return (np.arange(n) / n).reshape(shape)


@pytest.mark.parametrize("numerator", range(-1024, 1025, 37))
def test_stochastic_rounding_of_evenly_spaced_lots_is_exact(numerator):
    x = numerator / 256
    rounded = stochastic(EvenlySpaced())(np.full(256, x))
    assert rounded.mean() == x
    assert set(rounded) <= {math.floor(x), math.ceil(x)}


@pytest.mark.parametrize("x", [0.3, -0.3, 1e-3, 2.999, -7.25, 1e6 + 0.125])
def test_stochastic_rounding_is_unbiased(x):
    """Within 5 standard errors: 6e-7 is the chance of a false alarm."""
    n, fraction = 10**6, x - math.floor(x)
    rounded = stochastic(np.random.default_rng(2024))(np.full(n, x))
    assert set(rounded) == {math.floor(x), math.ceil(x)}
    ups = np.count_nonzero(rounded == math.ceil(x))
    error = math.sqrt(n * fraction * (1 - fraction))
    assert abs(ups - n * fraction) < 5 * error


def test_stochastic_rounding_draws_a_lot_for_each_value():
    rounded = stochastic(np.random.default_rng(3))(np.full((20, 30), 0.5))
    assert rounded.shape == (20, 30)
    assert 0.4 < rounded.mean() < 0.6


def test_whole_numbers_are_never_moved_by_lot():
    whole = np.arange(-1000.0, 1000.0) * 1e9
    for seed in range(20):
        rounded = stochastic(np.random.default_rng(seed))(whole)
        np.testing.assert_array_equal(rounded, whole)
