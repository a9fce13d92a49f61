"""Errors against hand-made cases and the theory of a uniform quantizer."""

import math

import numpy as np
import pytest

from qlib.affine import affine_qparams, fake_quantize, symmetric_qparams
from qlib.error import max_error, mse, split_error, sqnr
from qlib.grid import INT8, UINT8, signed
from qlib.qparams import QParams
from qlib.rounding import half_even, stochastic, toward_zero

A = np.array([[3.0, -4.0], [0.0, 12.0]])
B = np.array([[3.0, -4.5], [0.5, 10.0]])
MEASURES = [mse, sqnr, max_error]
QP = affine_qparams(-10.0, 30.0, UINT8)
R = np.concatenate(
    [
        np.random.default_rng(8).normal(0, 20, 2000),
        [QP.rmin, QP.rmax, 0.0, 1e9, -1e9],
        np.nextafter([QP.rmin, QP.rmax], -np.inf),
        np.nextafter([QP.rmin, QP.rmax], np.inf),
    ]
)


def test_a_case_done_by_hand():
    assert mse(A, B) == (0.25 + 0.25 + 4.0) / 4
    assert max_error(A, B) == 2.0
    assert sqnr(A, B) == pytest.approx(10 * math.log10(169 / 4.5))


def test_ten_times_less_noise_is_twenty_decibels():
    assert sqnr(A, A * 1.01) == pytest.approx(sqnr(A, A * 1.1) + 20)


def test_no_error_is_zero_and_infinitely_many_decibels():
    assert (mse(A, A), max_error(A, A), sqnr(A, A)) == (0, 0, math.inf)


@pytest.mark.parametrize("r", [np.zeros(3), np.array(0.0)])
def test_decibels_of_silence_are_refused(r):
    with pytest.raises(ValueError, match="needs a signal, got zeros only"):
        sqnr(r, r + 1)
    with pytest.raises(ValueError, match="needs a signal, got zeros only"):
        sqnr(r, r)


@pytest.mark.parametrize("measure", MEASURES)
def test_measures_are_plain_floats_for_any_dtype(measure):
    assert type(measure(A.astype(np.float32), B.astype(np.float16))) is float
    assert measure([1, 2], [1, 3]) == measure([1.0, 2.0], [1.0, 3.0])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("r", "other"),
    [([1.0, 2.0], 1.0), ([1.0], [1.0, 2.0]), ([], []), (A, A.T[:1])],
)
def test_other_shapes_and_no_values_are_refused(measure, r, other):
    with pytest.raises(ValueError, match=r"one shape, not empty.*got shapes"):
        measure(r, other)


@pytest.mark.parametrize("measure", MEASURES)
def test_values_that_are_not_finite_are_refused(measure):
    with pytest.raises(ValueError, match="^r must be finite, got"):
        measure([np.inf], [1.0])
    with pytest.raises(ValueError, match="^approximation must be finite, got"):
        measure([1.0], [np.inf])
    with pytest.raises(ValueError, match="^r must not be NaN, got"):
        measure([np.nan], [1.0])
    with pytest.raises(
        ValueError, match="^approximation must be real numbers"
    ):
        measure([1.0], [1j])


@pytest.mark.parametrize("bits", [4, 6, 8, 10])
def test_each_bit_is_worth_six_decibels(bits):
    """A uniform signal over the whole grid: 20 log10(2^b) dB, S^2 / 12."""
    rng = np.random.default_rng(12)
    grid = signed(bits)
    qp = QParams(2.0**-bits, 0, grid)
    r = rng.uniform(qp.rmin - qp.scale / 2, qp.rmax + qp.scale / 2, 400_000)
    approximation = fake_quantize(r, qp)
    assert mse(r, approximation) == pytest.approx(qp.scale**2 / 12, rel=0.01)
    assert sqnr(r, approximation) == pytest.approx(
        20 * math.log10(2**bits), abs=0.05
    )
    assert max_error(r, approximation) <= qp.scale / 2


@pytest.mark.parametrize(
    "rounding",
    [half_even, toward_zero, stochastic(np.random.default_rng(0))],
)
def test_of_each_error_one_part_is_zero_and_any_power_splits(rounding):
    rounded, clipped = split_error(R, QP, rounding)
    outside = (QP.rmin > R) | (QP.rmax < R)
    assert outside.any()
    assert not rounded[outside].any()
    assert not clipped[~outside].any()
    assert clipped[outside].all()
    assert (np.abs(rounded) <= QP.scale).all()
    for p in (1, 2, 3):
        whole = np.abs(rounded + clipped) ** p
        parts = np.abs(rounded) ** p + np.abs(clipped) ** p
        np.testing.assert_array_equal(whole, parts)


def test_without_a_word_ties_go_to_the_even_code():
    rounded, _ = split_error(np.array([0.25, 0.75]), QParams(0.5, 0, INT8))
    np.testing.assert_array_equal(rounded, [0.25, -0.25])


def test_the_parts_add_up_to_the_error():
    rounded, clipped = split_error(R, QP)
    error = R - fake_quantize(R, QP)
    np.testing.assert_allclose(rounded + clipped, error, atol=1e-12)
    total = np.mean(rounded**2) + np.mean(clipped**2)
    assert mse(R, fake_quantize(R, QP)) == pytest.approx(total)


def test_clipping_is_measured_from_the_ends_of_the_grid():
    qp = QParams(0.5, 3, UINT8)
    rounded, clipped = split_error(np.array([-2.0, 0.2, 130.0]), qp)
    np.testing.assert_array_equal(clipped, [-0.5, 0, 4])
    np.testing.assert_array_equal(rounded, [0, 0.2, 0])


def test_saturating_the_tail_helps_the_bulk_and_costs_the_outlier():
    """1.0 itself lies 4e-9 past the grid: S = 1/127 is rounded to float32."""
    bulk = np.linspace(-1, 1, 100)
    r = np.append(bulk, 12.7)
    wide, tight = symmetric_qparams(12.7), symmetric_qparams(1.0)
    assert len(set(fake_quantize(bulk, wide))) < 25
    assert len(set(fake_quantize(bulk, tight))) == 100
    assert np.abs(split_error(bulk, tight)[1]).max() < 1e-8
    assert mse(bulk, fake_quantize(bulk, tight)) < 1e-5
    assert mse(r, fake_quantize(r, tight)) > 1000 * mse(
        r, fake_quantize(r, wide)
    )


def test_channels_have_ends_of_their_own():
    qp = QParams(np.array([1.0, 2.0]), np.array([0, 10]), INT8, axis=0)
    rounded, clipped = split_error(np.array([[200.0], [235.0]]), qp)
    np.testing.assert_array_equal(clipped, [[73.0], [1.0]])
    np.testing.assert_array_equal(rounded, [[0.0], [0.0]])


def test_an_infinite_value_has_no_error_to_split():
    with pytest.raises(ValueError, match="^r must be finite, got"):
        split_error([np.inf], QP)
