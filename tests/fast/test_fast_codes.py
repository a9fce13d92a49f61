"""The fast path gives the codes of the readable engine, byte for byte."""

import numpy as np
import pytest
import torch

from qlib import fast, requant, zoo
from qlib.affine import quantize
from qlib.data import load
from qlib.fast import program, selftest
from qlib.grid import INT8, INT8_NARROW, UINT8, Grid
from qlib.int8.program import lower, run
from qlib.net.collect import ranges
from qlib.net.fold import fold
from qlib.net.qlayers import QConv
from qlib.net.quantize import per_tensor, quantize_net, symmetric
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from qlib.zoo.mobilenet import mobilenet_v2
from tests.core.int8.nets import (
    NETS,
    codes,
    explicit,
    generic,
    power_of_two,
)
from tests.oracles import single_op

ROUNDINGS = (
    requant.multiply,
    requant.multiply_ties_up,
    requant.multiply_single_rounding,
)
GEOMETRIES = {
    "full": single_op.full,
    "grouped": single_op.grouped,
    "depthwise": single_op.depthwise,
}


def assert_same(net, x, scale_by=requant.multiply):
    """Names, shapes, dtypes, codes of all tensors."""
    steps = lower(net, scale_by)
    want, got = run(net, steps, x), fast.run(net, steps, x)
    assert [*got] == [*want]
    for name, q in want.items():
        assert got[name].dtype == q.dtype, name
        assert got[name].shape == q.shape, name
        np.testing.assert_array_equal(got[name], q, name)


def drawn(name, seed):
    """A net of one op or a few; int8 or uint8; scales with ties or not."""
    rng = np.random.default_rng(seed)
    kind = {"scale": (generic, power_of_two)[seed % 2]}
    kind["grid"] = (INT8, UINT8)[seed // 2 % 2]
    if not name.startswith(("average pool", "max pool")):
        kind["pad"] = explicit
    net = NETS[name](rng, **kind)
    return net, codes(rng, net)


@pytest.mark.parametrize("scale_by", ROUNDINGS)
@pytest.mark.parametrize("name", NETS)
def test_every_op_gives_the_same_codes(name, scale_by):
    for seed in range(8):
        assert_same(*drawn(name, seed), scale_by)


@pytest.mark.parametrize("window", GEOMETRIES.values(), ids=GEOMETRIES)
def test_every_geometry_gives_the_same_codes(window):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        net = single_op.random_conv(rng, window, single_op.explicit)
        assert_same(net, single_op.codes_for(rng, net))


@pytest.mark.parametrize("scale_by", ROUNDINGS)
def test_without_onednn_the_codes_are_the_same(scale_by, monkeypatch):
    monkeypatch.setattr(selftest, "is_right", lambda *_: False)
    for name in ("conv", "grouped conv", "dense", "mixed"):
        for seed in range(8):
            assert_same(*drawn(name, seed), scale_by)


def test_a_layer_of_many_tiles_gives_the_same_codes(monkeypatch):
    monkeypatch.setattr("qlib.fast.conv.TILE", 1000)
    for seed in range(8):
        assert_same(*drawn("conv", seed))


def test_one_column_gives_the_same_codes():
    """torch 2.13 writes nothing for it: `torch._int_mm`, B of shape (1, K)."""
    rng = np.random.default_rng(0)
    w, qp = rng.integers(-127, 128, (8, 1, 1, 1)), QParams(1.0, 0, INT8)
    op = QConv("x", "y", w.astype(np.int8), QParams(0.01, 0, INT8_NARROW))
    net = QNet((1, 5, 5), (op,), {"x": qp, "y": qp})
    assert_same(net, codes(rng, net))


def test_weights_with_a_zero_point_give_the_same_codes():
    rng = np.random.default_rng(0)
    x, y = QParams(0.5, 120, UINT8), QParams(3.0, 99, UINT8)
    for groups, each in ((1, 6), (6, 1)):
        w = rng.integers(0, 256, (12, each, 3, 3)).astype(np.uint8)
        Z = rng.integers(90, 160, 12)
        qp = QParams(np.full(12, 0.02), Z, UINT8, 0)
        op = QConv("x", "y", w, qp, groups=groups)
        net = QNet((6, 9, 9), (op,), {"x": x, "y": y})
        assert_same(net, codes(rng, net))


def test_images_in_any_order_in_memory_give_the_same_codes():
    net, x = drawn("mixed", 0)
    steps = lower(net)
    want = run(net, steps, x)[net.output]
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    x.flags.writeable = False
    for q in (x, last, np.asfortranarray(x), np.repeat(x, 2, 0)[::2]):
        got = fast.run(net, steps, q)[net.output]
        np.testing.assert_array_equal(got, want)


def test_the_running_network_gives_the_same_codes_for_all_digits():
    net, x = fold(zoo.load("digits-0")), load("digits").x
    seen = ranges(net, [x[:500]])
    for kind in ({}, {"weights": per_tensor}, {"activation": symmetric}):
        qnet = quantize_net(net, seen, **kind)
        assert_same(qnet, quantize(x, qnet.qparams["x"]))


def test_mobilenet_v2_gives_the_same_codes():
    net = fold(mobilenet_v2(size=64))
    x = np.random.default_rng(0).normal(size=(2, 3, 64, 64))
    qnet = quantize_net(net, ranges(net, [x]))
    assert_same(qnet, quantize(x, qnet.qparams["x"]))


def test_every_heavy_step_of_mobilenet_v2_is_replaced():
    net = fold(mobilenet_v2(size=32))
    x = np.random.default_rng(0).normal(size=(1, 3, 32, 32))
    qnet = quantize_net(net, ranges(net, [x]))
    steps = lower(qnet)
    kept = {
        before.kernel.__name__
        for before, after in zip(
            steps, program.faster(qnet, steps), strict=True
        )
        if before is after
    }
    assert kept == {"total", "flatten"}


def nearest(acc, rq):
    """A rounding that nobody knows."""
    return requant.multiply(acc, rq) + 0


def test_a_step_with_another_rounding_is_left_as_it_is():
    for seed in range(4):
        net, x = drawn("conv", seed)
        steps = lower(net, nearest)
        assert program.faster(net, steps) == steps
        assert_same(net, x, nearest)


@pytest.mark.parametrize("grid", [Grid(0, 15), Grid(-8, 7), INT8_NARROW])
def test_grids_of_fewer_codes_than_a_byte_give_the_same_codes(grid):
    """Bytes that are no codes have an entry in each table."""
    for name in NETS:
        for seed in range(2):
            rng = np.random.default_rng(seed)
            net = NETS[name](rng, grid=grid)
            assert_same(net, codes(rng, net))


def test_codes_wider_than_a_byte_are_left_to_the_readable_engine():
    rng = np.random.default_rng(0)
    x, y = QParams(0.5, 0, Grid(-1, 254)), QParams(3.0, 7, INT8)
    w = rng.integers(-127, 128, (5, 4, 3, 3)).astype(np.int8)
    op = QConv("x", "y", w, QParams(0.01, 0, INT8_NARROW))
    for qparams in ({"x": x, "y": y}, {"x": y, "y": x}):
        net = QNet((4, 6, 6), (op,), qparams)
        assert_same(net, codes(rng, net))


def test_bad_input_meets_the_same_complaint():
    net, x = drawn("conv", 0)
    steps = lower(net)
    with pytest.raises(ValueError, match="^input x must have shape"):
        fast.run(net, steps, x[:, :, 1:])
    with pytest.raises(ValueError, match="^input x must be in"):
        fast.run(net, steps, x.astype(int) + 999)


def test_the_number_of_threads_is_as_before_whatever_happens():
    net, x = drawn("conv", 0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        fast.run(net, lower(net), x)
        assert torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="must have shape"):
            fast.run(net, lower(net), x[:, :, 1:])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
