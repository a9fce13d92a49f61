"""QTensor: codes that know their parameters, and refuse to be wrong."""

import dataclasses

import numpy as np
import pytest

from qlib.affine import fake_quantize, quantize
from qlib.grid import INT8_NARROW, INT32, UINT8
from qlib.qparams import QParams
from qlib.rounding import toward_zero
from qlib.tensor import QTensor

QP = QParams(0.5, 3, UINT8)
CHANNELS = QParams(np.array([0.5, 2.0]), np.array([3, 4]), UINT8, axis=0)
R = np.array([[-1.0, 0.3], [7.9, 1e6]])


@pytest.mark.parametrize("qp", [QP, CHANNELS])
def test_of_quantizes_and_r_gives_the_reals_back(qp):
    t = QTensor.of(R, qp)
    np.testing.assert_array_equal(t.q, quantize(R, qp))
    np.testing.assert_array_equal(t.r, fake_quantize(R, qp))
    assert t.qp is qp


def test_of_passes_the_rounding_on():
    assert QTensor.of(np.array([0.25]), QP).q == 3
    assert QTensor.of(np.array([0.9]), QP).q == 5
    assert QTensor.of(np.array([0.9]), QP, toward_zero).q == 4


def test_codes_are_copied_and_locked():
    q = np.array([1, 2], np.uint8)
    t = QTensor(q, QP)
    q[0] = 200
    np.testing.assert_array_equal(t.q, [1, 2])
    with pytest.raises(ValueError, match="read-only"):
        t.q[0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.q = q


def test_comparing_tensors_does_not_raise():
    t = QTensor.of(R, QP)
    assert t == t
    assert t != QTensor.of(R, QP)


@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "bool"])
def test_codes_of_another_dtype_are_refused(dtype):
    with pytest.raises(ValueError, match=f"stored as uint8, got {dtype}"):
        QTensor(np.ones(3, dtype), QP)


def test_codes_off_the_grid_are_refused():
    with pytest.raises(ValueError, match=r"in \[-127, 127\], got"):
        QTensor(np.array([-128], np.int8), QParams(1.0, 0, INT8_NARROW))


@pytest.mark.parametrize("shape", [(), (3,), (3, 2), (1, 2)])
def test_codes_without_the_channels_are_refused(shape):
    with pytest.raises(ValueError, match="axis 0 must"):
        QTensor(np.zeros(shape, np.uint8), CHANNELS)


def test_a_bias_is_a_tensor_on_a_32_bit_grid():
    bias = QTensor(np.array([-(2**31)], np.int32), QParams(0.5, 0, INT32))
    assert bias.r == -(2.0**30)
