"""Networks of one operation in ncnn: the codes, bit for bit.

Without a bias, convolution is float32_half_away.  A bias is not part of the
accumulator there: it stays real.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from qlib.export.ncnn import to_ncnn
from qlib.grid import INT8, INT8_NARROW
from qlib.int8.rescale import float32_half_away
from qlib.net.ops import Relu
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from qlib.rounding import half_away
from tests.oracles.compare import differing, only
from tests.oracles.ncnn_engine import run_ncnn
from tests.oracles.single_op import (
    accumulator,
    codes_for,
    decimal,
    depthwise_once,
    explicit,
    full,
    generic,
    grouped,
    power_of_two,
    random_conv,
    random_dense,
    scales,
    symmetric,
)

GEOMETRIES = 240
SCALES = (generic, power_of_two, decimal)
F = np.float32
QP = QParams(0.5, 0, INT8_NARROW)


def convs(window, scales=SCALES, n=GEOMETRIES, **family):
    rng = np.random.default_rng(5)
    for scale in itertools.islice(itertools.cycle(scales), n):
        yield random_conv(
            rng,
            window,
            explicit,
            scale=scale,
            activations=symmetric,
            **family,
        )


def one_scale_per_group(net):
    """Filters of one group take the scale of the first one."""
    (op,) = net.ops
    if op.w_qp.axis is None:
        return net
    each = len(op.w) // op.groups
    S = np.repeat(op.w_qp.scale[::each], each)
    w_qp = QParams(S, 0, INT8_NARROW, 0)
    return replace(net, ops=(replace(op, w_qp=w_qp),))


def engine(net, x, **options):
    return run_ncnn(to_ncnn(net), x, **options)


def real_bias(net, x):
    """fma(acc, 1 / (1/Sx 1/Sw), b), then 1 / Sy; the product is exact."""
    (op,), (S_x, S_w, S_y), one = net.ops, scales(net), F(1)
    bare = replace(net, ops=(replace(op, b=None),))
    scale_in = one / ((one / F(S_x)) * (one / F(S_w)))
    b = F(op.b).reshape(-1, 1, 1).astype(np.float64)
    r = F(accumulator(bare, x)).astype(np.float64) * scale_in + b
    r = np.maximum(F(r), 0 if op.fused == "relu" else -np.inf)
    return half_away(r * (one / F(S_y))).clip(-127, 127)


@pytest.mark.parametrize("window", [full, depthwise_once])
def test_convolutions_are_float32_half_away_and_no_other_rule(window):
    count = differing(engine, convs(window, biased=False))
    assert only(float32_half_away, count), count


def test_groups_are_float32_half_away_and_no_other_rule():
    nets = map(one_scale_per_group, convs(grouped, biased=False))
    count = differing(engine, nets)
    assert only(float32_half_away, count), count


def test_a_bias_is_added_in_reals():
    nets = convs(full, fused=("none", "relu"))
    rng, on_the_grid = np.random.default_rng(0), 0
    for net in nets:
        x = codes_for(rng, net)
        y = engine(net, x)
        np.testing.assert_array_equal(y, real_bias(net, x))
        acc, qp = accumulator(net, x), net.qparams["y"]
        q = float32_half_away(acc, *scales(net), qp)
        on_the_grid += (q.clip(-127 * (net.ops[0].fused == "none")) != y).sum()
    assert on_the_grid > 0


def test_one_accumulator_gives_two_codes_where_a_vector_ends():
    # 1/2 in the reals, 0.49999997 in float32: a vector of 16 adds 1/2 and
    # cuts off, which carries to 1; the 17th pixel goes through round().
    w_qp, y = QParams(0.003, 0, INT8_NARROW), QParams(0.006, 0, INT8_NARROW)
    op = QConv("x", "y", np.ones((1, 1, 1, 1), np.int8), w_qp)
    x = QParams(1.0, 0, INT8_NARROW)
    net = QNet((1, 1, 17), (op,), {"x": x, "y": y})
    ones = np.ones((1, 1, 1, 17), np.int8)
    assert engine(net, ones).ravel().tolist() == [1] * 16 + [0]
    assert not float32_half_away([1], 1.0, 0.003, 0.006, y).any()


def test_packed_depthwise_takes_a_reciprocal_of_12_bits():
    nets = list(convs(depthwise_once, [power_of_two], 120, biased=False))
    packed = differing(lambda n, x: engine(n, x, packing=True), nets)
    assert differing(engine, nets)[float32_half_away] == 0
    assert min(packed.values()) > 0, packed  # no rule


def test_packed_convolution_is_the_same():
    nets = convs(full, n=120, biased=False)
    count = differing(lambda n, x: engine(n, x, packing=True), nets)
    assert only(float32_half_away, count), count


def test_a_dense_layer_gives_reals():
    rng = np.random.default_rng(6)
    for scale in itertools.islice(itertools.cycle(SCALES), GEOMETRIES):
        net = random_dense(rng, scale=scale, activations=symmetric)
        x, (S_x, S_w, _) = codes_for(rng, net), scales(net)
        r = accumulator(net, x) * (S_x * S_w.ravel())
        low, high = {
            "none": (-np.inf, np.inf),
            "relu": (0, np.inf),
            "relu6": (0, 6),
        }[net.ops[0].fused]
        size = np.abs(r).max() + np.abs(net.ops[0].b).max()
        off = np.abs(engine(net, x) - r.clip(low, high)).max()
        assert off <= 1e-6 * size


def test_reals_that_stand_for_the_codes_give_the_same():
    rng = np.random.default_rng(7)
    for net in convs(full, n=30):
        x = codes_for(rng, net)
        reals = F(x * net.qparams["x"].scale)
        np.testing.assert_array_equal(engine(net, reals), engine(net, x))


def test_the_bin_and_the_table_hold_the_same_scales():
    for net in convs(depthwise_once, n=30):
        files, (op,) = to_ncnn(net), net.ops
        weights, x = files.table.splitlines()
        name, *stored = weights.split()
        assert (name, x.split()[0]) == ("y_param_0", "y")
        stored = np.array([*stored, x.split()[1]], F)
        in_bin = np.frombuffer(files.bin[-4 * (len(op.w) + 2) : -4], F)
        np.testing.assert_array_equal(stored, in_bin)
        assert files.bin[:4] == bytes.fromhex("384b0d00")


def test_the_same_network_gives_the_same_files():
    first, again = ([*map(to_ncnn, convs(full, n=9))] for _ in range(2))
    assert first == again
    assert len({*first}) == 9


def dense(qp=QP, w_qp=QP):
    op = QDense("x", "y", np.ones((2, 2), int), w_qp)
    return QNet((2,), (op,), {"x": qp, "y": qp})


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (
            QNet((2,), (Relu("x", "y"),), {"x": QP, "y": QP}),
            "^Relu x -> y: no ncnn layer",
        ),
        (
            dense(qp=QParams(0.5, 3, INT8_NARROW)),
            "^tensor x: ncnn needs Z = 0 and codes in",
        ),
        (
            dense(qp=QParams(0.5, 0, INT8)),
            "^tensor x: ncnn needs Z = 0 and codes in",
        ),
        (
            dense(w_qp=QParams(0.5, 0, INT8)),
            "^QDense x -> y: w: ncnn needs Z = 0 and codes in",
        ),
    ],
)
def test_what_ncnn_cannot_say_is_named(net, said):
    with pytest.raises(NotImplementedError, match=said):
        to_ncnn(net)


def test_a_group_has_one_scale():
    w_qp = QParams(np.array([0.5, 0.25, 0.5, 0.5]), 0, INT8_NARROW, 0)
    w = np.ones((4, 1, 1, 1), int)
    op = QConv("x", "y", w, w_qp, groups=2)
    net = QNet((2, 1, 1), (op,), {"x": QP, "y": QP})
    with pytest.raises(NotImplementedError, match=r"one scale for each of 2"):
        to_ncnn(net)
