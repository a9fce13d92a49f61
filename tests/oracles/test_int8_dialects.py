"""ncnn and ONNX Runtime in their dialects: our sums, their roundings.

ncnn            float_between, in codes where ncnn requantizes
ONNX Runtime    acc of the engine, then float32, half to even
"""

from dataclasses import replace

import numpy as np
import pytest

from qlib.affine import dequantize
from qlib.export.ncnn import to_ncnn
from qlib.export.onnx import qdq, qlinear, to_onnx
from qlib.int8.program import lower
from qlib.int8.rescale import float32_half_even
from qlib.int8.with_floats import float_between, requantized
from tests.core.int8.nets import (
    NETS,
    Draw,
    codes,
    explicit,
    generic,
    power_of_two,
    window,
)
from tests.oracles.ncnn_engine import run_ncnn
from tests.oracles.onnxruntime_engine import run_onnx

CONVS = ("conv", "depthwise conv", "grouped conv")
EACH = 30


def drawn(name, seed, **kind):
    """A symmetric net that ncnn can say, its codes, and their reals."""
    rng = np.random.default_rng(seed)
    while True:
        net = NETS[name](rng, symmetric=True, **kind)
        try:
            files = to_ncnn(net)
        except NotImplementedError:  # one group, several scales
            continue
        x = codes(rng, net)
        r = dequantize(x, net.qparams["x"]).astype(np.float32)
        return net, files, x, r


@pytest.mark.parametrize("scale", [generic, power_of_two])
@pytest.mark.parametrize("name", CONVS)
def test_a_requantized_convolution_gives_the_bytes_of_ncnn(name, scale):
    count = 0
    for seed in range(EACH):
        net, files, x, r = drawn(name, seed, scale=scale, pad=explicit)
        ours = float_between(net, r, [net.output])[net.output]
        np.testing.assert_array_equal(run_ncnn(files, x, net.output), ours)
        count += ours.size
    assert count > 10**4


@pytest.mark.parametrize("name", CONVS)
def test_a_convolution_that_gives_reals_is_within_an_ulp_of_ncnn(name):
    """ncnn reads reals or codes here; its multiply-add rounds once."""
    for seed in range(EACH):
        net, files, x, r = drawn(name, seed)
        keys = files.param.replace(" 8=102", " 8=2").replace(" 8=101", " 8=1")
        reals = replace(files, param=keys, bin=files.bin[:-4])
        ours = float_between(net, r)[net.output]
        ulp = np.spacing(np.abs(ours).max())
        for read in (x, r):
            theirs = run_ncnn(reals, read, net.output)
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=ulp)


def test_an_inner_product_gives_the_reals_of_ncnn():
    for seed in range(EACH):
        net, files, _, r = drawn("dense", seed)
        ours = float_between(net, r)[net.output]
        theirs = run_ncnn(files, r, net.output)
        np.testing.assert_allclose(theirs, ours, rtol=2e-7, atol=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_a_chain_of_convolutions_passes_codes_as_ncnn_does(seed):
    rng = np.random.default_rng(seed)
    draw = Draw(rng, (3, 12, 12), symmetric=True, pad=explicit)
    for K in (8, 5, 4):
        C = draw.reals[draw.last()].shape[1]
        draw.conv(((3, 3), (1, 1), (1, 1)), K, C, 1)
    draw.conv(window(rng), 6, 4, 1)
    net = draw.net()
    x = codes(rng, net)
    r = dequantize(x, net.qparams["x"]).astype(np.float32)
    between = {op.y for op in net.ops[:-1]}
    assert requantized(net) == between
    ours = float_between(net, r, between | {net.output})[net.output]
    theirs = run_ncnn(to_ncnn(net), x, net.output)
    np.testing.assert_array_equal(theirs, ours)
    assert np.std(ours) > 10


@pytest.mark.parametrize("form", [qlinear, qdq])
@pytest.mark.parametrize("scale", [generic, power_of_two])
@pytest.mark.parametrize("name", CONVS)
def test_our_sums_rounded_half_even_are_those_of_onnx_runtime(
    name, scale, form
):
    count = 0
    for seed in range(EACH):
        rng = np.random.default_rng(seed)
        net = NETS[name](rng, scale=scale, pad=explicit)
        (op,), (step,), x = net.ops, lower(net), codes(rng, net)
        S_w = np.reshape(op.w_qp.scale, (-1, 1, 1))
        S_x, y = net.qparams["x"].scale, net.qparams[op.y]
        acc = step.kernel(x, **step.ints)
        ours = float32_half_even(acc, S_x, S_w, y.scale, y)
        ours = ours.clip(step.out.qmin, step.out.qmax)
        theirs = run_onnx(to_onnx(net, form), x)
        np.testing.assert_array_equal(theirs, ours)
        count += ours.size
    assert count > 10**4
