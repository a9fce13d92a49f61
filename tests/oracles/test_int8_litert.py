"""The engine against LiteRT's reference kernels, byte for byte.

Each network of `tests/core/int8/nets.py` is written as a .tflite file and
run there.  Two rules are not the engine's own:

    FULLY_CONNECTED   M acc in float64, half away from zero
    SOFTMAX           a table of float32, summed in float32: within one code

Every other rule is named in the docstring of its kernel or of `lower`.
"""

from dataclasses import replace

import numpy as np
import pytest

from qlib.export.tflite import to_tflite
from qlib.grid import INT8
from qlib.int8.conv import dense
from qlib.int8.program import lower, run
from qlib.net.ops import Flatten, Relu, Relu6, Sigmoid, Softmax
from qlib.net.pools import AveragePool, GlobalAveragePool
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from qlib.requant import multiply_ties_up
from qlib.rounding import half_away
from tests.core.int8.nets import (
    NETS,
    PROBABILITY,
    codes,
    explicit,
    generic,
    power_of_two,
    same_or_valid,
)
from tests.oracles.litert import optimized, reference

EACH = 20  # networks of each op and each kind of scales: 640 in all
PADDED = ("conv", "grouped conv", "depthwise conv", "mixed")


def float64(acc, rq):
    """M acc as FULLY_CONNECTED has it in LiteRT's reference kernels."""
    return half_away(acc * rq.real).astype(np.int64)


def as_litert(program):
    """The program with that rule where it holds."""
    return tuple(
        replace(step, out=replace(step.out, scale_by=float64))
        if step.kernel is dense
        else step
        for step in program
    )


def drawn(name, scale, seed):
    rng = np.random.default_rng(seed)
    pad = explicit if name in PADDED and seed % 2 else same_or_valid
    net = NETS[name](rng, scale=scale, pad=pad)
    return net, codes(rng, net)


def differences(net, x, kernels=reference, as_run=as_litert):
    ours = run(net, as_run(lower(net)), x)[net.output]
    theirs = kernels(to_tflite(net), x)
    return np.abs(ours - theirs.reshape(ours.shape).astype(int))


@pytest.mark.parametrize("scale", [generic, power_of_two])
@pytest.mark.parametrize("name", NETS)
def test_every_op_gives_the_bytes_of_litert(name, scale):
    far, count, used = [], 0, set()
    for seed in range(EACH):
        net, x = drawn(name, scale, seed)
        found = differences(net, x)
        if isinstance(net.ops[-1], Softmax):
            far.append((found > 0).mean())
            assert found.max() <= 1
        else:
            assert found.max() == 0
        count += found.size
        used |= set(np.unique(run(net, lower(net), x)[net.output]).tolist())
    assert count > 400
    assert len(used) > 60
    assert np.mean(far or 0) < 0.002


def test_a_maximum_over_any_padding_is_written_with_an_op_for_it():
    """PADV2 with -128, which is never the maximum."""
    for seed in range(EACH):
        rng = np.random.default_rng(seed)
        net = NETS["max pool"](rng, padded=explicit)
        assert differences(net, codes(rng, net)).max() == 0


QP = QParams(0.5, 0, INT8)
UNSAID = [  # op, (S, Z) of y, complaint
    (
        AveragePool("x", "y", (3, 3), (1, 1), ((1, 0), (0, 0))),
        QP,
        "^AveragePool x -> y: pad must be SAME or nothing in TensorFlow Lite",
    ),
    (
        Sigmoid("x", "y"),
        QParams(1 / 256, 0, INT8),
        "^Sigmoid x -> y: 'y' must have scale 1/256 and zero point -128 in",
    ),
    (Sigmoid("x", "y"), QParams(1 / 255, -128, INT8), "^Sigmoid x -> y: 'y'"),
]


@pytest.mark.parametrize(("op", "qp", "complaint"), UNSAID)
def test_what_tensorflow_lite_cannot_say_is_named(op, qp, complaint):
    with pytest.raises(NotImplementedError, match=complaint):
        to_tflite(QNet((2, 8, 8), (op,), {"x": QP, "y": qp}))


def test_an_image_is_flattened_channels_first():
    net = QNet((3, 2, 2), (Flatten("x", "y"),), {"x": QP, "y": QP})
    q = np.arange(12, dtype=np.int8).reshape(1, 3, 2, 2)
    assert reference(to_tflite(net), q).ravel().tolist() == [*range(12)]


def every_code(op, x, y):
    """All 256 codes through an op of one tensor."""
    net = QNet((256,), (op,), {"x": x, "y": y})
    q = np.arange(-128, 128, dtype=np.int8)[None]
    return differences(net, q)


@pytest.mark.parametrize("op", [Relu("x", "y"), Relu6("x", "y")])
def test_relu_divides_scales_in_float32_for_every_code(op):
    rng = np.random.default_rng(0)
    for _ in range(150):
        S = np.exp(rng.uniform(-6, 1, 2))
        Z = rng.integers(-128, 128, 2).tolist()
        x, y = (QParams(s, z, INT8) for s, z in zip(S, Z, strict=True))
        assert every_code(op, x, y).max() == 0


def test_the_table_of_sigmoid_is_logistic_for_every_code():
    rng = np.random.default_rng(1)
    for _ in range(300):
        S, Z = np.exp(rng.uniform(-7, 1)), int(rng.integers(-128, 128))
        x = QParams(S, Z, INT8)
        assert every_code(Sigmoid("x", "y"), x, PROBABILITY).max() == 0


def test_where_the_table_is_next_to_a_tie_it_is_logistic_too():
    """There float64, or an exp that is an ulp off, gives another code."""
    rng, near = np.random.default_rng(3), 0
    for S in np.exp(rng.uniform(-7, -1, 6000)):
        x = QParams(S, 0, INT8)
        r = 256 / (1 + np.exp(-x.scale * np.arange(-128, 128)))
        off = np.abs(r - np.floor(r) - 0.5)
        if (off < 2e-5).any():
            near += 1
            assert every_code(Sigmoid("x", "y"), x, PROBABILITY).max() == 0
    assert near > 15


def test_the_clamp_of_relu6_divides_in_float32():
    """Scales where 6 / S is a tie in float32 and none in float64."""
    near = 0
    for k in range(3, 250):
        S = np.float32(6 / (k + 0.5))
        y = QParams(float(S), -128, INT8)
        x = QParams(6 / 255, -128, INT8)
        near += np.rint(np.float32(6) / S * 2) != 12 / y.scale
        assert every_code(Relu6("x", "y"), x, y).max() == 0
    assert near > 20


def test_a_mean_over_any_image_is_mean():
    """Sizes from 1 to 40, scales apart by 1/8 to 4."""
    rng = np.random.default_rng(2)
    for _ in range(200):
        H, W = rng.integers(1, 41, 2).tolist()
        S = 0.05 * np.exp(rng.uniform(-2, 1.4))
        Z = rng.integers(-128, 128, 2).tolist()
        x, y = QParams(0.05, Z[0], INT8), QParams(S, Z[1], INT8)
        op = GlobalAveragePool("x", "y")
        net = QNet((8, H, W), (op,), {"x": x, "y": y})
        low, high = np.sort(rng.integers(-128, 129, 2))
        q = rng.integers(low, high + 1, (4, 8, H, W)).clip(-128, 127)
        assert differences(net, q.astype(np.int8)).max() == 0


@pytest.mark.parametrize("bits", [-12, -3, 3, 8])
@pytest.mark.parametrize("name", ["conv", "depthwise conv", "relu", "add"])
def test_the_scale_of_the_output_may_be_anything(name, bits):
    """Finer than the accumulator too: M >= 1 shifts left first."""
    for seed in range(5):
        net, x = drawn(name, generic, seed)
        last = net.qparams[net.output]
        other = QParams(last.scale * 2.0**-bits, 3, INT8)
        qparams = {**net.qparams, net.output: other}
        assert differences(QNet(net.shape, net.ops, qparams), x).max() == 0


def test_ruys_ties_go_up_and_the_engine_can_too():
    """The optimized kernels of CONV_2D, byte for byte, by one argument."""
    wrong = 0
    for seed in range(EACH):
        net, x = drawn("conv", power_of_two, seed)
        (op,) = net.ops
        if op.groups > 1:
            continue
        theirs = optimized(to_tflite(net), x)
        ours = run(net, lower(net, multiply_ties_up), x)[net.output]
        np.testing.assert_array_equal(theirs, ours)
        wrong += (run(net, lower(net), x)[net.output] != theirs).sum()
    assert wrong > 0


def test_with_the_other_rule_dense_layers_differ():
    """So the rule of FULLY_CONNECTED is seen, not assumed."""
    wrong = 0
    for seed in range(4 * EACH):
        net, x = drawn("dense", generic, seed)
        wrong += (differences(net, x, as_run=tuple) > 0).sum()
    assert wrong > 0
