"""The kernels: loops against numpy, by hand, against recorded layers."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qlib.grid import INT8, UINT8, Grid
from qlib.int8.conv import (
    accumulate,
    conv,
    conv_loops,
    dense,
    dense_loops,
    depthwise,
)
from qlib.int8.pointwise import (
    add,
    add_loops,
    centred,
    centred_loops,
    concat,
    concat_loops,
    flatten,
    lookup,
    lookup_loops,
    softmax,
    softmax_loops,
)
from qlib.int8.pool import (
    average_pool,
    average_pool_loops,
    max_pool,
    max_pool_loops,
    total,
    total_loops,
)
from qlib.int8.program import lower, run
from qlib.int8.step import Output, apply, to_codes
from qlib.multiplier import requant_from_real
from qlib.net.ops import Concat, Sigmoid, Softmax
from qlib.net.qlayers import QAdd, QDense
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from qlib.requant import (
    multiply,
    multiply_single_rounding,
    multiply_ties_up,
    requantize,
)
from tests.core.int8.nets import NETS, codes, explicit

VECTORS = Path(__file__).parents[2] / "vectors"
LAYERS = json.loads((VECTORS / "layers.json").read_text("utf-8"))


def depthwise_loops(q, **ints):
    return conv_loops(q, groups=q.shape[1], **ints)


def flatten_loops(q):
    at = [*np.ndindex(q.shape[1:])]
    return np.array([[each[i] for i in at] for each in q])


LOOPS = {
    conv: conv_loops,
    depthwise: depthwise_loops,
    dense: dense_loops,
    add: add_loops,
    centred: centred_loops,
    concat: concat_loops,
    flatten: flatten_loops,
    lookup: lookup_loops,
    softmax: softmax_loops,
    max_pool: max_pool_loops,
    average_pool: average_pool_loops,
    total: total_loops,
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NETS)
def test_the_twins_agree_on_every_op(name, seed):
    rng = np.random.default_rng(seed)
    grid = (INT8, UINT8)[seed % 2] if name not in AT_INT8 else INT8
    net = NETS[name](rng, pad=explicit, grid=grid)
    known = {"x": codes(rng, net, 2)}
    for step in lower(net):
        qs = [known[name] for name in step.xs]
        want = LOOPS[step.kernel](*qs, **step.ints)
        got = step.kernel(*qs, **step.ints)
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
        known[step.y] = apply(step, *qs)
        qp = net.qparams.get(step.y, net.qparams[net.output])
        assert known[step.y].dtype == qp.grid.dtype
    x = known["x"]
    np.testing.assert_array_equal(
        run(net, lower(net), x)[step.y], known[step.y]
    )


@pytest.mark.parametrize("kind", [Sigmoid, Softmax])
def test_tables_are_read_from_the_first_code_of_a_narrow_grid(kind):
    """201 codes: an index that wraps, or counts from 0, is another one."""
    x, y = QParams(0.02, 0, Grid(-100, 100)), QParams(1 / 256, -128, INT8)
    net = QNet((201,), (kind("x", "y"),), {"x": x, "y": y})
    (step,) = lower(net)
    q = np.arange(-100, 101, dtype=np.int8)[None]
    r = np.exp(x.scale * q)
    r = r / (1 + r) if kind is Sigmoid else r / r.sum()
    for kernel in (step.kernel, LOOPS[step.kernel]):
        got = apply(replace(step, kernel=kernel), q)
        assert (np.abs(got - (256 * r - 128)) < 0.5 + 1e-4).all()


AT_INT8 = ("sigmoid", "softmax", "mixed")


@pytest.mark.parametrize("seed", range(60))
def test_accumulate_is_the_sum_of_the_differences(seed):
    """Padding by Z1 is the same as 0 after the zero point is taken off."""
    rng = np.random.default_rng(seed)
    groups, each, m = rng.integers(1, 4, 3).tolist()
    kernel, stride, dilation = rng.integers(
        1, [[4], [4], [3]], (3, 2)
    ).tolist()
    pad = explicit(rng, None, kernel, None)
    x = rng.integers(0, 256, (2, groups * each, 7, 8)).astype(np.uint8)
    w = rng.integers(0, 256, (groups * m, each, *kernel)).astype(np.uint8)
    Z1, Z2 = 77, rng.integers(0, 256, groups * m) if seed % 2 else 131
    b = rng.integers(-999, 999, groups * m).astype(np.int32)
    where = tuple(stride), pad, tuple(dilation), groups
    want = conv_loops(
        x.astype(int) - Z1,
        w.astype(int) - np.reshape(Z2, (-1, 1, 1, 1)),
        b.astype(int), 0, *where,
    )  # fmt: skip
    got = accumulate(x, Z1, w, b, Z2, *where)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == np.int32


def test_accumulate_by_hand():
    """4 2 / 1 3 with the zero point 1, padded above; taps 1 -1 / 2 0."""
    x, w = np.int8([[[[4, 2], [1, 3]]]]), np.int8([[[[1, -1], [2, 0]]]])
    got = accumulate(x, 1, w, np.int32([10]), pad=((1, 0), (0, 0)))
    #   0 0        3 1
    #   3 1        0 2
    assert got.tolist() == [[[[10 + 6], [10 + 3 - 1]]]]


def test_one_number_stands_for_both_sides():
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (1, 2, 9, 9)).astype(np.int8)
    w = rng.integers(-128, 128, (2, 2, 3, 3)).astype(np.int8)
    one = accumulate(x, 3, w, None, 0, 2, 1, 2, 1)
    two = accumulate(x, 3, w, None, 0, (2, 2), ((1, 1), (1, 1)), (2, 2), 1)
    np.testing.assert_array_equal(one, two)
    assert one.shape == (1, 2, 4, 4)


def test_the_recorded_matrix_product_with_two_zero_points():
    """Its rows are filters, its columns positions: uint8, Z1 and Z2."""
    layer = LAYERS["quantized_gemm_uint8"]
    w, x = np.uint8(layer["q1"]), np.uint8(layer["q2"])
    Zw, Zx, b = layer["Z1"], layer["Z2"], np.int32(layer["q_bias"])
    w4, x4 = w[..., None, None], x[None, :, None, :]
    acc = accumulate(x4, Zx, w4, b, Zw)[0, :, 0]
    assert acc.tolist() == layer["acc"]
    core = accumulate(x4, 0, w4, None)[0, :, 0]
    assert core.tolist() == layer["core_sum"]
    rows, columns = w.sum(1, dtype=int), x.sum(0, dtype=int)
    assert rows.tolist() == layer["row_sums_q1"]
    assert columns.tolist() == layer["col_sums_q2"]
    assert 4 * Zw * Zx == layer["N_Z1_Z2"]
    four = core - Zw * columns - Zx * rows[:, None] + 4 * Zw * Zx
    np.testing.assert_array_equal(four + b[:, None], acc)


def test_the_recorded_matrix_product_runs_as_a_layer():
    layer = LAYERS["quantized_gemm_uint8"]
    qp = {
        name: QParams(layer[f"S{i}"], layer[f"Z{i}"], UINT8)
        for name, i in (("w", 1), ("x", 2), ("y", 3))
    }
    op = QDense("x", "y", layer["q1"], qp["w"], np.array(layer["bias_real"]))
    for ours, theirs in (
        (multiply, "q3_double"),
        (multiply_single_rounding, "q3_single"),
    ):
        net = QNet((4,), (op,), qp)
        y = run(net, lower(net, ours), np.uint8(layer["q2"]).T)["y"]
        assert y.T.tolist() == layer[theirs]


def test_the_four_terms_are_those_that_the_white_paper_should_print():
    case = LAYERS["whitepaper_conv_expansion"]
    x, w = (np.uint8(case[name])[None, None] for name in "xw")
    direct = accumulate(x, case["zx"], w, None, case["zw"]).item()
    terms = case["terms"]
    assert direct == case["direct"] == case["correct"] != case["as_printed"]
    assert accumulate(x, 0, w, None).item() == terms["conv"]
    assert -case["zw"] * x.sum(dtype=int) == terms["minus_zw_sumx"]
    assert -case["zx"] * w.sum(dtype=int) == terms["minus_zx_sumw"]
    assert 4 * case["zx"] * case["zw"] == terms["correct_const"]


X, W = np.zeros((1, 4, 3, 3), np.int8), np.zeros((6, 2, 2, 2), np.int8)
BAD = [  # arguments, words, complaint
    ((X[0], 0, W, None), {"groups": 2}, "q1 must be (N, C, H, W)"),
    ((X, 0, W[0], None), {"groups": 2}, "got (1, 4, 3, 3), (2, 2, 2)"),
    ((X, 0, W, None), {}, "got (1, 4, 3, 3), (6, 2, 2, 2) and 1 groups"),
    ((X[:, :3], 0, W, None), {"groups": 2}, "and 2 groups"),
    ((X, 0, W[:5], None), {"groups": 2}, "groups divide K, got"),
    ((X, 0, W, np.zeros(5, int)), {"groups": 2}, "bias must be (6,)"),
    ((X, 0, W, None, np.zeros(2, int)), {"groups": 2}, "shapes (6,) and (2,)"),
    (
        (X, 0, W, None),
        {"groups": 2, "stride": 0},
        "stride must be at least 1, got 0",
    ),
    (
        (X, 0, W, None),
        {"groups": 2, "stride": (1, 0)},
        "stride must be at least 1, got 0",
    ),
    (
        (X, 0, W, None),
        {"groups": 2, "dilation": -1},
        "dilation must be at least 1",
    ),
    (
        (X, 0, W, None),
        {"groups": 2, "pad": -1},
        "pad must be at least 0, got -1",
    ),
    ((X, 0, W, None), {"groups": 2, "dilation": 3}, "3 x 3, got 4 x 4"),
    ((X, 0, W, None), {"groups": 0}, "groups must be at least 1, got 0"),
    ((X, 0, W, None), {"groups": 2.0}, "groups must be an integer, got 2.0"),
    ((X * 1.0, 0, W, None), {"groups": 2}, "q1 must be integers"),
    ((X, 0, W * 1.0, None), {"groups": 2}, "q2 must be integers"),
    ((X, 0.5, W, None), {"groups": 2}, "Z1 must be an integer, got 0.5"),
    ((X, 0, W, None, 0.5), {"groups": 2}, "Z2 must be integers"),
    ((X, 0, W, np.zeros(6)), {"groups": 2}, "bias must be integers"),
]


@pytest.mark.parametrize(("args", "words", "complaint"), BAD)
def test_accumulate_says_what_does_not_fit(args, words, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        accumulate(*args, **words)


@pytest.mark.parametrize("side", [1, -1])
def test_accumulate_ends_where_int32_ends(side):
    last = 2**31 - 1 if side == 1 else -(2**31)
    x, w = np.int8([[[[side]]]]), np.int8([[[[100]]]])
    b = np.array([last - side * 100])
    assert accumulate(x, 0, w, b).item() == last
    with pytest.raises(ValueError, match="accumulators must fit int32, got"):
        accumulate(x, 0, w, b + side)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_a_sum_beyond_int32_does_not_wrap_whatever_the_bias_is(dtype):
    x, w = np.int8([[[[1]]]]), np.int8([[[[1]]]])
    with pytest.raises(ValueError, match="got 2147483648 to 2147483648$"):
        accumulate(x, 0, w, np.array([2**31 - 1], dtype))


def test_differences_of_unsigned_codes_do_not_wrap():
    x, w = np.uint8([[[[1]]]]), np.uint8([[[[2]]]])
    for Z2 in (200, np.uint8([200]), np.int64([200])):
        assert accumulate(x, 100, w, None, Z2).item() == -99 * -198


@pytest.mark.parametrize("side", [1, -1])
def test_one_accumulator_of_many_beyond_int32_is_enough(side):
    x, w = np.int8([[[[0, side, 0]]]]), np.int8([[[[1]]]])
    last = 2**31 - 1 if side > 0 else -(2**31)
    with pytest.raises(ValueError, match="accumulators must fit int32, got"):
        accumulate(x, 0, w, np.array([last]))


@pytest.mark.parametrize("kernel", [conv, conv_loops, depthwise])
def test_without_being_told_a_window_moves_by_one_and_sees_all(kernel):
    rng = np.random.default_rng(0)
    q, w, b = rng.integers(-9, 9, (1, 1, 6, 7)), rng.integers(-9, 9, 9), 5
    w, b = w.reshape(1, 1, 3, 3), np.array([b])
    want = [
        [5 + (q[0, 0, i : i + 3, j : j + 3] * w[0, 0]).sum() for j in range(5)]
        for i in range(4)
    ]
    assert kernel(q, w, b, 7)[0, 0].tolist() == want


def test_an_empty_batch_gives_an_empty_batch():
    assert accumulate(X[:0], 0, W, None, groups=2).shape == (0, 6, 2, 2)


@pytest.mark.parametrize("case", LAYERS["avgpool_rounding"])
def test_the_recorded_averages(case):
    q = np.int8(case["vals"]).reshape(1, 1, 1, -1)
    kernel = 1, q.size
    for pool in (average_pool, average_pool_loops):
        y = pool(q, kernel, (1, 1), ((0, 0), (0, 0)))
        assert y.item() == case["tflite"]


def test_the_recorded_sums_of_two_scales():
    case = LAYERS["tflite_int8_add"]
    p, derived = case["params"], case["derived"]
    qp = {
        name: QParams(p[f"s{i}"], p[f"z{i}"], INT8)
        for name, i in (("a", 1), ("b", 2), ("y", "o"))
    }
    op = QAdd("a", "b", "y")
    # b is a with another (S, Z): the net has one input
    (step,) = lower(
        QNet((1,), (Concat(("a",), "b"), op), qp, input="a")
    )[2:]  # fmt: skip
    multipliers = step.ints["Ma"], step.ints["Mb"], step.out.rq
    for rq, name in zip(multipliers, ("m1", "m2", "mo"), strict=True):
        m0, left = derived[name]
        np.testing.assert_allclose(rq.m0, m0, rtol=1e-7)
        assert rq.shift == -left
    for each in case["cases"]:
        q = (np.int8([each["q1"]]), np.int8([each["q2"]]))
        acc = step.kernel(*q, **step.ints)
        assert to_codes(acc, step.out).item() == each["out"]


def test_the_recorded_concat_loses_codes():
    case = LAYERS["concat_requantize"]
    qp = {
        "x": QParams(case["si"], case["zi"], INT8),
        "y": QParams(case["so"], case["zo"], INT8),
    }
    net = QNet((1,), (Concat(("x",), "y"),), qp)
    q = np.arange(-128, 128, dtype=np.int8)[:, None]
    y = run(net, lower(net), q)
    np.testing.assert_array_equal(y["y"], y["x -> y"])
    for each in case["cases"]:
        assert y["y"][each["q"] + 128] == each["out"]
    assert len(np.unique(y["y"])) == case["distinct_outputs_of_256_inputs"]


@pytest.mark.parametrize(
    "scale_by", [multiply, multiply_ties_up, multiply_single_rounding]
)
def test_the_output_stage_is_the_one_of_requant(scale_by):
    rng, grid = np.random.default_rng(0), INT8
    acc = rng.integers(-(2**31), 2**31, (5, 8, 9, 9)).astype(np.int32)
    acc >>= rng.integers(0, 24, acc.shape)
    rq = requant_from_real(2.0 ** rng.uniform(-20, -1, (8, 1, 1)))
    qp = QParams(1.0, -100, grid)
    out = Output(rq, -100, -128, 127, grid.dtype, scale_by)
    want = requantize(acc, rq, qp, scale_by)
    np.testing.assert_array_equal(to_codes(acc, out), want)
    tight = replace(out, qmin=-100, qmax=20)
    np.testing.assert_array_equal(to_codes(acc, tight), want.clip(-100, 20))
    assert len(np.unique(want)) > 150


def test_an_accumulator_at_the_end_of_int32_does_not_wrap_when_z_is_added():
    out = Output(
        requant_from_real(1.0 - 2**-31), 127, -128, 127, np.dtype(np.int8)
    )
    ends = np.int32([2**31 - 1, -(2**31)])
    assert to_codes(ends, out).tolist() == [127, -128]


def test_the_way_of_scaling_shows_where_ties_are():
    """M = 1/4: 2 and -2 are ties; -3, -1 and 1 are on the first rounding."""
    x, y = QParams(0.5, 0, INT8), QParams(1.0, 0, INT8)
    op = QDense("x", "y", [[1]], QParams(0.5, 0, INT8))
    net = QNet((1,), (op,), {"x": x, "y": y})
    q = np.int8([[-3, -2, -1, 1, 2, 3]]).T
    ways = {
        multiply: [-1, -1, 0, 1, 1, 1],
        multiply_ties_up: [0, 0, 0, 1, 1, 1],
        multiply_single_rounding: [-1, 0, 0, 0, 1, 1],
    }
    for way, want in ways.items():
        assert run(net, lower(net, way), q)["y"].ravel().tolist() == want
