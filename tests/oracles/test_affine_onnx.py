"""The affine map against the ONNX reference evaluator.

Ours divides in float64, the reference in float32: where codes differ, that
is the whole cause.  It adds Z after rounding half to even, as ours does.
"""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from qlib.affine import dequantize, quantize
from qlib.grid import INT4, INT8, UINT4, UINT8
from qlib.qparams import QParams

N = 10**6
F = np.float32
KINDS = [
    (INT8, TensorProto.INT8),
    (UINT8, TensorProto.UINT8),
]


def run(op, inputs, out_type, axis=None):
    """One node through the reference evaluator."""
    names = ["x", "scale", "zero_point"]
    attributes = {} if axis is None else {"axis": axis}
    types = [helper.np_dtype_to_tensor_dtype(x.dtype) for x in inputs]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attributes)],
        "one",
        [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in zip(names, types, strict=True)
        ],
        [helper.make_tensor_value_info("y", out_type, None)],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 21)]
    )
    feeds = dict(zip(names, inputs, strict=True))
    return ReferenceEvaluator(model).run(None, feeds)[0]


def float32_division(x, S, Z, grid):
    """The reference's rule: round(x / S) + Z, the quotient in float32."""
    return np.clip(np.rint(x / S) + Z, grid.qmin, grid.qmax)


def smooth(S, shape):
    return F(np.random.default_rng(7).normal(0, 60, shape) * S)


def ties(S, shape):
    k = np.random.default_rng(7).integers(-300, 300, shape)
    return F((k + 0.5) * S)


CASES = [(smooth, 0, 1e-5), (ties, 0.05, 0.3)]


@pytest.mark.parametrize(("values", "low", "high"), CASES)
@pytest.mark.parametrize("scale", [0.1, 0.0235294122, 0.0078431377])
@pytest.mark.parametrize(("grid", "kind"), KINDS)
def test_quantize_linear_differs_by_float32_division_alone(
    grid, kind, scale, values, low, high
):
    S, Z = F(scale), grid.qmin + 100
    x, qp = values(S, N), QParams(S, Z, grid)
    theirs = run("QuantizeLinear", [x, S, grid.dtype.type(Z)], kind)
    assert theirs.dtype == grid.dtype
    np.testing.assert_array_equal(theirs, float32_division(x, S, Z, grid))
    assert low <= np.mean(theirs != quantize(x, qp)) <= high


@pytest.mark.parametrize("values", [smooth, ties])
@pytest.mark.parametrize(("grid", "kind"), KINDS)
def test_with_a_power_of_two_nothing_differs(grid, kind, values):
    S, Z = F(0.5), grid.qmin + 101
    x = values(S, N)
    theirs = run("QuantizeLinear", [x, S, grid.dtype.type(Z)], kind)
    np.testing.assert_array_equal(theirs, quantize(x, QParams(S, Z, grid)))


@pytest.mark.parametrize(("values", "low", "high"), CASES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_scale_per_channel_differs_by_float32_division_alone(
    axis, values, low, high
):
    S = F([0.1, 0.7, 0.003, 0.31, 0.09, 0.011, 0.5, 0.77])
    Z = np.int8([-128, 127, 0, 3, -77, 50, 100, -1])
    qp = QParams(S, Z, INT8, axis)
    along_S, along_Z = qp.along(2)
    x = values(along_S, (8, N // 8) if axis == 0 else (N // 8, 8))
    theirs = run("QuantizeLinear", [x, S, Z], TensorProto.INT8, axis)
    rule = float32_division(x, F(along_S), along_Z, INT8)
    np.testing.assert_array_equal(theirs, rule)
    assert low <= np.mean(theirs != quantize(x, qp)) <= high
    back = run("DequantizeLinear", [theirs, S, Z], TensorProto.FLOAT, axis)
    np.testing.assert_array_equal(back, F(dequantize(theirs, qp)))


@pytest.mark.parametrize(("grid", "kind"), KINDS)
@pytest.mark.parametrize("scale", [1e-30, 0.1, 1 / 3, 7.0])
def test_dequantize_linear_is_ours_rounded_to_float32(grid, kind, scale):
    """Every code and every zero point."""
    S = F(scale)
    codes = np.arange(grid.qmin, grid.qmax + 1).astype(grid.dtype)
    for Z in codes:
        theirs = run("DequantizeLinear", [codes, S, Z], TensorProto.FLOAT)
        ours = dequantize(codes, QParams(S, Z, grid))
        np.testing.assert_array_equal(theirs, F(ours))


@pytest.mark.parametrize(
    ("grid", "kind"), [(INT4, TensorProto.INT4), (UINT4, TensorProto.UINT4)]
)
def test_four_bits_saturate_at_the_ends_of_our_grid(grid, kind):
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    x, S, Z = F([-100, -1.3, 0, 0.7, 100]), F(0.25), np.array(3, dtype)
    theirs = run("QuantizeLinear", [x, S, Z], kind).astype(int)
    np.testing.assert_array_equal(theirs, quantize(x, QParams(S, 3, grid)))
    assert (theirs[0], theirs[-1]) == (grid.qmin, grid.qmax)
