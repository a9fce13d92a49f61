"""Engines that run one layer of codes, for `benchmarks.conv`.

An engine is a function of a net of one op, and of codes (N, C, H, W) or
(N, C); it prepares all that can be prepared once, and returns what to time
and what then gives the codes, in the order of the input's axes.
"""

import tempfile
import warnings
from functools import partial
from pathlib import Path

import ncnn
import numpy as np
import onnx
import onnxruntime as ort
import torch
from ai_edge_litert.interpreter import Interpreter
from onnx import helper

from qlib import fast
from qlib.export.ncnn import to_ncnn
from qlib.export.onnx import qdq, qlinear, to_onnx
from qlib.export.tflite import to_tflite
from qlib.int8 import program
from qlib.net.qlayers import QConv


def last(q):
    """Channels last."""
    return np.ascontiguousarray(np.moveaxis(q, 1, -1))


def first(q):
    """Channels first, as a view."""
    return np.moveaxis(q, -1, 1)


def by_qlib(run, net, x):
    """`run` of qlib.int8.program or qlib.fast."""
    lowered = program.lower(net)

    def call():
        return run(net, lowered, x)[net.output]

    return call, call


def readable(net, x):
    """The engine that the chapters show, channels first."""
    return by_qlib(program.run, net, x)


def fast_path(net, x):
    """The fast path, channels last in memory."""
    return by_qlib(fast.run, net, first(last(x)))


def litert(net, x):
    """LiteRT with XNNPACK, channels last; `invoke` alone."""
    engine = Interpreter(model_content=to_tflite(net), num_threads=1)
    put, get = (
        details[0]["index"]
        for details in (
            engine.get_input_details(),
            engine.get_output_details(),
        )
    )
    engine.resize_tensor_input(put, last(x).shape)
    engine.allocate_tensors()
    engine.set_tensor(put, last(x))

    def codes():
        engine.invoke()
        return first(engine.get_tensor(get))

    return engine.invoke, codes


def onnx_runtime(net, x, channels_last=False):
    """ONNX Runtime on one thread."""
    conv = isinstance(net.ops[0], QConv)
    model = onnx.load_from_string(to_onnx(net, qlinear if conv else qdq))
    moved = conv and channels_last
    if moved:
        _channels_last(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given = {net.input: last(x) if moved else x}
    call = partial(session.run, None, given)
    return call, lambda: first(call()[0]) if moved else call()[0]


def _channels_last(model):
    """QLinearConv of ONNX Runtime's own, on (N, H, W, C)."""
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    for node in model.graph.node:
        if node.op_type == "QLinearConv":
            node.domain = "com.microsoft"
            node.attribute.append(helper.make_attribute("channels_last", 1))
    for value in (*model.graph.input, *model.graph.output):
        sizes = value.type.tensor_type.shape.dim
        N, C, *image = [*sizes]
        order = [type(size).FromString(size.SerializeToString())
                 for size in (N, *image, C)]  # fmt: skip
        del sizes[:]
        sizes.extend(order)


def torch_onednn(net, x):
    """torch's quantized operators with oneDNN, channels last in memory."""
    torch.backends.quantized.engine = "onednn"
    (op,), ops = net.ops, torch.ops.quantized
    image, qx, qy = isinstance(op, QConv), net.qparams["x"], net.qparams["y"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        q = torch._make_per_tensor_quantized_tensor(
            torch.from_numpy(x), qx.scale, qx.zero_point
        )
        w = torch._make_per_channel_quantized_tensor(
            torch.from_numpy(op.w.copy()),
            torch.from_numpy(op.w_qp.scale),
            torch.zeros(len(op.w)).long(),
            0,
        )
        b = torch.from_numpy(np.float32(op.b))
        if image:
            q = q.contiguous(memory_format=torch.channels_last)
            ((top, _), (left, _)), strides = op.pad, [*op.stride]
            where = strides, [top, left], [*op.dilation], op.groups
            packed, layer = ops.conv2d_prepack(w, b, *where), ops.conv2d
        else:
            packed, layer = ops.linear_prepack(w, b), ops.linear
    call = partial(layer, q, packed, qy.scale, qy.zero_point)
    return call, lambda: call().int_repr().numpy()


def by_ncnn(net, x):
    """ncnn as it comes, packed layout and Winograd; one image at a time.

    Its dense layer gives reals.
    """
    files, engine = to_ncnn(net), ncnn.Net()
    engine.opt.num_threads = 1
    engine.load_param_mem(files.param)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        path.write_bytes(files.bin)
        engine.load_model(str(path))
    images = [_packed(sample) for sample in x]

    def call(kind=1):
        return [_extracted(engine, image, kind) for image in images]

    def codes():
        y = np.stack([np.array(out) for out in call(0)])
        if isinstance(net.ops[0], QConv):
            return y
        return np.rint(y / net.qparams["y"].scale).clip(-127, 127)

    return call, codes


def _packed(sample):
    """An image as ncnn holds it inside: eight channels side by side."""
    plain, packed = ncnn.Mat(sample).clone(), ncnn.Mat()
    if sample.ndim < 3 or len(sample) % 8:
        return plain
    ncnn.convert_packing(plain, packed, 8)
    return packed


def _extracted(engine, image, kind):
    extractor = engine.create_extractor()
    extractor.input(0, image)
    return extractor.extract("y", kind)[1]


ENGINES = {  # name -> engine, and the activations it gets
    "qlib, fast": (fast_path, "int8"),
    "qlib, readable": (readable, "int8"),
    "LiteRT, XNNPACK": (litert, "int8"),
    "ONNX Runtime u8 NHWC": (
        partial(onnx_runtime, channels_last=True),
        "uint8",
    ),
    "ONNX Runtime u8": (onnx_runtime, "uint8"),
    "ONNX Runtime s8": (onnx_runtime, "int8"),
    "torch, oneDNN": (torch_onednn, "uint8"),
    "ncnn": (by_ncnn, "symmetric"),
}
