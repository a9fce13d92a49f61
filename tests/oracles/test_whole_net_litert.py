"""Whole networks against LiteRT's reference kernels, tensor by tensor.

The running network of every fold and MobileNetV2 1.0/224 (drawn weights; the
rounding does not know that they are not trained) are quantized, written as
.tflite files, and every tensor that the interpreter keeps is compared.
"""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from qlib import zoo
from qlib.affine import quantize
from qlib.data import digits, load
from qlib.export.tflite import to_tflite
from qlib.int8.program import lower, run
from qlib.net.collect import ranges
from qlib.net.fold import fold
from qlib.net.quantize import per_channel, per_tensor, quantize_net
from qlib.zoo.mobilenet import mobilenet_v2
from tests.oracles.test_int8_litert import as_litert


def every_tensor(model, x):
    """Name -> codes (N, C, ...), of all tensors after one run."""
    engine = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    (put,) = engine.get_input_details()
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    engine.resize_tensor_input(put["index"], last.shape)
    engine.allocate_tensors()
    engine.set_tensor(put["index"], last)
    engine.invoke()
    held = {
        d["name"]: engine.get_tensor(d["index"])
        for d in engine.get_tensor_details()
        if d["shape"].size > 1
    }
    return {name: np.moveaxis(a, -1, 1) for name, a in held.items()}


def compared(net, x, calibration, weights):
    """How many tensors were compared; every one must be equal."""
    qnet = quantize_net(net, ranges(net, [calibration]), weights)
    q = quantize(x, qnet.qparams[qnet.input])
    ours = run(qnet, as_litert(lower(qnet)), q)
    theirs = every_tensor(to_tflite(qnet), q)
    shared = ours.keys() & theirs.keys()
    for name in shared:
        left = theirs[name].reshape(ours[name].shape)
        np.testing.assert_array_equal(left, ours[name], name)
    assert shared >= {qnet.input, qnet.output}
    return len(shared), len(ours)


@pytest.mark.parametrize("weights", [per_channel, per_tensor])
@pytest.mark.parametrize("i", range(5))
def test_the_running_network_gives_litert_s_bytes_everywhere(i, weights):
    part, x = digits.folds()[i], load("digits").x
    net = fold(zoo.load(f"digits-{i}"))
    got, of = compared(net, x[part.test], x[part.calibration], weights)
    assert got == of == 22


def test_a_network_with_pools_gives_litert_s_bytes_everywhere():
    x = np.random.default_rng(1).random((20, 1, 28, 28), np.float32)
    got, of = compared(fold(zoo.load("cnn-0")), x, x, per_channel)
    assert got == of == 5


def test_mobilenet_v2_gives_litert_s_bytes_in_every_tensor():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 224, 224)).astype(np.float32)
    net = fold(mobilenet_v2(seed=0, size=224))
    got, of = compared(net, x[:1], x, per_channel)
    assert got == of > 60
