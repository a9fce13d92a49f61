"""Folding: the folded net computes the same, and only what may is folded."""

import re

import numpy as np
import pytest

from qlib.net.fold import fold, fold_batchnorm
from qlib.net.graph import (
    Absent,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Net,
    Relu,
    Relu6,
    around,
    shapes,
)
from qlib.net.real import run

RNG = np.random.default_rng(0)


def norm(x, y, C):
    gamma, beta, mean, var = RNG.normal(size=(4, C))
    return BatchNorm(x, y, gamma, beta, mean, var**2, 1e-3)


def conv(x, y, K, C, b=None, groups=1):
    w = RNG.normal(size=(K, C // groups, 3, 3))
    return Conv(x, y, w, b, (1, 2), around(1), groups=groups)


def kinds(net):
    return [f"{type(op).__name__} {op.x}" for op in net.ops]


NET = Net(
    (4, 6, 6),
    (
        conv("x", "c", 4, 4),
        norm("c", "n", 4),
        Relu6("n", "r"),
        conv("r", "d", 8, 4, RNG.normal(size=8), groups=4),
        norm("d", "dn", 8),
        GlobalAveragePool("dn", "g"),
        Flatten("g", "f"),
        Dense("f", "l", RNG.normal(size=(5, 8))),
        norm("l", "y", 5),
    ),
)


def test_the_folded_net_computes_the_same():
    folded, x = fold(NET), RNG.normal(size=(3, 4, 6, 6))
    before, after = run(NET, x), run(folded, x)
    assert kinds(folded) == [
        "Conv x",
        "Relu6 n",
        "Conv r",
        "GlobalAveragePool dn",
        "Flatten g",
        "Dense f",
    ]
    assert {*before} - {*after} == {"c", "d", "l"}
    for name, r in after.items():
        np.testing.assert_allclose(r, before[name], 0, 1e-12, err_msg=name)


def test_folding_twice_is_folding_once():
    folded = fold(NET)
    assert fold(folded).ops == folded.ops


STAYS = {
    "no layer before it": [norm("x", "y", 4)],
    "a layer without weights before it": [Relu("x", "h"), norm("h", "y", 4)],
    "another reader": [
        Conv("x", "h", np.ones((4, 4, 1, 1))),
        norm("h", "n", 4),
        Add("h", "n", "y"),
    ],
    "two norms of one tensor": [
        conv("x", "h", 4, 4),
        norm("h", "n", 4),
        norm("h", "m", 4),
    ],
    "a pool between": [
        conv("x", "h", 4, 4),
        MaxPool("h", "m", (2, 2), (2, 2)),
        norm("m", "y", 4),
    ],
}


@pytest.mark.parametrize("ops", STAYS.values(), ids=STAYS)
def test_a_batch_norm_that_cannot_go_stays(ops):
    net = Net((4, 6, 6), ops)
    assert fold(net).ops == net.ops


def test_a_tensor_that_is_the_output_stays():
    net = Net((4, 6, 6), (conv("x", "h", 4, 4), norm("h", "n", 4)), "h")
    assert fold(net).ops == net.ops


def test_a_net_of_shapes_folds_too():
    one = Absent((8,))
    ops = (
        Conv("x", "h", Absent((8, 4, 3, 3))),
        BatchNorm("h", "y", one, one, one, one),
    )
    net = fold(Net((4, 6, 6), ops))
    assert net.ops[0].b == Absent((8,))
    assert shapes(net) == {"x": (4, 6, 6), "y": (8, 4, 4)}


def test_each_filter_is_scaled_by_its_own_factor():
    """By hand, with a factor gamma / sqrt(var + eps) of 1, 2 and -3."""
    w, b = np.ones((3, 1, 1, 1)), np.array([1.0, 2.0, 3.0])
    rows = ([1, 2, -3], [0, 10, 0], [0, 1, 0], [0.75] * 3)
    W, bias = fold_batchnorm(w, b, *map(np.array, rows), 0.25)
    np.testing.assert_array_equal(W.ravel(), [1, 2, -3])
    np.testing.assert_array_equal(bias, [1, 12, -9])


def test_weights_keep_their_dtype():
    one = np.ones(3)
    for dtype in (np.float32, np.float64):
        w = np.ones((3, 2, 1, 1), dtype)
        for folded in fold_batchnorm(w, None, one, one, one, one, 1e-5):
            assert folded.dtype == dtype


ONE = np.ones(3)
BAD = [
    ({"gamma": ONE[:2]}, "gamma must have shape (3,), got (2,)"),
    ({"b": np.ones((3, 1))}, "b must have shape (3,), got (3, 1)"),
    ({"var": -ONE}, "var + eps must be positive"),
    ({"var": 0 * ONE, "eps": 0.0}, "var + eps must be positive"),
    ({"w": ONE[:, None] * np.nan}, "w must not be NaN"),
    ({"mean": ONE * np.inf}, "mean must be finite"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_what_cannot_be_folded_is_refused(change, message):
    names = ("b", "gamma", "beta", "mean", "var")
    case = {"w": np.ones((3, 2)), "eps": 1e-5, **dict.fromkeys(names, ONE)}
    with pytest.raises(ValueError, match=re.escape(message)):
        fold_batchnorm(**case | change)
