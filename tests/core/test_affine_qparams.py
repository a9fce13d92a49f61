"""The choice of S and Z against recorded states of three sources."""

import json
from pathlib import Path

import numpy as np
import pytest

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
from qlib.grid import (
    INT4,
    INT8,
    INT8_NARROW,
    UINT8,
    UINT8_NARROW,
    Grid,
    unsigned,
)
from qlib.qparams import QParams
from qlib.rounding import half_up

VECTORS = Path(__file__).parents[1] / "vectors"
ROWS = json.loads((VECTORS / "affine_qparams.json").read_text())["rows"]
TENSORFLOW = json.loads((VECTORS / "fake_quant_tf.json").read_text())["cases"]
FBGEMM = json.loads((VECTORS / "fbgemm_qparams.json").read_text())["rows"]
SOURCES = [
    ("tflite_uint8", UINT8, tflite),
    ("tflite_int8", INT8, tflite),
    ("tflite_int8_narrow", INT8_NARROW, tflite),
    ("gemmlowp_example_uint8", UINT8, gemmlowp),
    ("fbgemm_uint8", UINT8, fbgemm),
]
RULES = [tflite, gemmlowp, fbgemm]
GRIDS = [INT8, UINT8, INT8_NARROW, UINT8_NARROW, INT4, Grid(-3, 200)]
LABELS = [row["label"] for row in ROWS]


def stored(x):
    return float(np.float32(x))


def some_ranges(n=500):
    """Ranges of every size, one-sided, symmetric and neither."""
    rng = np.random.default_rng(11)
    ends = rng.normal(size=(n, 2)) * 10.0 ** rng.uniform(-6, 6, (n, 1))
    ends[::5, 1] = -ends[::5, 0]
    ends[1::5] = np.abs(ends[1::5])
    ends[2::5] = -np.abs(ends[2::5])
    return np.sort(ends, axis=1).T


@pytest.mark.parametrize("row", ROWS, ids=LABELS)
@pytest.mark.parametrize(("source", "grid", "rule"), SOURCES)
def test_s_and_z_are_the_recorded_ones(row, source, grid, rule):
    wanted = row[source]
    qp = affine_qparams(row["rmin"], row["rmax"], grid, zero_point=rule)
    assert qp.zero_point == wanted["zero_point"]
    assert qp.scale == pytest.approx(wanted["scale"], rel=1e-6)
    assert qp.scale == stored(wanted["scale"])
    if "nudged_min" in wanted:
        ends = wanted["nudged_min"], wanted["nudged_max"]
        assert (qp.rmin, qp.rmax) == pytest.approx(ends, rel=1e-6)


def test_minus_one_to_one_has_four_zero_points():
    """Shifting uint8 codes by 128 does not always give the int8 ones."""
    choices = [
        (UINT8, tflite),
        (INT8, tflite),
        (UINT8, fbgemm),
        (INT8, fbgemm),
    ]
    zero_points = [
        affine_qparams(-1, 1, grid, zero_point=rule).zero_point
        for grid, rule in choices
    ]
    assert zero_points == [128, -1, 127, 0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("grid", GRIDS)
def test_zero_is_exact_and_the_range_is_covered(grid, rule):
    """Up to half a step at one end, which Z's rounding costs."""
    for rmin, rmax in some_ranges().T:
        qp = affine_qparams(rmin, rmax, grid, zero_point=rule)
        assert quantize(0.0, qp) == qp.zero_point
        assert dequantize(quantize(0.0, qp), qp) == 0.0
        half = 0.5001 * qp.scale
        assert qp.rmin <= min(rmin, 0) + half
        assert qp.rmax >= max(rmax, 0) - half
        if rule is not fbgemm:
            assert abs(qp.rmin - min(rmin, 0)) <= half
            assert abs(qp.rmax - max(rmax, 0)) <= half


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("grid", GRIDS)
def test_channels_get_what_each_would_get_alone(grid, rule):
    rmin, rmax = some_ranges(100)
    rmin[7] = rmax[7] = 0.0
    together = affine_qparams(rmin, rmax, grid, axis=0, zero_point=rule)
    alone = [
        affine_qparams(low, high, grid, zero_point=rule)
        for low, high in zip(rmin, rmax, strict=True)
    ]
    assert together.axis == 0
    np.testing.assert_array_equal(together.scale, [a.scale for a in alone])
    np.testing.assert_array_equal(
        together.zero_point, [a.zero_point for a in alone]
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_range_beside_zero_is_widened_to_hold_it(rule):
    right = affine_qparams(2.1, 3.5, UINT8, zero_point=rule)
    assert (right.zero_point, right.rmin) == (0, 0.0)
    assert right.rmax == pytest.approx(3.5, rel=1e-6)
    left = affine_qparams(-3.5, -2.1, UINT8, zero_point=rule)
    assert (left.zero_point, left.rmax) == (255, 0.0)
    assert left.rmin == pytest.approx(-3.5, rel=1e-6)


def test_by_default_the_grid_is_int8_and_the_rule_tflites():
    qp = affine_qparams(-1.0, 1.0)
    assert (qp.grid, qp.zero_point, qp.axis) == (INT8, -1, None)


def test_tflite_takes_z_from_the_unrounded_scale():
    """With the scale as float32 stores it, [-1, 1] would give 127."""
    qp = affine_qparams(-1, 1, UINT8, zero_point=tflite)
    assert round(0 + 1 / qp.scale) == 127
    assert qp.zero_point == 128


@pytest.mark.parametrize("rule", [gemmlowp, fbgemm])
@pytest.mark.parametrize("shift", [-1e-9, 1e-9])
def test_gemmlowp_and_fbgemm_see_the_ends_as_float32(rule, shift):
    """Both ends are ties of Z until float32 rounds the shift away."""
    grid, tie = Grid(0, 2**16), 2.0**-4
    a, b = (
        affine_qparams(-tie - s, 2.0**13 - tie + s, grid, zero_point=rule)
        for s in (0, shift)
    )
    assert (a.scale, a.zero_point) == (b.scale, b.zero_point)


@pytest.mark.parametrize(
    ("rule", "grid", "scale", "zero_point"),
    [
        (tflite, UINT8, 1.0, 0),
        (tflite, INT8, 1.0, 0),
        (tflite, UINT8_NARROW, 1.0, 1),
        (gemmlowp, UINT8, 1.0, 0),
        (gemmlowp, INT8, 1.0, 0),
        (gemmlowp, Grid(-9, -3), 1.0, -3),
        (fbgemm, UINT8, stored(0.1), 0),
        (fbgemm, INT8, stored(0.1), 127),
        (fbgemm, UINT8_NARROW, stored(0.1), 1),
        (fbgemm, INT8_NARROW, stored(0.1), 127),
    ],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_empty_range_has_a_documented_scale(
    rule, grid, scale, zero_point, zero
):
    """FBGEMM's -1 to 127 is upstream's: tests/oracles asks torch."""
    qp = affine_qparams(zero, 0.0, grid, zero_point=rule)
    assert (qp.scale, qp.zero_point) == (scale, zero_point)


FLOOR = stored(6.1e-5)
FBGEMM_SMALL = [  # rmin, rmax -> S, Z on uint8
    (0.0, 1e-6, FLOOR, 0),
    (-1e-6, 0.0, FLOOR, 255),
    (-1e-6, 3e-6, FLOOR, 64),
    (-3e-6, 1e-6, FLOOR, 191),
    (0.0, 1e-40, stored(0.1), 0),
    (0.0, 1e-44, stored(0.1), 0),
    (0.0, 1e-60, stored(0.1), 0),
    (-1e-44, 0.0, stored(0.1), 0),
    (0.0, 255 * FLOOR, FLOOR, 0),
    (0.0, 255 * np.nextafter(np.float32(FLOOR), 1), FLOOR * (1 + 2**-24), 0),
]


@pytest.mark.parametrize(("rmin", "rmax", "scale", "zero_point"), FBGEMM_SMALL)
def test_fbgemm_raises_small_scales_and_the_range_with_them(
    rmin, rmax, scale, zero_point
):
    qp = affine_qparams(rmin, rmax, UINT8, zero_point=fbgemm)
    assert qp.scale == pytest.approx(scale, rel=2e-7)
    assert qp.zero_point == zero_point
    assert qp.scale >= FLOOR


def tensorflow_fake_quant(x, case):
    """TensorFlow 2's kernel, all in float32: ties are decided by its noise.

    floor((clamp(x) - nudged_min) / S - Z' + 1/2) S, times the reciprocal.
    """
    low, high, S = np.float32(
        [case["nudged_min"], case["nudged_max"], case["scale"]]
    )
    inverse, half = np.float32(1) / S, np.float32(0.5)
    zero = np.floor(-low * inverse + half)
    shifted = np.clip(np.float32(x), low, high) - low
    return np.floor(shifted * inverse - zero + half) * S


def test_fbgemms_rule_gives_what_torch_recorded():
    """Small ranges, and ranges where the last bit of float32 decides."""
    for rmin, rmax, qmin, qmax, scale, zero_point in FBGEMM:
        qp = affine_qparams(rmin, rmax, Grid(qmin, qmax), zero_point=fbgemm)
        assert (qp.scale, qp.zero_point) == (scale, zero_point), (rmin, rmax)


@pytest.mark.parametrize("case", TENSORFLOW)
def test_tensorflows_fake_quant_is_gemmlowps_rule_and_half_up(case):
    """But for ties, where float32 decides.  And it does not widen: (2.1, 3.5)
    is moved to (0, 1.4)."""
    grid = Grid(case["quant_min"], case["quant_max"])
    rmin, rmax = np.float32([case["min"], case["max"]])
    if rmin > 0:
        assert affine_qparams(rmin, rmax, grid).rmax == pytest.approx(3.5)
        assert case["nudged_max"] == pytest.approx(1.4)
        rmin, rmax = np.float32(0), rmax - rmin
    qp = affine_qparams(rmin, rmax, grid, zero_point=gemmlowp)
    assert (qp.scale, qp.zero_point) == (case["scale"], case["zero_point"])
    ends = case["nudged_min"], case["nudged_max"]
    assert (qp.rmin, qp.rmax) == pytest.approx(ends, rel=1e-6)

    x, theirs = np.float32(case["x"]), np.float32(case["y_tensorflow"])
    np.testing.assert_array_equal(tensorflow_fake_quant(x, case), theirs)
    ours = np.float32(fake_quantize(x, qp, half_up))
    differ = ours != theirs
    distance_from_tie = np.abs(np.float64(x) / qp.scale % 1 - 0.5)
    assert (distance_from_tie[differ] < 2**-17).all()
    assert (np.abs(ours - theirs)[differ] < 1.001 * qp.scale).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("rmin", "rmax"),
    [(1, -1), (0.5, 0.25), (np.array([0, 2]), np.array([1, 1]))],
)
def test_ends_in_the_wrong_order_are_refused(rule, rmin, rmax):
    axis = None if np.ndim(rmin) == 0 else 0
    with pytest.raises(ValueError, match="rmin <= rmax must hold, got"):
        affine_qparams(rmin, rmax, axis=axis, zero_point=rule)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_ends_are_refused(value):
    with pytest.raises(ValueError, match="^rmin must be finite, got"):
        affine_qparams(value, 1)
    with pytest.raises(ValueError, match="^rmax must be finite, got"):
        affine_qparams(-1, value)
    with pytest.raises(ValueError, match="^absmax must be finite, got"):
        symmetric_qparams(value)


def test_nan_ends_are_refused():
    with pytest.raises(ValueError, match="^rmin must not be NaN, got nan"):
        affine_qparams(np.nan, 1)
    with pytest.raises(ValueError, match="^rmax must not be NaN, got nan"):
        affine_qparams(-1, np.nan)
    with pytest.raises(ValueError, match="^absmax must not be NaN, got nan"):
        symmetric_qparams(np.nan)


@pytest.mark.parametrize("value", [1j, "1", None, True])
def test_ends_that_are_not_real_numbers_are_refused(value):
    with pytest.raises(ValueError, match="^rmin must be real numbers, got"):
        affine_qparams(value, 1)
    with pytest.raises(ValueError, match="^rmax must be real numbers, got"):
        affine_qparams(-1, value)
    with pytest.raises(ValueError, match="^absmax must be real numbers, got"):
        symmetric_qparams(value)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="rmin <= rmax must hold, got"):
        affine_qparams([-1, -1], [1, 1, 1], axis=0)
    with pytest.raises(ValueError, match="rmin <= rmax must hold, got"):
        affine_qparams([-1, -1], 1, axis=0)
    with pytest.raises(ValueError, match="axis=None needs one scale"):
        affine_qparams([-1, -1], [1, 1])
    with pytest.raises(ValueError, match="with an axis, scale must be"):
        affine_qparams(-1, 1, axis=0)


@pytest.mark.parametrize(
    ("rule", "rmin", "rmax"),
    [
        (tflite, -1e308, 1e308),
        (tflite, 0, 1e-50),
        (tflite, 0, 5e-324),
        (gemmlowp, -3e38, 3e38),
        (gemmlowp, 0, 1e39),
        (gemmlowp, 0, 1e-44),
        (fbgemm, 0, 1e39),
        (fbgemm, -1e308, 1e308),
    ],
)
def test_a_range_whose_scale_is_no_float32_is_refused(rule, rmin, rmax):
    with pytest.raises(ValueError, match="scale must be positive and finite"):
        affine_qparams(rmin, rmax, zero_point=rule)


@pytest.mark.parametrize("grid", [INT8_NARROW, INT8, UINT8, INT4, unsigned(3)])
@pytest.mark.parametrize("absmax", [1e-30, 0.1, 1.0, 127.0, 1e30])
def test_absmax_becomes_the_highest_code_and_zero_the_code_0(grid, absmax):
    qp = symmetric_qparams(absmax, grid)
    assert qp.scale == stored(absmax / grid.qmax)
    assert (qp.zero_point, qp.axis) == (0, None)
    np.testing.assert_array_equal(quantize([0, absmax], qp), [0, grid.qmax])


def test_symmetric_parameters_are_narrow_by_default():
    qp = symmetric_qparams(1.0)
    assert qp.grid == INT8_NARROW
    np.testing.assert_array_equal(quantize([-1.0, 1.0], qp), [-127, 127])
    assert affine_qparams(-1, 1, INT8_NARROW).scale == qp.scale


def test_symmetric_channels_have_a_scale_each():
    qp = symmetric_qparams(np.array([127.0, 0.0, 254.0]), axis=1)
    np.testing.assert_array_equal(qp.scale, [1.0, 1.0, 2.0])
    np.testing.assert_array_equal(qp.zero_point, [0, 0, 0])
    assert qp.axis == 1


def test_nothing_but_zeros_has_scale_one():
    assert symmetric_qparams(0.0).scale == 1.0


@pytest.mark.parametrize("absmax", [-1.0, -1e-300, [-1.0, 1.0]])
def test_a_negative_absmax_is_refused(absmax):
    with pytest.raises(ValueError, match=r"must not be negative, got \[?-1"):
        symmetric_qparams(absmax, axis=None if np.isscalar(absmax) else 0)


@pytest.mark.parametrize(
    "grid", [UINT8_NARROW, Grid(-5, 0), Grid(-5, -1), Grid(1, 9)]
)
def test_a_grid_without_zero_or_positive_codes_is_refused(grid):
    with pytest.raises(ValueError, match="must hold 0 and more, got Grid"):
        symmetric_qparams(1.0, grid)


@pytest.mark.parametrize("absmax", [1e-60, 1e300])
def test_an_absmax_whose_scale_is_no_float32_is_refused(absmax):
    with pytest.raises(ValueError, match="scale must be positive and finite"):
        symmetric_qparams(absmax)


def test_a_rule_of_ones_own_can_be_passed():
    def middle(rmin, rmax, grid):
        return rmax - rmin, np.float64((grid.qmin + grid.qmax) // 2)

    qp = affine_qparams(-1.0, 3.0, UINT8, zero_point=middle)
    assert isinstance(qp, QParams)
    assert (qp.scale, qp.zero_point) == (4.0, 127)
