"""Which rule LiteRT rescales by: three sets of kernels, four layers.

Random networks of one layer, their codes compared with a rule of
`qlib.int8.rescale` without a tolerance.  Kernels:

    reference   tensorflow/lite/kernels/internal/reference/integer_ops/
    optimized   tensorflow/lite/kernels/internal/optimized/, ruy
    xnnpack     XNNPACK, qs8-qc8w

The rules are told apart: on the same codes the other ones fail.
"""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from qlib.export.tflite import to_tflite
from qlib.grid import INT8
from qlib.int8.rescale import (
    float32_half_even,
    float64_half_away,
    one_rounding,
    two_roundings,
    two_roundings_ties_up,
)
from qlib.int8.tables import clamp
from qlib.net.qlayers import QConv, QDense
from qlib.qparams import QParams
from qlib.requant import multiply, requant_from_real
from qlib.rounding import half_away
from tests.oracles.litert import optimized, reference, xnnpack
from tests.oracles.single_op import (
    codes_for,
    depthwise,
    expected,
    full,
    generic,
    grouped,
    of_biases,
    power_of_two,
    random_conv,
    random_dense,
)

NETS = 210  # of each layer and each kind of scales

LAYERS = {
    "conv": partial(random_conv, window=full),
    "depthwise": partial(random_conv, window=depthwise),
    "grouped": partial(random_conv, window=grouped),
    "dense": random_dense,
}
KERNELS = {
    "reference": reference,
    "optimized": optimized,
    "xnnpack": xnnpack,
}


def eights_ties_up(net, x):
    """Eight filters at a time, and those left over one by one.

    Source: Quantize, tensorflow/lite/kernels/internal/optimized/
    optimized_ops.h.
    """
    y = expected(net, x, two_roundings)
    eights = y.shape[1] // 8 * 8
    y[:, :eights] = expected(net, x, two_roundings_ties_up)[:, :eights]
    return y


RULES = {
    "two roundings": partial(expected, rescale=two_roundings),
    "two, ties up": partial(expected, rescale=two_roundings_ties_up),
    "two, eights ties up": eights_ties_up,
    "one rounding": partial(expected, rescale=one_rounding),
    "float32": partial(expected, rescale=float32_half_even),
    "float64": partial(expected, rescale=float64_half_away),
}
FOLLOWS = {
    ("reference", "conv"): "two roundings",
    ("reference", "depthwise"): "two roundings",
    ("reference", "grouped"): "two roundings",
    ("reference", "dense"): "float64",
    ("optimized", "conv"): "two, ties up",
    ("optimized", "depthwise"): "two, eights ties up",
    ("optimized", "grouped"): "two roundings",
    ("optimized", "dense"): "two, ties up",
    ("xnnpack", "conv"): "float32",
    ("xnnpack", "depthwise"): "float32",
    ("xnnpack", "grouped"): "float32",
    ("xnnpack", "dense"): "float32",
}
INT32_MAX = 2**31 - 1


@cache
def codes(layer, scale):
    """What each set of kernels and each rule make of the same networks."""
    got = {name: [] for name in (*KERNELS, *RULES)}
    for seed in range(NETS):
        rng = np.random.default_rng(seed)
        net = LAYERS[layer](rng, scale=scale, biased=seed % 8 > 0)
        x = codes_for(rng, net, 2 if len(net.shape) == 3 else 20)
        model = to_tflite(net)
        for name, run in KERNELS.items():
            got[name].append(run(model, x).ravel())
        for name, rule in RULES.items():
            got[name].append(rule(net, x).ravel())
    return {name: np.concatenate(each) for name, each in got.items()}


@pytest.mark.parametrize("scale", [generic, power_of_two])
@pytest.mark.parametrize(("kernels", "layer"), FOLLOWS)
def test_more_than_two_hundred_networks_give_the_codes_of_the_rule(
    kernels, layer, scale
):
    got, rule = codes(layer, scale), FOLLOWS[kernels, layer]
    assert (got[kernels] != got[rule]).sum() == 0
    assert got[kernels].size > 10**5
    assert np.std(got[kernels]) > 50  # the range is used


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("kernels", "layer"), FOLLOWS)
def test_with_ties_every_other_rule_fails(kernels, layer, rule):
    got, true = codes(layer, power_of_two), FOLLOWS[kernels, layer]
    assert (rule == true) == np.array_equal(got[kernels], got[rule])


def rescaled(run, net):
    """The codes of a net that ignores what it reads."""
    x = np.zeros((1, *net.shape), np.int8)
    return run(to_tflite(net), x).ravel()


def boundaries(rng, M):
    """Accumulators next to where the code changes, and any others."""
    half = np.rint(rng.uniform(-130, 130, M.shape)) + 0.5
    near = np.rint(half / M) + rng.integers(-2, 3, M.shape)
    far = rng.uniform(-1, 1, M.shape) * 150 / M
    acc = np.where(rng.random(M.shape) < 0.7, near, far)
    return acc.clip(-INT32_MAX, INT32_MAX).astype(np.int64)


SIZES = [(-36, -30), (-30, -20), (-20, -8), (-8, 0), (0, 4), (4, 8)]
NET_OF = {
    "conv": partial(of_biases, layer=QConv),
    "depthwise": lambda acc, *S: of_biases(acc, *S, groups=len(acc)),
    "dense": partial(of_biases, layer=QDense),
}


@pytest.mark.parametrize(("low", "high"), SIZES)
@pytest.mark.parametrize("layer", NET_OF)
@pytest.mark.parametrize("kernels", KERNELS)
def test_the_rule_holds_for_every_size_of_m_and_acc(kernels, layer, low, high):
    """M from 2^-36, where all is 0, to 2^8, which needs a left shift."""
    rng = np.random.default_rng(0)
    for bits in (24, 4):  # with few bits M makes exact ties
        M = np.ldexp(
            np.rint(np.ldexp(rng.uniform(0.5, 0.96, 4096), bits)),
            rng.integers(low + 1, high + 1, 4096) - bits,
        )
        S_x, S_y = (1.0, 2.0) if bits == 4 else (0.013, 0.37)
        acc = boundaries(rng, M)
        net = NET_OF[layer](acc, S_x, M * S_y / S_x, S_y, 3)
        rule = RULES[FOLLOWS[kernels, layer]]
        want = rule(net, np.zeros((1, *net.shape), np.int8)).ravel()
        np.testing.assert_array_equal(rescaled(KERNELS[kernels], net), want)


# In float64 the order of the operations moves M0 by one: about once in 10^7.
NEAR_TIES = [
    (0.011600608937442303, 0.0077254693023860455, 3142.7685546875),
    (0.012961083091795444, 0.00757105415686965, 3733.0625),
    (0.018714241683483124, 0.005474961828440428, 2577.396240234375),
    (0.011323181912302971, 0.006471031811088324, 3889.851318359375),
    (0.012724393978714943, 0.004407372325658798, 4078.77587890625),
    (0.014111851342022419, 0.006405744235962629, 3172.5625),
]
ORDERS = {
    "(Sx Sw) / Sy": lambda x, w, y: x * w / y,
    "Sx (Sw / Sy)": lambda x, w, y: x * (w / y),
    "(Sx / Sy) Sw": lambda x, w, y: x / y * w,
}


def clipped(r):
    return np.clip(r, -128, 127).astype(np.int8)


def test_the_reference_computes_m_as_a_product_over_sy_in_float64():
    """Differences over all scales, for each order."""
    wrong = dict.fromkeys(ORDERS, 0)
    for S_x, S_w, S_y in NEAR_TIES:
        M = S_x * S_w / S_y
        near = np.rint((np.arange(-120, 120) + 0.5) / M)
        acc = np.add.outer(near, np.arange(-4, 5)).astype(np.int64)
        acc = acc[np.abs(acc) <= INT32_MAX]
        net = of_biases(acc, S_x, S_w, S_y)
        theirs = rescaled(reference, net)
        for name, order in ORDERS.items():
            rq = requant_from_real(order(S_x, S_w, S_y))
            ours = clipped(multiply(acc, rq))
            wrong[name] += (theirs != ours).sum()
    assert wrong.pop("(Sx Sw) / Sy") == 0
    assert min(wrong.values()) > 50


def test_the_reference_multiplies_a_dense_sum_by_m_and_not_scale_by_scale():
    rng = np.random.default_rng(0)
    wrong = dict.fromkeys([*ORDERS, "((acc Sx) Sw) / Sy"], 0)
    for _ in range(100):
        S_x, S_w = rng.choice([3.0, 5.0, 7.0, 9.0, 11.0], 2)
        m = 2.0 * rng.integers(1, 2000) + 1
        S_y = 2 * m * S_x * S_w  # acc M = k + 1/2, in real numbers
        acc = (m * (2 * np.arange(-40, 40) + 1)).astype(np.int64)
        theirs = rescaled(reference, of_biases(acc, S_x, S_w, S_y, 0, QDense))
        reals = {n: acc * f(S_x, S_w, S_y) for n, f in ORDERS.items()}
        reals["((acc Sx) Sw) / Sy"] = acc * S_x * S_w / S_y
        for name, r in reals.items():
            wrong[name] += (theirs != clipped(half_away(r))).sum()
    assert wrong.pop("(Sx Sw) / Sy") == 0
    assert min(wrong.values()) > 50


@pytest.mark.parametrize("layer", NET_OF)
def test_xnnpack_computes_m_as_a_product_over_sy_in_float32(layer):
    rng, F = np.random.default_rng(0), np.float32
    S_x, S_y = F(0.0137), F(0.411)
    S_w = F(2.0 ** rng.uniform(-26, -8, 20000))
    acc = boundaries(rng, S_w * np.float64(S_x) / S_y)
    theirs = rescaled(xnnpack, NET_OF[layer](acc, S_x, S_w, S_y))
    reals = {n: F(acc) * f(S_x, S_w, S_y) for n, f in ORDERS.items()}
    reals["float64"] = acc * (np.float64(S_x) * S_w / S_y)
    wrong = {
        n: (theirs != clipped(np.rint(r))).sum() for n, r in reals.items()
    }
    assert wrong.pop("(Sx Sw) / Sy") == 0
    assert min(wrong.values()) > 50


@pytest.mark.parametrize("kernels", [reference, optimized])
def test_where_acc_does_not_fit_after_the_left_shift_litert_wraps(kernels):
    """2^23 300 is far above 127; the engine says 0, ours refuses."""
    net = of_biases(np.array([2**23, 1]), 1.0, 300.0, 1.0)
    assert rescaled(kernels, net).tolist() == [0, 127]
    with pytest.raises(ValueError, match=r"^acc 2\^left must fit int32, got"):
        expected(net, np.zeros((1, *net.shape), np.int8), two_roundings)


@pytest.mark.parametrize("layer", NET_OF)
def test_xnnpack_refuses_multipliers_from_256_on(layer):
    below, at = 255.99998474121094, 256.0
    net = NET_OF[layer](np.array([1, -1]), 1.0, below, 1.0)
    assert rescaled(xnnpack, net).tolist() == [127, -128]
    net = NET_OF[layer](np.array([1, -1]), 1.0, at, 1.0)
    with pytest.raises(RuntimeError, match="failed to create XNNPACK"):
        rescaled(xnnpack, net)


def six_away(qp):
    """6 / S in float32, ties away from zero, and then Z: as ours."""
    return clamp("relu6", qp)[1]


def six_even(qp):
    """6 / S + Z in float32, ties to even."""
    F = np.float32
    return min(np.rint(F(6) / F(qp.scale) + F(qp.zero_point)), 127)


CLAMPS = [
    (reference, six_away, six_even),
    (optimized, six_away, six_even),
    (xnnpack, six_even, six_away),
]


@pytest.mark.parametrize("layer", NET_OF)
@pytest.mark.parametrize(("kernels", "rule", "other"), CLAMPS)
def test_relu6_ends_at_the_code_of_six_by_a_rule_of_its_own(
    kernels, rule, other, layer
):
    """12 over an odd number: 6 / S is a tie once it is a float32."""
    wrong = np.zeros(2, int)
    for odd in range(1, 255, 2):
        qp = QParams(12 / odd, -128 + odd % 4, INT8)
        acc, Z = np.array([2**20, -(2**20)]), qp.zero_point
        net = NET_OF[layer](acc, 1.0, 1.0, qp.scale, Z)
        op = replace(net.ops[0], fused="relu6")
        top, low = rescaled(kernels, replace(net, ops=(op,)))
        assert low == Z
        wrong += [top != rule(qp), top != other(qp)]
    assert wrong[0] == 0
    assert wrong[1] > 20
