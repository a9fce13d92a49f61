"""The two dialects with floats: by hand, recorded, and what they refuse."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from qlib.affine import dequantize
from qlib.grid import INT8, INT8_NARROW, UINT8, Grid
from qlib.int8.program import lower, run
from qlib.int8.with_floats import float_between, float_inside, requantized
from qlib.net.ops import Flatten, Relu, Sigmoid
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from tests.core.int8.nets import NETS, codes

VECTORS = Path(__file__).parents[2] / "vectors"
CHAIN = json.loads((VECTORS / "backends.json").read_text("utf-8"))[
    "ncnn_int8_chain"
]
QP = QParams(0.5, 0, INT8_NARROW)
W = np.ones((1, 1, 1, 1), np.int8)


def recorded_net():
    """One output of three inputs, then another layer that reads it."""
    x = QParams(1 / CHAIN["bottom_scale"], 0, INT8_NARROW)
    w = QParams(1 / CHAIN["weight_scale"], 0, INT8_NARROW)
    y = QParams(1 / CHAIN["top_scale"], 0, INT8_NARROW)
    qw = np.int8(CHAIN["qw"]).reshape(1, 3, 1, 1)
    b = np.array([CHAIN["bias"]])
    ops = QConv("x", "h", qw, w, b, fused="relu"), QConv("h", "y", W, w)
    return QNet((3, 1, 1), ops, {"x": x, "h": y, "y": y})


def test_the_recorded_chain_of_ncnn():
    net = recorded_net()
    r = np.array(CHAIN["x"]).reshape(1, 3, 1, 1)
    between = float_between(net, r)["h"].item()
    assert between == pytest.approx(CHAIN["dequant_fp32"], rel=1e-6)
    assert requantized(net) == {"h"}
    fused = float_between(net, r, requantized(net))["h"]
    assert fused.dtype == np.int8
    assert fused.item() == CHAIN["requant_int8"]


@pytest.mark.parametrize("case", CHAIN["clamp_examples"])
def test_the_recorded_roundings_and_clamps(case):
    """The codes of a real, seen through a weight of one."""
    one = QParams(1.0, 0, INT8_NARROW)
    op = QDense("x", "y", np.ones((1, 1), int), one)
    net = QNet((1,), (op,), {"x": one, "y": one})
    assert float_between(net, [[case["v"]]])["y"].item() == case["q"]


def test_the_chain_in_codes_and_in_reals_differ_only_by_the_order():
    """Requantized or not, the next layer reads the same codes."""
    net = recorded_net()
    r = np.random.default_rng(0).normal(0, 2, (99, 3, 1, 1))
    fused = float_between(net, r, requantized(net))["y"]
    np.testing.assert_array_equal(fused, float_between(net, r)["y"])


READERS = [  # ops, what ncnn passes as codes
    ([QConv("x", "h", W, QP), QConv("h", "y", W, QP)], {"h"}),
    ([QConv("x", "h", W, QP), Relu("h", "y")], set()),
    ([QConv("x", "y", W, QP)], set()),
    ([Relu("x", "h"), QConv("h", "y", W, QP)], set()),
    (
        [
            QConv("x", "h", W, QP),
            QConv("h", "i", W, QP),
            QConv("h", "y", W, QP),
        ],
        {"h"},
    ),
    (
        [QConv("x", "h", W, QP), QConv("h", "i", W, QP), QAdd("h", "i", "y")],
        set(),
    ),
]


@pytest.mark.parametrize(("ops", "names"), READERS)
def test_codes_pass_from_convolution_to_convolution_only(ops, names):
    net = QNet((1, 1, 1), ops, dict.fromkeys("xhiy", QP))
    assert requantized(net) == names


def test_both_dialects_by_hand():
    """3 x 1/2 x 1/2 + 0.1 - and -9 codes, with ReLU6 and without."""
    x = np.int8([[3], [-9], [60]])
    want = {"none": [0.85, -2.15, 15.1], "relu": [0.85, 0, 15.1]}
    want["relu6"] = [0.85, 0, 6]
    for fused, reals in want.items():
        op = QDense("x", "y", [[1]], QP, np.array([0.1]), fused)
        net = QNet((1,), (op,), {"x": QP, "y": QP})
        y = float_between(net, dequantize(x, QP))["y"]
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.ravel(), reals, rtol=1e-6)
        q = float_inside(net, x)["y"]
        assert q.dtype == np.int8
        assert q.ravel().tolist() == [2, -4 if fused == "none" else 0, (
            12 if fused == "relu6" else 30
        )]  # fmt: skip


def test_what_stands_between_convolutions_is_done_in_reals():
    """sigmoid(1.5 + 1.5): no codes, no table; a sum with its ReLU6."""
    one = QParams(1 / 127, 0, INT8_NARROW)
    ops = QAdd("x", "x2", "h", "relu6"), Sigmoid("h", "y")
    ops = (Relu("x", "x2"), *ops)
    net = QNet((1,), ops, {"x": QP, "x2": QP, "h": QP, "y": one})
    sigmoids = 1 / (1 + np.exp([-3.0, 0.0, -6.0]))
    y = float_between(net, [[1.5], [-9.0], [9.0]])
    np.testing.assert_allclose(y["y"].ravel(), sigmoids, rtol=1e-6)
    assert {r.dtype for r in y.values()} == {np.dtype(np.float32)}
    q = float_inside(net, np.int8([[3], [-18], [18]]))
    assert q["h"].ravel().tolist() == [6, 0, 12]
    assert q["y"].ravel().tolist() == np.rint(sigmoids * 127).tolist()


def test_codes_may_be_read_as_reals():
    ops = QConv("x", "h", W, QP, np.array([0.2])), Flatten("h", "y")
    net = QNet((1, 1, 1), ops, dict.fromkeys("xhy", QP))
    y = float_between(net, [[[[3.0]]]], {"h"})
    assert y["y"].dtype == np.float32
    assert y["h"].item() == 3
    assert y["y"].item() == 1.5


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", [*NETS][:4])
def test_the_dialects_are_a_code_apart_at_most(name, seed):
    """Integers, float inside, requantized: three roundings of one number.

    One bias is on the grid of the accumulator, the others are real: with
    generic scales that moves a code by one at most.
    """
    rng = np.random.default_rng(seed)
    net = NETS[name](rng, symmetric=True)
    x, (y,) = codes(rng, net), (op.y for op in net.ops)
    integers = run(net, lower(net), x)[y].astype(int)
    inside = float_inside(net, x)[y].astype(int)
    r = dequantize(x, net.qparams["x"])
    between = float_between(net, r, [y])[y].astype(int)
    for other in (inside, between):
        assert np.abs(integers - other).max() <= 1
        assert (integers != other).mean() < 0.02
    assert np.std(integers) > 10


def test_a_float_inside_is_a_float32():
    """5 x 0.7 is 3.5 there, a tie; in float64 it is less, as 0.7 is."""
    qp = {"x": QParams(0.7, 0, INT8_NARROW), "y": QParams(1, 0, INT8_NARROW)}
    op = QDense("x", "y", [[1]], QParams(1, 0, INT8_NARROW))
    net = QNet((1,), (op,), qp)
    assert 5 * qp["x"].scale < 3.5
    assert float_inside(net, np.int8([[5]]))["y"].item() == 4


def test_codes_of_fewer_bits_are_taken():
    """Weights in [-31, 31], as ncnn has them for Winograd."""
    w_qp = QParams(0.5, 0, Grid(-31, 31))
    net = QNet((1,), (QDense("x", "y", [[31]], w_qp),), {"x": QP, "y": QP})
    assert float_between(net, [[2.0]])["y"].item() == 31


REFUSED = [
    (
        {},
        QParams(np.array([0.5, 0.5]), np.array([0, 1]), INT8_NARROW, 0),
        "QDense x -> y: 'w' must have zero point 0",
    ),
    ({"x": QParams(0.5, 1, INT8_NARROW)}, QP, "QDense x -> y: 'x' must have"),
    ({"x": QParams(0.5, 0, INT8)}, QP, "codes in [-127, 127], got"),
    ({"x": QParams(0.5, 0, UINT8)}, QP, "QDense x -> y: 'x' must have"),
    ({}, QParams(0.5, 3, INT8_NARROW), "QDense x -> y: 'w' must have zero"),
    ({}, QParams(0.5, 0, INT8), "'w' must have zero point 0 and codes in"),
]


@pytest.mark.parametrize(("qparams", "w_qp", "complaint"), REFUSED)
@pytest.mark.parametrize("dialect", [float_between, float_inside])
def test_only_symmetric_codes_are_taken(dialect, qparams, w_qp, complaint):
    op = QDense("x", "y", np.ones((2, 1), int), w_qp)
    net = QNet((1,), (op,), {"x": QP, "y": QP} | qparams)
    with pytest.raises(ValueError, match=re.escape(complaint)):
        dialect(net, np.int8([[0]]) if dialect is float_inside else [[0.0]])
