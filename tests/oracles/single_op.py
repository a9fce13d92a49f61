"""Random networks of one quantized operation, for the engines to run.

    net = random_conv(rng)                  or random_dense(rng)
    x = codes_for(rng, net)                 (N, C, H, W) or (N, C)
    y = expected(net, x, two_roundings)     by a rule of qlib.int8.rescale

What varies is an argument: `generic` or `power_of_two` scales (with these,
exact ties occur), `same_or_valid` or `explicit` padding, `asymmetric` or
`symmetric` activations.  Biases are whole on the accumulator's grid.
"""

from dataclasses import dataclass

import numpy as np

from qlib.grid import INT8, INT8_NARROW
from qlib.int8.conv import accumulate
from qlib.int8.tables import clamp
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantized import QNet, of
from qlib.net.window import NO_PAD, extent
from qlib.qparams import QParams


def generic(S):
    """Scales as they come."""
    return S


def power_of_two(S):
    """The power of two next to each scale: M = 2^-n, ties are exact."""
    return 2.0 ** np.rint(np.log2(S))


def decimal(S):
    """One digit of each scale: acc Sx Sw / Sy is a tie in the reals, often.

    Float32 sees it a little above or below, each order of operations in its
    own way: the scales that tell float rules apart.
    """
    unit = 10.0 ** np.floor(np.log10(S))
    return np.rint(S / unit) * unit


def asymmetric(low, high):
    """(S, Z) of [low, high], widened to hold zero, on [-128, 127]."""
    low, high = min(low, 0), max(high, 0)
    S = max(high - low, 1e-3) / 255
    Z = np.clip(np.rint(-128 - low / S), -128, 127)
    return S, int(Z), INT8


def symmetric(low, high):
    """(S, 0) on [-127, 127]."""
    return max(-low, high, 1e-3) / 127, 0, INT8_NARROW


def same(size, taps, stride):
    """TensorFlow's SAME: ceil(size / stride) outputs, the odd row below."""
    short = [
        max((-(-n // s) - 1) * s + e - n, 0)
        for n, e, s in zip(size, taps, stride, strict=True)
    ]
    top, left = (n // 2 for n in short)
    return (top, short[0] - top), (left, short[1] - left)


def same_or_valid(rng, size, taps, stride):
    """What TensorFlow Lite can say."""
    return same(size, taps, stride) if rng.random() < 0.5 else NO_PAD


def explicit(rng, size, taps, stride):
    """Any padding smaller than the kernel, sides unequal."""
    top, bottom = rng.integers(0, taps[0], 2).tolist()
    left, right = rng.integers(0, taps[1], 2).tolist()
    return (top, bottom), (left, right)


@dataclass(frozen=True)
class Window:
    """Where a convolution looks, and at how many channels."""

    shape: tuple[int, int, int]
    kernel: tuple[int, int, int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def any_kernel(rng):
    """1 x 1, 3 x 3, and others, not all of them square."""
    kind = rng.integers(0, 4)
    if kind < 2:
        return (1, 1) if kind == 0 else (3, 3)
    return tuple(rng.integers(1, 6, 2).tolist())


def full(rng):
    """Every filter sees every channel."""
    C, K = rng.integers(1, 25, 2).tolist()
    return _window(rng, C, K, 1)


def grouped(rng):
    """2 to 4 groups of several channels and filters each."""
    groups, C, K = rng.integers(2, 5, 3).tolist()
    return _window(rng, groups * C, groups * K, groups)


def depthwise(rng):
    """One group per channel, one to three filters in each."""
    C, K = rng.integers(2, 33), rng.integers(1, 4)
    return _window(rng, int(C), int(C * K), int(C))


def depthwise_once(rng):
    """One group per channel, one filter in each."""
    C = int(rng.integers(2, 33))
    return _window(rng, C, C, C)


def _window(rng, C, K, groups):
    kernel = any_kernel(rng)
    stride = tuple(rng.integers(1, 4, 2).tolist())
    if rng.random() < 0.5:  # what networks do
        stride = (int(rng.integers(1, 3)),) * 2
    apart = rng.random() < 0.25 and stride == (1, 1)
    dilation = tuple(rng.integers(1, 4, 2).tolist()) if apart else (1, 1)
    taps = extent(kernel, dilation)
    H, W = (int(n + rng.integers(0, 10)) for n in taps)
    return Window(
        (C, H, W), (K, C // groups, *kernel), stride, dilation, groups
    )


def random_conv(rng, window=full, pad=same_or_valid, **family):
    """A QNet of one QConv; family: see `_net`."""
    see = window(rng)
    taps = extent(see.kernel[2:], see.dilation)
    where = {
        "stride": see.stride,
        "pad": pad(rng, see.shape[1:], taps, see.stride),
        "dilation": see.dilation,
        "groups": see.groups,
    }
    return _net(rng, see.shape, see.kernel, QConv, where, **family)


def random_dense(rng, **family):
    """A QNet of one QDense; family: see `_net`."""
    K, C = rng.integers([1, 1], [65, 200]).tolist()
    return _net(rng, (C,), (K, C), QDense, {}, **family)


def of_biases(acc, S_x, S_w, S_y, Z=0, layer=QConv, groups=1):
    """A QNet whose accumulators are these, (K,), whatever it reads.

    All weights are zero.  S_w is one per output, so that a net asks an
    engine for K rescalings of our choice.
    """
    K = len(acc)
    x, y = QParams(S_x, 0, INT8), QParams(S_y, Z, INT8)
    w_qp = QParams(np.broadcast_to(S_w, K), 0, INT8_NARROW, 0)
    image = (1, 1) if layer is QConv else ()
    where = {"groups": groups} if layer is QConv else {}
    w, b = np.zeros((K, 1, *image), np.int8), acc * (x.scale * w_qp.scale)
    op = layer("x", "y", w, w_qp, b, **where)
    return QNet((groups, *image), (op,), {"x": x, "y": y})


def codes_for(rng, net, N=2):
    """Input codes, all of the grid."""
    grid = net.qparams[net.input].grid
    shape = (N, *net.shape)
    return rng.integers(grid.qmin, grid.qmax + 1, shape).astype(grid.dtype)


def scales(net):
    """Sx, Sw in the shape that broadcasts over the accumulator, Sy."""
    (op,) = net.ops
    (x,), y = of(net, op)
    S_w = np.broadcast_to(op.w_qp.scale, op.w.shape[:1])
    return x.scale, S_w.reshape(-1, *[1] * (op.w.ndim - 2)), y.scale


def bias_codes(net):
    """The bias on the accumulator's grid, (K,) int64."""
    S_x, S_w, _ = scales(net)
    return np.rint(net.ops[0].b / (S_x * S_w.ravel())).astype(np.int64)


def accumulator(net, x):
    """sum (x - Zx) w + bias, int32: (N, K, P, Q) or (N, K)."""
    (op,), Z = net.ops, net.qparams[net.input].zero_point
    if isinstance(op, QDense):  # a convolution of one pixel
        x, w = x[:, :, None, None], op.w[:, :, None, None]
        return accumulate(x, Z, w, bias_codes(net))[:, :, 0, 0]
    return accumulate(
        x, Z, op.w, bias_codes(net), 0,
        op.stride, op.pad, op.dilation, op.groups,
    )  # fmt: skip


def expected(net, x, rescale):
    """The codes that an engine with this rule gives."""
    (op,), y = net.ops, net.qparams[net.output]
    q = rescale(accumulator(net, x), *scales(net), y)
    low, high = clamp(op.fused, y)
    return q.clip(low, high)


REALS = {  # what an activation lets pass
    "none": (-np.inf, np.inf),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
}


def _net(
    rng,
    shape,
    kernel,
    kind,
    where,
    scale=generic,
    activations=asymmetric,
    fused=tuple(REALS),
    biased=True,
    tops=(127, 127, 31, 7),
):
    """Draw codes; then scales such that reals fill about [-6, 6].

    tops  |w| at most; with small ones M is larger and ties are frequent
    """
    top = int(rng.choice(tops))
    w = rng.integers(-top, top + 1, kernel).astype(np.int8)
    low, high = rng.uniform([-4, 0.1], [0, 4])
    S_x, Z_x, grid = activations(low, high)
    x = QParams(scale(S_x), Z_x, grid)
    unit = QParams(1.0, 0, INT8_NARROW)
    op = kind("x", "y", w, unit, **where)
    net = QNet(shape, (op,), {"x": x, "y": unit})
    spread = np.std(accumulator(net, codes_for(rng, net))) + 1
    S_w = 2.5 / spread / x.scale
    if rng.random() < 0.7:  # per channel
        S_w = S_w * np.exp(rng.normal(0, 0.5, kernel[0]))
    w_qp = QParams(scale(S_w), 0, INT8_NARROW, 0 if np.ndim(S_w) else None)
    codes = np.rint(rng.normal(0, spread / 2, kernel[0])) * biased
    op = kind(
        "x", "y", w, w_qp,
        codes * x.scale * w_qp.scale if biased else None,
        **where, fused=str(rng.choice(fused)),
    )  # fmt: skip
    net = QNet(shape, (op,), {"x": x, "y": unit})
    S_x, S_w, _ = scales(net)
    reals = accumulator(net, codes_for(rng, net)) * S_x * S_w
    reals = reals.clip(*REALS[op.fused])
    S_y, Z_y, grid = activations(*np.quantile(reals, [0.01, 0.99]))
    y = QParams(scale(S_y), Z_y, grid)
    return QNet(shape, (op,), {"x": x, "y": y})
