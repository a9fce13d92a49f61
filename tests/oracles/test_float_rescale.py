"""Float rules of engines, down to the order of the operations.

    XNNPACK    acc ((Sx Sw) / Sy), then Z             float32_half_even
    QNNPACK    acc ((Sx Sw) (1 / Sy)), then Z         float32_reciprocal
    FBGEMM     acc ((Sx Sw) / Sy), then Z             float32_half_even
    oneDNN     ((acc Sx) Sw) (1 / Sy) + Z, rounded    float32_half_even_after_z

A third of the scales are decimal: there a float32 multiplier that is one
ulp off shows.  oneDNN's order is that of its kernels for AVX-512; those for
less multiply by Sx Sw at once, and both are known here.
"""

import itertools

import numpy as np
import pytest

from qlib.export.tflite import to_tflite
from qlib.grid import INT8_NARROW, UINT8
from qlib.int8.rescale import (
    float32_half_even,
    float32_half_even_after_z,
    float32_reciprocal,
)
from qlib.net.qlayers import QConv
from qlib.net.quantized import QNet
from qlib.net.window import around
from qlib.qparams import QParams
from tests.oracles.compare import RULES, differing, only
from tests.oracles.litert import xnnpack
from tests.oracles.single_op import (
    asymmetric,
    decimal,
    depthwise,
    depthwise_once,
    full,
    generic,
    power_of_two,
    random_conv,
)
from tests.oracles.torch_engine import pointwise, quantized

GEOMETRIES = 240
SMALL = (63, 31, 7)  # two products fit int16: machines without VNNI need it


def unsigned(low, high):
    """(S, Z) of [low, high] on [0, 255]."""
    S, Z, _ = asymmetric(low, high)
    return S, Z + 128, UINT8


def both_sides(rng, size, taps, stride):
    """The same padding left and right, above and below."""
    rows, columns = rng.integers(0, taps).tolist()
    return (rows, rows), (columns, columns)


def convs(window, scales=(generic, power_of_two, decimal), biased=False):
    rng = np.random.default_rng(8)
    for scale in itertools.islice(itertools.cycle(scales), GEOMETRIES):
        yield random_conv(
            rng, window, both_sides, scale=scale, activations=unsigned,
            fused=("none",), biased=biased, tops=SMALL,
        )  # fmt: skip


def at_once(acc, S_in, S_w, S_out, qp):
    """(acc (Sx Sw)) (1 / Sy) + Z: oneDNN below AVX-512."""
    S = np.float32(S_in) * np.float32(S_w)
    return float32_half_even_after_z(acc, 1.0, S, S_out, qp)


def twice_inverted(rule):
    """The rule, with 1 / (1 / Sx) in the place of Sx."""

    def inverted(acc, S_in, S_w, S_out, qp):
        S = 1 / (1 / np.float32(S_in))
        return rule(acc, S, S_w, S_out, qp)

    return inverted


@pytest.mark.parametrize("window", [full, depthwise_once])
@pytest.mark.parametrize(
    ("engine", "rule"),
    [
        (quantized("qnnpack"), float32_reciprocal),
        (quantized("fbgemm"), float32_half_even),
    ],
    ids=["qnnpack", "fbgemm"],
)
def test_each_engine_follows_its_rule_and_no_other(engine, rule, window):
    count = differing(engine, convs(window))
    assert only(rule, count), count


@pytest.mark.parametrize("window", [full, depthwise])
def test_xnnpack_multiplies_by_the_quotient_of_the_scales(window):
    rng, scales = np.random.default_rng(8), [generic, power_of_two, decimal]
    nets = [
        random_conv(rng, window, scale=scale)
        for scale in itertools.islice(itertools.cycle(scales), GEOMETRIES)
    ]
    count = differing(lambda net, x: xnnpack(to_tflite(net), x), nets)
    assert only(float32_half_even, count), count


@pytest.mark.parametrize("window", [full, depthwise_once])
def test_onednn_adds_z_before_it_rounds(window):
    count = differing(pointwise, convs(window), rules=(*RULES, at_once))
    orders = float32_half_even_after_z, at_once
    assert any(only(rule, count) for rule in orders), count


@pytest.mark.parametrize("name", ["onednn", "x86"])
def test_the_onednn_engine_inverts_the_scale_of_x_twice(name):
    nets = convs(depthwise_once, [decimal])
    orders = [*map(twice_inverted, (float32_half_even_after_z, at_once))]
    rules = (*RULES, at_once, *orders)
    count = differing(quantized(name), nets, rules=rules)
    assert any(only(rule, count) for rule in orders), count


def test_qnnpack_puts_the_bias_on_the_accumulators_grid():
    nets = convs(full, biased=True)
    count = differing(quantized("qnnpack"), nets)
    assert only(float32_reciprocal, count), count


def test_fbgemm_saturates_in_the_3x3_depthwise_kernel():
    rng = np.random.default_rng(9)
    w = rng.integers(-127, 128, (16, 1, 3, 3)).astype(np.int8)
    where = {"pad": around(1), "groups": 16}
    x, y = QParams(0.02, 120, UINT8), QParams(0.5, 128, UINT8)

    def worst(w):
        op = QConv("x", "y", w, QParams(0.01, 0, INT8_NARROW), **where)
        nets = [QNet((16, 16, 16), (op,), {"x": x, "y": y})]
        return differing(quantized("fbgemm"), nets)[float32_half_even]

    assert worst(w) > 0
    assert worst(w // 2) == 0  # |w| <= 64
