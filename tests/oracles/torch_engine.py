"""Quantized convolutions of torch: uint8 in, int8 weights, uint8 out.

Torch's quantized tensors warn that they will go; the engines are what this
is about.
"""

import warnings

import numpy as np
import torch

torch.set_num_threads(1)


def _window(op):
    (top, bottom), (left, right) = op.pad
    if (top, left) != (bottom, right):
        raise ValueError(f"torch pads both sides alike, got {op.pad}")
    return [*op.stride], [top, left], [*op.dilation], op.groups


def pointwise(net, x):
    """oneDNN through torch.ops.onednn.qconv2d_pointwise."""
    (op,), onednn = net.ops, torch.ops.onednn
    scale_in, scale_out = (
        (net.qparams[n].scale, net.qparams[n].zero_point) for n in "xy"
    )
    S_w = torch.from_numpy(np.float32(op.w_qp.scale) + np.zeros(len(op.w)))
    weights = S_w.float(), torch.zeros(len(op.w), dtype=torch.int32)
    where = _window(op)
    w = torch.from_numpy(op.w.copy())
    packed = onednn.qconv_prepack(w, weights[0], *scale_in, *where, None)
    return onednn.qconv2d_pointwise(
        torch.from_numpy(x), *scale_in, packed, *weights,
        torch.from_numpy(np.float32(op.b)) if op.b.any() else None,
        *where, *scale_out, torch.uint8, "none", [], "",
    ).numpy()  # fmt: skip


def quantized(name):
    """torch.ops.quantized.conv2d under an engine of this name."""

    def run(net, x):
        torch.backends.quantized.engine = name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _quantized(net, x)

    return run


def _quantized(net, x):
    (op,), ops = net.ops, torch.ops.quantized
    S_w = torch.from_numpy(op.w_qp.scale + np.zeros(len(op.w)))
    w = torch._make_per_channel_quantized_tensor(
        torch.from_numpy(op.w.copy()), S_w, torch.zeros(len(op.w)).long(), 0
    )
    q, y = net.qparams["x"], net.qparams["y"]
    x = torch._make_per_tensor_quantized_tensor(
        torch.from_numpy(x), q.scale, q.zero_point
    )
    packed = ops.conv2d_prepack(
        w, torch.from_numpy(np.float32(op.b)), *_window(op)
    )
    return ops.conv2d(x, packed, y.scale, y.zero_point).int_repr().numpy()
