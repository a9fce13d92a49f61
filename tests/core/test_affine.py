"""The affine map: every code, recorded states, bad input."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qlib.affine import dequantize, fake_quantize, quantize
from qlib.grid import INT8, INT8_NARROW, INT32, UINT4, UINT8, Grid
from qlib.qparams import QParams
from qlib.rounding import (
    half_away,
    half_even,
    half_up,
    stochastic,
    toward_zero,
)

VECTORS = Path(__file__).parents[1] / "vectors"
AFFINE = json.loads((VECTORS / "affine_qparams.json").read_text())
LAYERS = json.loads((VECTORS / "layers.json").read_text())

SEED = QParams(40 / 255, 64, UINT8)
TINY = float(np.finfo(np.float32).smallest_subnormal)
SCALES = [TINY, 1e-30, 6.1e-5, 0.1, 1 / 3, 0.5, 40 / 255, 1, 3, 7e5, 1e36]
ROUNDINGS = [
    half_even,
    half_away,
    half_up,
    toward_zero,
    stochastic(np.random.default_rng(0)),
]
PER_CHANNEL = QParams(np.array([0.1, 0.5, 3.0]), np.array([-5, 0, 9]), INT8, 1)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("grid", [INT8, UINT8, INT8_NARROW])
def test_every_code_comes_back_from_its_real(grid, scale, rounding):
    codes = np.arange(grid.qmin, grid.qmax + 1).astype(grid.dtype)
    for zero_point in (grid.qmin, grid.qmin + 1, 64, grid.qmax):
        qp = QParams(scale, zero_point, grid)
        back = quantize(dequantize(codes, qp), qp, rounding)
        np.testing.assert_array_equal(back, codes)
        assert back.dtype == grid.dtype


@pytest.mark.parametrize("zero_point", range(256))
def test_every_zero_point_stands_for_exactly_zero(zero_point):
    qp = QParams(0.1, zero_point, UINT8)
    assert quantize(0.0, qp) == quantize(-0.0, qp) == zero_point
    assert dequantize(zero_point, qp) == 0.0


def test_the_first_notes_table_holds_with_a_whole_zero_point():
    for code, real in AFFINE["seed_table"]["nudged"]["values"].items():
        assert dequantize(int(code), SEED) == pytest.approx(real, rel=1e-6)
    assert quantize(10.0, SEED) == 128
    assert dequantize(128, SEED) != 10.0


@pytest.mark.parametrize("row", AFFINE["quantize_seed_range_uint8"])
def test_the_seed_range_quantizes_as_recorded(row):
    """The source works in float32, where two of the rows are exact ties."""
    q = quantize(np.float32(row["r"]), SEED, half_away)
    assert q == row["q"]
    assert dequantize(q, SEED) == pytest.approx(row["dequant"], rel=1e-6)


def test_qualcomms_example_holds():
    example = AFFINE["snpe_doc_example"]
    qp = QParams(example["scale"], example["zero_point"], UINT8)
    q = quantize(example["inputs"], qp)
    np.testing.assert_array_equal(q, example["quantized"])
    np.testing.assert_allclose(dequantize(q, qp), example["dequantized"])
    ends = example["encoding_min"], example["encoding_max"]
    assert (qp.rmin, qp.rmax) == pytest.approx(ends, rel=1e-6)


def test_dividing_is_not_multiplying_by_the_reciprocal():
    """FBGEMM's own example: include/fbgemm/QuantUtils.h, Quantize."""
    pitfall = AFFINE["fbgemm_reciprocal_pitfall"]
    r, S = np.float32(pitfall["src"]), np.float32(pitfall["scale"])
    assert quantize(r, QParams(S, 0, UINT8)) == pitfall["rint_div"] == 127
    assert np.rint(r * (np.float32(1) / S)) == pitfall["rint_mul"] == 128


@pytest.mark.parametrize("row", LAYERS["simquant_eq13"])
def test_simulated_quantization_adds_z_before_the_clamp(row):
    """Krishnamoorthi's eq. (13) prints a minus sign there."""
    qp = QParams(row["delta"], row["z"], UINT8)
    assert fake_quantize(row["x"], qp) == pytest.approx(row["correct"])
    code = np.clip(np.rint(row["x"] / row["delta"]) - row["z"], 0, 255)
    assert row["delta"] * code == pytest.approx(row["as_printed_eq13"])


class EvenlySpaced:
    """A stand-in for a generator: n lots, in the middle of n cells."""

    def random(self, shape):
        (n,) = shape
        return (np.arange(n) + 0.5) / n


@pytest.mark.parametrize("row", LAYERS["stochastic_quantizer"])
def test_noise_of_one_step_is_unbiased_and_noise_of_one_is_not(row):
    """Krishnamoorthi's section 2.3 prints noise of one."""
    x, S, n = row["x"], row["delta"], 40_000
    qp = QParams(S, 0, INT8)
    by_lot = fake_quantize(np.full(n, x), qp, stochastic(EvenlySpaced()))
    assert by_lot.mean() == pytest.approx(
        row["E_noise_unif_pm_half_delta"], abs=S / n
    )
    assert fake_quantize(x, qp) == pytest.approx(row["nearest"])
    noise = EvenlySpaced().random((n,)) - 0.5
    printed = (S * np.rint((x + noise) / S)).mean()
    assert printed == pytest.approx(
        row["E_noise_as_printed_unif_pm_half"], abs=S / n
    )


@pytest.mark.parametrize(
    ("rounding", "q"),
    [
        (half_even, [2, 4, -2, 6]),
        (half_away, [3, 4, -3, 6]),
        (half_up, [3, 4, -2, 6]),
        (toward_zero, [2, 3, -2, 5]),
    ],
)
def test_the_rounding_is_the_callers(rounding, q):
    qp = QParams(0.5, 10, INT8)
    codes = quantize(np.array([1.25, 1.75, -1.25, 2.9]), qp, rounding)
    np.testing.assert_array_equal(codes - 10, q)


def test_without_a_word_ties_go_to_the_even_code():
    ties, qp = np.array([0.5, 1.5, -0.5, -2.5]), QParams(1.0, 0, INT8)
    np.testing.assert_array_equal(quantize(ties, qp), [0, 2, 0, -2])
    np.testing.assert_array_equal(fake_quantize(ties, qp), [0, 2, 0, -2])


def test_z_is_added_after_rounding_so_that_ties_do_not_depend_on_it():
    r = np.array([0.5, 1.5, 2.5])
    even = quantize(r, QParams(1.0, 10, INT8)) - 10
    odd = quantize(r, QParams(1.0, 11, INT8)) - 11
    np.testing.assert_array_equal(even, [0, 2, 2])
    np.testing.assert_array_equal(odd, even)


@pytest.mark.parametrize("scale", SCALES)
def test_ties_and_their_neighbours_get_the_codes_of_exact_arithmetic(scale):
    """S (k + 1/2) is a float64, so that rounding r / S cannot cross it."""
    qp = QParams(scale, 5, Grid(-1000, 1000))
    ties = (np.arange(-500, 500) + 0.5) * qp.scale
    for r in (ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf)):
        exact = [round(Fraction(x) / Fraction(qp.scale)) + 5 for x in r]
        np.testing.assert_array_equal(quantize(r, qp), exact)


@pytest.mark.parametrize("grid", [INT8, UINT8, INT8_NARROW, UINT4, INT32])
@pytest.mark.parametrize("scale", [TINY, 0.1, 1e38])
def test_whatever_is_too_large_goes_to_the_end_of_the_grid(grid, scale):
    qp = QParams(scale, grid.qmin + 5, grid)
    large = np.array([np.inf, 1e300])
    np.testing.assert_array_equal(quantize(large, qp), [grid.qmax] * 2)
    np.testing.assert_array_equal(quantize(-large, qp), [grid.qmin] * 2)


def test_the_ends_of_the_grid_are_reached_and_not_passed():
    qp = QParams(1.0, 0, INT8_NARROW)
    r = np.array([-1000, -128, -127, 127, 128, 1000])
    q = [-127, -127, -127, 127, 127, 127]
    np.testing.assert_array_equal(quantize(r, qp), q)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint8", "int64"]
)
def test_any_real_dtype_may_come_in_and_float64_goes_out(dtype):
    r = np.array([0, 1, 2, 100], dtype)
    qp = QParams(0.75, 7, INT8)
    q = quantize(r, qp)
    np.testing.assert_array_equal(q, [7, 8, 10, 127])
    assert (q.dtype, dequantize(q, qp).dtype) == (np.int8, np.float64)
    assert fake_quantize(r, qp).dtype == np.float64


def test_float32_is_divided_in_float64():
    """0.35 / 0.1 is 3.5 in float32, but 3.4999998 of the same two reals."""
    r, S = np.float32(0.35), np.float32(0.1)
    assert r / S == 3.5
    assert quantize(r, QParams(S, 0, INT8)) == 3


def test_a_wide_integer_is_clamped_before_it_is_cast():
    qp = QParams(1.0, 0, INT8)
    r = np.array([2**62, -(2**62), 300, -300])
    np.testing.assert_array_equal(quantize(r, qp), [127, -128, 127, -128])


def test_narrow_codes_do_not_wrap_when_z_is_subtracted():
    qp = QParams(1.0, 127, INT8)
    assert dequantize(np.int8(-128), qp) == -255
    assert dequantize(np.uint8(0), QParams(1.0, 255, UINT8)) == -255


def test_32_bit_codes_are_exact():
    qp = QParams(1.0, INT32.qmin, INT32)
    ends = np.array([INT32.qmin, INT32.qmax], np.int32)
    np.testing.assert_array_equal(dequantize(ends, qp), [0, 2**32 - 1])
    np.testing.assert_array_equal(quantize([0, 2**32 - 1], qp), ends)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_a_channel_is_quantized_as_if_it_stood_alone(axis):
    rng = np.random.default_rng(5)
    r = rng.normal(0, 20, (3, 3, 3))
    S, Z = PER_CHANNEL.scale, PER_CHANNEL.zero_point
    qp = QParams(S, Z, INT8, axis)
    q = np.moveaxis(quantize(r, qp), axis, 0)
    back = np.moveaxis(fake_quantize(r, qp), axis, 0)
    for c, channel in enumerate(np.moveaxis(r, axis, 0)):
        alone = QParams(S[c], Z[c], INT8)
        np.testing.assert_array_equal(q[c], quantize(channel, alone))
        np.testing.assert_array_equal(back[c], fake_quantize(channel, alone))


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1, 2, 3, 4)])
def test_shapes_stay(shape):
    r = np.zeros(shape)
    assert np.shape(quantize(r, SEED)) == shape
    assert np.shape(fake_quantize(r, SEED)) == shape


def test_fake_quantizing_twice_changes_nothing():
    r = np.random.default_rng(6).normal(0, 20, 1000)
    once = fake_quantize(r, SEED)
    np.testing.assert_array_equal(fake_quantize(once, SEED), once)


def test_the_input_is_left_alone():
    r = np.array([0.1, 300.0])
    quantize(r, SEED)
    fake_quantize(r, SEED)
    np.testing.assert_array_equal(r, [0.1, 300.0])


@pytest.mark.parametrize("call", [quantize, fake_quantize])
def test_nan_has_no_code(call):
    with pytest.raises(ValueError, match="^r must not be NaN, got"):
        call([1.0, np.nan], SEED)


@pytest.mark.parametrize("call", [quantize, fake_quantize])
@pytest.mark.parametrize("r", [1j, "1", None, [True], [b"1"], [object()]])
def test_what_is_not_a_real_number_has_no_code(call, r):
    with pytest.raises(ValueError, match="^r must be real numbers, got dtype"):
        call(r, SEED)


@pytest.mark.parametrize("q", [1.0, [64.0], 1j, "64", None, [True]])
def test_codes_must_be_integers(q):
    with pytest.raises(ValueError, match="^q must be integers, got dtype"):
        dequantize(q, SEED)


@pytest.mark.parametrize(
    ("q", "grid"),
    [
        (-1, UINT8),
        (256, UINT8),
        (np.int8(-128), INT8_NARROW),
        (np.uint8(128), INT8),
        (16, UINT4),
        ([0, 3, 2**62], INT8),
        ([-(2**62)], INT8),
        (np.uint64(2**64 - 1), INT8),
        (3, Grid(4, 9)),
    ],
)
def test_codes_off_the_grid_are_refused(q, grid):
    qp = QParams(1.0, grid.qmax, grid)
    wanted = rf"\[{grid.qmin}, {grid.qmax}\], got"
    with pytest.raises(ValueError, match=wanted):
        dequantize(q, qp)


@pytest.mark.parametrize("shape", [(), (3,), (3, 2), (3, 4), (3, 1)])
@pytest.mark.parametrize("call", [quantize, dequantize, fake_quantize])
def test_an_array_without_the_channels_is_refused(call, shape):
    with pytest.raises(ValueError, match="axis 1 must"):
        call(np.zeros(shape, np.int8), PER_CHANNEL)
