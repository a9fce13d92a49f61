"""QParams: what is stored, what is refused, how it broadcasts."""

import dataclasses

import numpy as np
import pytest

from qlib.grid import INT8, INT8_NARROW, UINT8
from qlib.qparams import QParams

SMALLEST = float(np.finfo(np.float32).smallest_subnormal)
LARGEST = float(np.finfo(np.float32).max)
PER_CHANNEL = QParams(np.array([0.5, 2.0, 4.0]), np.array([1, 2, 3]), INT8, 1)

BAD_SCALES = [
    0.0,
    -0.5,
    np.inf,
    -np.inf,
    SMALLEST / 2,
    LARGEST * 1.000001,
    1e300,
    [1.0, 0.0],
    [1.0, -1.0],
    [np.inf, 1.0],
]
NOT_REAL = [True, 1j, "1", None, [1 + 0j], 10**400]
BAD_ZERO_POINTS = [63.75, -129, 128, np.inf, 2**40, [0, 200], [0.5, 1]]


@pytest.mark.parametrize("scale", [0.1, 40 / 255, 1 / 3, 1e-30])
def test_a_scale_is_rounded_to_float32_and_held_in_float64(scale):
    stored = QParams(scale, 0, INT8).scale
    assert type(stored) is float
    assert stored == float(np.float32(scale)) != scale


def test_products_of_float32_inputs_are_computed_in_float64():
    a, b = (QParams(np.float32(x), 0, INT8).scale for x in (0.1, 0.3))
    assert a * b != float(np.float32(0.1) * np.float32(0.3))
    per_channel = QParams(np.float32([0.1]), 0, INT8, axis=0)
    assert per_channel.scale.dtype == np.float64
    assert per_channel.scale * per_channel.scale == a * a


@pytest.mark.parametrize("scale", [SMALLEST, LARGEST])
def test_the_smallest_and_the_largest_float32_are_scales(scale):
    assert QParams(scale, 0, INT8).scale == scale


@pytest.mark.parametrize("zero_point", [-128, 127, np.int8(5), 5.0])
def test_a_whole_zero_point_on_the_grid_is_stored_as_an_int(zero_point):
    stored = QParams(1.0, zero_point, INT8).zero_point
    assert type(stored) is int
    assert stored == zero_point


def test_channels_are_copied_and_locked():
    scale, zero_point = np.array([1.0, 2.0]), np.array([0, 1])
    qp = QParams(scale, zero_point, INT8, axis=0)
    scale[0] = zero_point[0] = 100
    np.testing.assert_array_equal(qp.scale, [1.0, 2.0])
    np.testing.assert_array_equal(qp.zero_point, [0, 1])
    for array in (qp.scale, qp.zero_point):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        qp.scale = 1.0


def test_one_zero_point_serves_all_channels():
    qp = QParams(np.array([1.0, 2.0]), 7, INT8, axis=0)
    np.testing.assert_array_equal(qp.zero_point, [7, 7])
    assert qp.zero_point.dtype == np.int64


def test_comparing_parameters_does_not_raise():
    assert PER_CHANNEL == PER_CHANNEL
    assert QParams(1.0, 0, INT8) != PER_CHANNEL


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(0, (3, 1, 1)), (1, (1, 3, 1)), (2, (1, 1, 3)), (-3, (3, 1, 1))],
)
def test_channels_broadcast_along_their_axis(axis, shape):
    qp = QParams(PER_CHANNEL.scale, PER_CHANNEL.zero_point, INT8, axis)
    S, Z = qp.along(3)
    assert S.shape == Z.shape == shape
    np.testing.assert_array_equal(S.ravel(), [0.5, 2.0, 4.0])
    np.testing.assert_array_equal(Z.ravel(), [1, 2, 3])
    assert (S.dtype, Z.dtype) == (np.float64, np.int64)


@pytest.mark.parametrize("ndim", [0, 1, 4])
def test_one_scale_broadcasts_over_anything(ndim):
    S, Z = QParams(0.5, 3, INT8).along(ndim)
    assert (S.shape, Z.shape) == ((), ())
    assert (S, Z) == (0.5, 3)
    assert (S.dtype, Z.dtype) == (np.float64, np.int64)


@pytest.mark.parametrize(("axis", "ndim"), [(1, 1), (1, 0), (-2, 1), (2, 2)])
def test_an_axis_that_an_array_lacks_is_refused(axis, ndim):
    qp = QParams(np.ones(3), 0, INT8, axis)
    with pytest.raises(ValueError, match=rf"axis {axis} .* {ndim} axes"):
        qp.along(ndim)


@pytest.mark.parametrize("shape", [(3, 2), (3, 4), (3, 1), (1, 1)])
def test_another_number_of_channels_is_refused(shape):
    with pytest.raises(ValueError, match=r"axis 1 must have 3 channels, got"):
        PER_CHANNEL.over(np.zeros(shape))


def test_one_channel_does_not_stretch_over_many():
    with pytest.raises(ValueError, match=r"1 channels, got shape \(2, 3\)"):
        QParams(np.ones(1), 0, INT8, axis=0).over(np.zeros((2, 3)))


def test_the_right_number_of_channels_broadcasts():
    S, Z = PER_CHANNEL.over(np.zeros((5, 3, 2)))
    assert S.shape == Z.shape == (1, 3, 1)
    assert QParams(0.5, 3, INT8).over(np.zeros((5, 3)))[0] == 0.5


def test_the_reals_of_a_grid_end_at_rmin_and_rmax():
    qp = QParams(0.5, 3, UINT8)
    assert (qp.rmin, qp.rmax) == (-1.5, 126.0)
    np.testing.assert_array_equal(PER_CHANNEL.rmin, [-64.5, -260, -524])
    np.testing.assert_array_equal(PER_CHANNEL.rmax, [63, 250, 496])


@pytest.mark.parametrize("scale", BAD_SCALES)
def test_a_scale_that_is_no_positive_float32_is_refused(scale):
    axis = 0 if isinstance(scale, list) else None
    with pytest.raises(
        ValueError, match="^scale must be positive and finite in float32, got"
    ):
        QParams(scale, 0, INT8, axis)


@pytest.mark.parametrize("value", NOT_REAL)
def test_parameters_that_are_not_real_numbers_are_refused(value):
    with pytest.raises(ValueError, match="^scale must be real numbers, got"):
        QParams(value, 0, INT8)
    with pytest.raises(ValueError, match="^zero_point must be real numbers"):
        QParams(1.0, value, INT8)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="^scale must not be NaN, got nan"):
        QParams(np.nan, 0, INT8)
    with pytest.raises(ValueError, match="^zero_point must not be NaN"):
        QParams(1.0, np.nan, INT8)


@pytest.mark.parametrize("zero_point", BAD_ZERO_POINTS)
def test_a_zero_point_off_the_grid_is_refused(zero_point):
    scale, axis = (1.0, None) if np.isscalar(zero_point) else ([1.0, 1.0], 0)
    with pytest.raises(ValueError, match=r"integer in \[-128, 127\], got"):
        QParams(scale, zero_point, INT8, axis)


def test_zero_is_not_on_every_grid():
    with pytest.raises(ValueError, match=r"in \[-127, 127\], got -128"):
        QParams(1.0, -128, INT8_NARROW)


@pytest.mark.parametrize(
    ("scale", "zero_point"), [([1.0, 2.0], 0), (1.0, [0, 1]), ([1.0], [0])]
)
def test_channels_without_an_axis_are_refused(scale, zero_point):
    with pytest.raises(ValueError, match="axis=None needs one scale"):
        QParams(scale, zero_point, INT8)


@pytest.mark.parametrize(
    ("scale", "zero_point"),
    [
        (1.0, 0),
        (1.0, [0]),
        ([], 0),
        ([1.0, 2.0], [0, 1, 2]),
        ([1.0, 2.0], [0]),
        ([[1.0, 2.0]], 0),
        ([[1.0, 2.0]], [[0, 1]]),
    ],
)
def test_shapes_that_do_not_fit_an_axis_are_refused(scale, zero_point):
    with pytest.raises(ValueError, match=r"\(channels,\).*got shapes"):
        QParams(scale, zero_point, INT8, axis=0)


@pytest.mark.parametrize("axis", [0.0, "0", 1.5])
def test_an_axis_that_is_no_integer_is_refused(axis):
    with pytest.raises(ValueError, match="^axis must be an integer, got"):
        QParams([1.0], 0, INT8, axis)
