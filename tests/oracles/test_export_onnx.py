"""Networks of one operation in ONNX Runtime: the codes, bit for bit.

What is fused to integers multiplies by (Sx Sw) / Sy in float32 and rounds
half to even.  What is not fused is a convolution in float32.
"""

import itertools

import numpy as np
import onnx
import pytest

from qlib.export.onnx import qdq, qlinear, to_onnx
from qlib.grid import INT8, INT8_NARROW, INT16, UINT8
from qlib.int8.rescale import float32_half_away, float32_half_even
from qlib.net.ops import Relu
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from tests.oracles.compare import differing, only
from tests.oracles.onnxruntime_engine import run_onnx
from tests.oracles.single_op import (
    asymmetric,
    decimal,
    depthwise,
    explicit,
    full,
    generic,
    grouped,
    power_of_two,
    random_conv,
    random_dense,
)

GEOMETRIES = 240
SCALES = (generic, power_of_two, decimal)
WINDOWS = (full, grouped, depthwise)
QP = QParams(0.5, 3, INT8)
W_QP = QParams(0.25, 0, INT8_NARROW)


# Two products of uint8 and int8 stay within int16: kernels for x86 machines
# without VNNI add them there, saturating.
SMALL = (63, 31, 7)


def unsigned(low, high):
    """(S, Z) of [low, high] on [0, 255]."""
    S, Z, _ = asymmetric(low, high)
    return S, Z + 128, UINT8


def convs(activations, scales=SCALES, n=GEOMETRIES):
    """Kinds of windows and scales in turn, every pair of them."""
    rng, kinds = np.random.default_rng(5), itertools.product(WINDOWS, scales)
    for window, scale in itertools.islice(itertools.cycle(kinds), n):
        yield random_conv(
            rng,
            window,
            explicit,
            scale=scale,
            activations=activations,
            tops=SMALL,
        )


def denses(activations, n=GEOMETRIES):
    rng = np.random.default_rng(6)
    for scale in itertools.islice(itertools.cycle(SCALES), n):
        yield random_dense(
            rng, scale=scale, activations=activations, tops=SMALL
        )


def engine(form, **options):
    return lambda net, x: run_onnx(to_onnx(net, form), x, **options)


@pytest.mark.parametrize("activations", [asymmetric, unsigned])
@pytest.mark.parametrize("form", [qdq, qlinear])
def test_convolutions_are_float32_half_even_and_no_other_rule(
    form, activations
):
    count = differing(engine(form), convs(activations))
    assert only(float32_half_even, count), count


@pytest.mark.parametrize("activations", [asymmetric, unsigned])
def test_dense_layers_are_float32_half_even_and_no_other_rule(activations):
    count = differing(engine(qdq), denses(activations))
    assert only(float32_half_even, count), count


def test_a_qlinearconv_is_the_same_without_optimizations():
    count = differing(engine(qlinear, optimized=False), convs(asymmetric))
    assert only(float32_half_even, count), count


@pytest.mark.parametrize(
    ("activations", "options"),
    [
        (asymmetric, {"optimized": False}),
        (unsigned, {"optimized": False}),
        (asymmetric, {"int8_allowed": False}),  # the default on x86
    ],
)
def test_qdq_that_is_not_fused_is_computed_in_float32(activations, options):
    run = engine(qdq, **options)
    exact = differing(run, convs(activations, [power_of_two], 120))
    assert exact[float32_half_even] == 0, exact
    assert exact[float32_half_away] > 0, exact
    count = differing(run, convs(activations, [decimal], 120))
    assert min(count.values()) > 0, count  # no rule on integers


@pytest.mark.parametrize("form", [qdq, qlinear])
def test_every_model_passes_the_checker(form):
    for net in convs(asymmetric, n=18):
        model = onnx.load_from_string(to_onnx(net, form))
        onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("form", [qdq, qlinear])
def test_the_same_network_gives_the_same_bytes(form):
    first, again = (
        [to_onnx(net, form) for net in convs(unsigned, n=9)] for _ in range(2)
    )
    assert first == again
    assert len({*first}) == 9


@pytest.mark.parametrize(
    ("form", "op", "qp", "said"),
    [
        (qdq, Relu("x", "y"), QP, "^Relu x -> y: no QDQ form"),
        (qlinear, Relu("x", "y"), QP, "^Relu x -> y: no QLinear form"),
        (
            qlinear,
            QDense("x", "y", np.ones((2, 2), int), W_QP),
            QP,
            "^QDense x -> y: no QLinear form",
        ),
        (
            qdq,
            QDense("x", "y", np.ones((2, 2), int), W_QP),
            QParams(0.5, 3, INT16),
            r"^x: no ONNX type holds Grid\(qmin=-32768",
        ),
    ],
)
def test_what_onnx_cannot_say_is_named(form, op, qp, said):
    net = QNet((2,), (op,), {"x": qp, "y": qp})
    with pytest.raises(NotImplementedError, match=said):
        to_onnx(net, form)


def test_a_bias_beyond_int32_is_refused():
    w = np.ones((1, 1, 1, 1), np.int8)
    op = QConv("x", "y", w, W_QP, b=np.array([2.0**31 * 0.125]))
    net = QNet((1, 2, 2), (op,), {"x": QP, "y": QP})
    with pytest.raises(ValueError, match="^QConv x -> y: filter 0: the bias"):
        to_onnx(net)
