"""Laws of the affine map, hunted for exceptions by hypothesis.

Inequalities are checked in exact rational arithmetic.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qlib.affine import (
    affine_qparams,
    dequantize,
    fake_quantize,
    fbgemm,
    gemmlowp,
    quantize,
    symmetric_qparams,
    tflite,
)
from qlib.grid import Grid, narrow, signed, unsigned
from qlib.qparams import QParams
from qlib.rounding import (
    half_away,
    half_even,
    half_up,
    stochastic,
    toward_zero,
)

NEAREST = [half_even, half_away, half_up]
FIXED = [*NEAREST, toward_zero]
RULES = [tflite, gemmlowp, fbgemm]

bits = st.integers(2, 16)
grids = st.one_of(
    bits.map(signed), bits.map(unsigned), bits.map(signed).map(narrow)
)
scales = st.floats(2.0**-100, 2.0**100, width=32)
reals = st.floats(-1e30, 1e30)
ends = st.floats(-(2.0**90), 2.0**90, width=32).filter(
    lambda x: x == 0 or abs(x) > 2.0**-90
)


@st.composite
def parameters(draw):
    """Any S, any grid, any Z on it."""
    grid = draw(grids)
    Z = draw(st.integers(grid.qmin, grid.qmax))
    return QParams(draw(scales), Z, grid)


@st.composite
def parameters_and_real(draw):
    """And an r within a few grid lengths: anything, a tie, or beside it."""
    qp = draw(parameters())
    length = qp.grid.levels
    k = draw(st.integers(-3 * length, 3 * length))
    part = draw(st.sampled_from([0.0, 0.5, draw(st.floats(-1, 1))]))
    r = qp.scale * (k + part)
    side = draw(st.sampled_from([r, -np.inf, np.inf]))
    return qp, float(np.nextafter(r, side))


EXACT = {
    half_even: round,
    half_away: lambda x: int(x + Fraction(1 if x > 0 else -1, 2)),
    half_up: lambda x: math.floor(x + Fraction(1, 2)),
    toward_zero: math.trunc,
}


@pytest.mark.parametrize("rounding", FIXED)
@given(parameters_and_real())
def test_codes_are_those_of_exact_arithmetic(rounding, case):
    """A tie S (k + 1/2) is a float64 itself, so that the one rounding of
    r / S to float64 cannot carry r across it."""
    qp, r = case
    x = Fraction(r) / Fraction(qp.scale)
    q = EXACT[rounding](x) + qp.zero_point
    wanted = min(max(q, qp.grid.qmin), qp.grid.qmax)
    assert quantize(r, qp, rounding) == wanted


@pytest.mark.parametrize("rounding", NEAREST)
@given(parameters_and_real())
def test_inside_the_range_the_error_is_half_a_step_at_most(rounding, case):
    """Exactly: no float64 noise is added to S / 2."""
    qp, r = case
    S = Fraction(qp.scale)
    low, high = Fraction(qp.rmin), Fraction(qp.rmax)
    assume(low - S / 2 <= Fraction(r) <= high + S / 2)
    error = Fraction(r) - Fraction(float(fake_quantize(r, qp, rounding)))
    assert abs(error) <= S / 2


@given(parameters_and_real())
def test_toward_zero_the_error_is_less_than_a_step(case):
    qp, r = case
    assume(qp.rmin <= r <= qp.rmax)
    survived = float(fake_quantize(r, qp, toward_zero))
    assert abs(Fraction(r) - Fraction(survived)) < Fraction(qp.scale)
    assert abs(survived) <= abs(r)


@given(parameters(), st.floats(2.0**-20, 2.0**20), st.booleans())
def test_outside_the_range_the_result_is_its_end(qp, steps, above):
    end, side = (qp.rmax, 1) if above else (qp.rmin, -1)
    r = end + side * steps * qp.scale
    for rounding in FIXED:
        assert fake_quantize(r, qp, rounding) == end


@pytest.mark.parametrize("rounding", FIXED)
@given(parameters(), st.lists(reals, min_size=2, max_size=20))
def test_the_map_is_monotone(rounding, qp, values):
    codes = quantize(np.sort(values), qp, rounding)
    assert (np.diff(codes.astype(int)) >= 0).all()


@pytest.mark.parametrize("rounding", FIXED)
@given(parameters_and_real())
def test_what_survived_once_survives_twice(rounding, case):
    qp, r = case
    once = fake_quantize(r, qp, rounding)
    for again in FIXED:
        assert fake_quantize(once, qp, again) == once


@given(parameters(), st.integers())
def test_a_code_comes_back_by_lot_too(qp, k):
    q = qp.grid.qmin + k % qp.grid.levels
    by_lot = stochastic(np.random.default_rng(abs(k)))
    assert quantize(dequantize(q, qp), qp, by_lot) == q


@given(parameters_and_real(), st.integers(0, 2**32))
def test_by_lot_the_result_is_one_of_the_two_neighbours(case, seed):
    qp, r = case
    by_lot = stochastic(np.random.default_rng(seed))
    low, high = (
        np.clip(f(r / qp.scale) + qp.zero_point, qp.grid.qmin, qp.grid.qmax)
        for f in (np.floor, np.ceil)
    )
    assert quantize(r, qp, by_lot) in (low, high)


@pytest.mark.parametrize("rule", RULES)
@given(grids, ends, ends)
def test_zero_is_exact_under_every_rule(rule, grid, a, b):
    qp = affine_qparams(min(a, b), max(a, b), grid, zero_point=rule)
    assert grid.qmin <= qp.zero_point <= grid.qmax
    assert quantize(0.0, qp) == qp.zero_point
    assert dequantize(qp.zero_point, qp) == 0.0
    assert qp.rmin <= 0 <= qp.rmax


@pytest.mark.parametrize("rule", RULES)
@given(bits.map(signed), ends, ends)
def test_the_range_chosen_is_the_range_given_within_half_a_step(
    rule, grid, a, b
):
    """And 1 % of a step for what float32 does to S."""
    rmin, rmax = min(a, b, 0.0), max(a, b, 0.0)
    qp = affine_qparams(rmin, rmax, grid, zero_point=rule)
    assume(rule is not fbgemm or (qp.scale > 6.2e-5 and rmin != rmax))
    assume(rmin != rmax)
    assert abs(qp.rmin - rmin) <= 0.51 * qp.scale
    assert abs(qp.rmax - rmax) <= 0.51 * qp.scale


@pytest.mark.parametrize("rule", RULES)
@given(grids, st.lists(st.tuples(ends, ends), min_size=1, max_size=8))
def test_channels_get_what_each_would_get_alone(rule, grid, pairs):
    rmin, rmax = np.sort(np.array(pairs), axis=1).T
    together = affine_qparams(rmin, rmax, grid, axis=0, zero_point=rule)
    for c, (low, high) in enumerate(zip(rmin, rmax, strict=True)):
        alone = affine_qparams(low, high, grid, zero_point=rule)
        assert together.scale[c] == alone.scale
        assert together.zero_point[c] == alone.zero_point


@given(
    st.lists(parameters(), min_size=1, max_size=5),
    st.integers(0, 2),
    st.integers(0, 2**32),
)
def test_channels_are_quantized_as_if_each_stood_alone(each, axis, seed):
    grid = Grid(-100, 100)
    S = np.array([qp.scale for qp in each])
    Z = np.array([qp.zero_point % 201 - 100 for qp in each])
    qp = QParams(S, Z, grid, axis)
    shape = [2, 2, 2]
    shape[axis] = len(each)
    r = np.random.default_rng(seed).normal(0, 150, shape) * qp.along(3)[0]
    q = np.moveaxis(quantize(r, qp), axis, 0)
    back = np.moveaxis(fake_quantize(r, qp), axis, 0)
    for c, channel in enumerate(np.moveaxis(r, axis, 0)):
        alone = QParams(S[c], Z[c], grid)
        np.testing.assert_array_equal(q[c], quantize(channel, alone))
        np.testing.assert_array_equal(back[c], fake_quantize(channel, alone))


@given(grids, st.floats(2.0**-80, 2.0**80))
def test_absmax_is_coded_by_the_ends_and_its_negative_mirrors_it(grid, absmax):
    assume(grid.qmin <= 0)
    qp = symmetric_qparams(absmax, grid)
    assert quantize(absmax, qp) == grid.qmax
    wanted = max(-grid.qmax, grid.qmin)
    assert quantize(-absmax, qp) == wanted


@pytest.mark.parametrize("scale", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("r", [0.234, -1.37, 0.07, 5.5])
def test_stochastic_quantization_is_unbiased_inside_the_range(scale, r):
    """Within 5 standard errors, S sqrt(f (1 - f) / n), at a fixed seed."""
    n, qp = 10**6, QParams(scale, 0, signed(16))
    by_lot = stochastic(np.random.default_rng(99))
    mean = fake_quantize(np.full(n, r), qp, by_lot).mean()
    fraction = r / qp.scale % 1
    error = qp.scale * np.sqrt(fraction * (1 - fraction) / n)
    assert abs(mean - r) <= 5 * error
