"""A .tflite file of ours, read by LiteRT and by the schema it ships.

That its layers compute the right codes, padding and layout included, is
shown in `test_litert_rescale` for SAME and VALID, and here for the rest.
"""

import importlib
import sys
from collections import Counter

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from qlib.export.tflite import to_tflite
from qlib.grid import INT8, INT8_NARROW, UINT8
from qlib.int8.rescale import float32_half_even, two_roundings
from qlib.net.ops import Sigmoid
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet
from qlib.net.window import NO_PAD
from qlib.qparams import QParams
from tests.oracles.litert import reference, xnnpack
from tests.oracles.single_op import (
    codes_for,
    depthwise,
    expected,
    explicit,
    full,
    grouped,
    power_of_two,
    random_conv,
    random_dense,
)

NETS = 100
QP = QParams(0.5, 3, INT8)
W = np.ones((2, 4), np.int8)
W_QP = QParams(0.25, 0, INT8_NARROW)


def many(window, pad=explicit, **family):
    for seed in range(NETS):
        rng = np.random.default_rng(seed)
        yield rng, random_conv(rng, window, pad, **family)


def parsed(model):
    """The file as the schema's objects."""
    return schema.ModelT.InitFromPackedBuf(model)


def operators(model):
    """Names and versions of the operators, in order."""
    names = {
        code: name
        for name, code in vars(schema.BuiltinOperator).items()
        if name.isupper()
    }
    file = parsed(model)
    codes = [
        file.operatorCodes[o.opcodeIndex] for o in file.subgraphs[0].operators
    ]
    return [(names[code.builtinCode], code.version) for code in codes]


@pytest.mark.parametrize("window", [full, depthwise, grouped])
@pytest.mark.parametrize(
    ("kernels", "rule"),
    [(reference, two_roundings), (xnnpack, float32_half_even)],
)
def test_any_padding_gives_the_codes_of_the_rule(window, kernels, rule):
    """Four sides of their own: an operator PAD before the convolution."""
    padded, differing = 0, 0
    for rng, net in many(window, scale=power_of_two):
        x, model = codes_for(rng, net), to_tflite(net)
        padded += operators(model)[0] == ("PAD", 2)
        differing += (kernels(model, x) != expected(net, x, rule)).sum()
    assert differing == 0
    assert padded > NETS // 4


def test_the_random_networks_have_every_form_of_a_convolution():
    ops = [n.ops[0] for w in (full, depthwise) for _, n in many(w)]
    kernels = Counter(op.w.shape[2:] for op in ops)
    assert kernels[1, 1] > 30
    assert kernels[3, 3] > 30
    assert sum(kh != kw for kh, kw in kernels) > 10
    assert {(1, 1), (2, 2), (1, 3), (3, 1)} <= {op.stride for op in ops}
    assert {(1, 1), (1, 2), (3, 1)} <= {op.dilation for op in ops}
    assert {"none", "relu", "relu6"} == {op.fused for op in ops}
    assert {None, 0} == {op.w_qp.axis for op in ops}
    assert NO_PAD in {op.pad for op in ops}
    deep = {op.w.shape[0] // op.groups for op in ops if op.groups > 1}
    assert deep == {1, 2, 3}


def test_scales_zero_points_and_names_arrive():
    w_qp = QParams(np.float32([0.1, 0.2, 0.3]), 0, INT8_NARROW, 0)
    x, y = QParams(0.7, -5, INT8), QParams(1.3, 100, INT8)
    w = np.arange(-6, 6).reshape(3, 1, 2, 2).astype(np.int8)
    b = np.float32([1, 2, -3]) * 0.7 * w_qp.scale
    op = QConv("x", "y", np.repeat(w, 2, 1), w_qp, b)
    model = to_tflite(QNet((2, 4, 5), (op,), {"x": x, "y": y}))
    engine = Interpreter(model_content=model)
    (put,), (get,) = engine.get_input_details(), engine.get_output_details()
    assert (put["name"], put["shape"].tolist()) == ("x", [1, 4, 5, 2])
    assert (get["name"], get["shape"].tolist()) == ("y", [1, 3, 4, 3])
    assert put["quantization"] == (np.float32(0.7), -5)
    assert get["quantization"] == (np.float32(1.3), 100)
    of_w, of_b = (engine.get_tensor_details()[i] for i in (1, 2))
    assert (of_w["name"], of_w["shape"].tolist()) == ("y/w", [3, 2, 2, 2])
    scales = of_w["quantization_parameters"]["scales"]
    np.testing.assert_array_equal(scales, np.float32([0.1, 0.2, 0.3]))
    assert engine.get_tensor(of_b["index"]).tolist() == [1, 2, -3]
    scales = of_b["quantization_parameters"]["scales"]
    np.testing.assert_array_equal(scales, np.float32(x.scale * w_qp.scale))


def test_the_axis_of_the_scales_is_the_last_one_of_a_depthwise_filter():
    w_qp = QParams(np.float32([0.1, 0.2]), 0, INT8_NARROW, 0)
    w = np.ones((2, 1, 3, 3), np.int8)
    op = QConv("x", "y", w, w_qp, groups=2)
    model = to_tflite(QNet((2, 4, 4), (op,), {"x": QP, "y": QP}))
    tensor = parsed(model).subgraphs[0].tensors[1]
    assert tensor.shape.tolist() == [1, 3, 3, 2]
    assert tensor.quantization.quantizedDimension == 3


LAYERS = [
    (full, [("CONV_2D", 3)]),
    (depthwise, [("DEPTHWISE_CONV_2D", 3)]),
    (grouped, [("CONV_2D", 6)]),
]


@pytest.mark.parametrize(("window", "names"), LAYERS)
def test_an_operator_has_the_version_that_op_version_cc_gives(window, names):
    rng = np.random.default_rng(0)
    net = random_conv(rng, window, lambda *_: NO_PAD)
    assert operators(to_tflite(net)) == names


def test_a_dense_layer_has_version_four_whatever_its_scales():
    nets = [random_dense(np.random.default_rng(seed)) for seed in range(20)]
    assert {None, 0} == {net.ops[0].w_qp.axis for net in nets}
    for net in nets:
        assert operators(to_tflite(net)) == [("FULLY_CONNECTED", 4)]


def test_layers_follow_one_another_and_images_keep_their_channels_last():
    rng = np.random.default_rng(0)
    first = QConv("x", "h", rng.integers(-9, 9, (6, 3, 3, 3)), W_QP)
    deep = rng.integers(-9, 9, (6, 1, 3, 2))
    last = QConv("h", "y", deep, W_QP, None, (2, 1), groups=6)
    qparams = {"x": QP, "h": QParams(0.9, 7, INT8), "y": QParams(2, -9, INT8)}
    both = QNet((3, 9, 8), (first, last), qparams)
    x = codes_for(rng, both)
    h = expected(QNet((3, 9, 8), (first,), qparams), x, two_roundings)
    tail = QNet((6, 7, 6), (last,), qparams, input="h")
    y = expected(tail, h, two_roundings)
    np.testing.assert_array_equal(reference(to_tflite(both), x), y)


def test_the_same_network_gives_the_same_bytes():
    one, two = (to_tflite(random_conv(np.random.default_rng(3))) for _ in "ab")
    assert one == two
    assert one != to_tflite(random_conv(np.random.default_rng(4)))


def test_arrays_lie_on_multiples_of_sixteen_bytes():
    for _, net in many(full):
        model = to_tflite(net)
        w = net.ops[0].w.transpose(0, 2, 3, 1).tobytes()
        if len(w) > 16:  # a few bytes are found elsewhere
            assert model.find(w) % 16 == 0


NOT_SAID = [
    (
        QNet((4,), (Sigmoid("x", "y"),), {"x": QP, "y": QP}),
        "^Sigmoid x -> y: 'y' must have scale 1/256 and zero point -128 in",
    ),
    (
        QNet(
            (4,),
            (QDense("x", "y", W, W_QP),),
            {"x": QParams(0.5, 3, UINT8), "y": QP},
        ),
        r"^'x' must be on \[-128, 127\] in TensorFlow Lite, got Grid",
    ),
    (
        QNet(
            (4,),
            (QDense("x", "y", W, QParams(0.25, 7, INT8)),),
            {"x": QP, "y": QP},
        ),
        "^QDense x -> y: w must be int8 with zero point 0 in TensorFlow",
    ),
    (
        QNet(
            (4,),
            (QDense("x", "y", W, QParams(0.25, 0, UINT8)),),
            {"x": QP, "y": QP},
        ),
        "^QDense x -> y: w must be int8 with zero point 0 in TensorFlow",
    ),
]


@pytest.mark.parametrize(("net", "complaint"), NOT_SAID)
def test_what_the_format_cannot_say_is_refused_by_name(net, complaint):
    with pytest.raises(NotImplementedError, match=complaint):
        to_tflite(net)


def test_a_bias_beyond_int32_is_refused():
    def net(b):
        op = QDense("x", "y", W, W_QP, np.float64([0, b]) * 0.5 * 0.25)
        return QNet((4,), (op,), {"x": QP, "y": QP})

    to_tflite(net(2**31 - 1))
    with pytest.raises(
        ValueError,
        match="^QDense x -> y: filter 1: the bias must fit int32 at the "
        "scale Sx Sw, got 2147483648$",
    ):
        to_tflite(net(2**31))


@pytest.mark.parametrize("missing", ["flatbuffers", "ai_edge_litert"])
def test_without_the_engine_the_import_says_what_to_install(
    missing, monkeypatch
):
    for name in [n for n in sys.modules if n.startswith("qlib.export.tflite")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match="pip install ai-edge-litert"):
        importlib.import_module("qlib.export.tflite")
