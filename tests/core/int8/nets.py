"""Random quantized networks, one or more for each op, to run everywhere.

    net = NETS["average pool"](rng)     and the other names
    x = codes(rng, net)                 any codes of the input's grid

Draw.scale bends every scale (`power_of_two`: exact ties occur), Draw.pad
draws paddings (`same_or_valid` is what TensorFlow Lite can say).  Scales of
outputs come from the range of the reals, so that codes are used; the reals
decide nothing else.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from qlib.affine import affine_qparams, dequantize
from qlib.grid import INT8, INT8_NARROW
from qlib.net import real
from qlib.net.graph import Add, Conv, Dense
from qlib.net.ops import (
    Concat,
    Flatten,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    inputs,
)
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet
from qlib.net.window import NO_PAD, extent
from qlib.qparams import QParams

KEEPING = MaxPool | AveragePool | Flatten
FUSED = ("none", "relu", "relu6")
LIMITS = {"none": (-np.inf, np.inf), "relu": (0, np.inf), "relu6": (0, 6)}


def generic(S):
    """Scales as they come."""
    return S


def power_of_two(S):
    """Scales where M is 2^-n."""
    return 2.0 ** np.rint(np.log2(S))


def same_or_valid(rng, size, taps, stride):
    """What TensorFlow Lite can say: ceil(size / stride) outputs, or none."""
    if rng.random() < 0.4:
        return NO_PAD
    short = [
        max((-(-n // s) - 1) * s + e - n, 0)
        for n, e, s in zip(size, taps, stride, strict=True)
    ]
    return tuple((n // 2, n - n // 2) for n in short)


def explicit(rng, size, taps, stride):
    """Any padding smaller than the kernel, sides unequal."""
    return tuple(tuple(rng.integers(0, k, 2).tolist()) for k in taps)


@dataclass
class Draw:
    """A network while it grows; `reals` are of a sample of inputs."""

    rng: np.random.Generator
    shape: tuple[int, ...]
    scale: object = generic
    pad: object = same_or_valid
    grid: object = INT8
    symmetric: bool = False
    ops: list = field(default_factory=list)
    qparams: dict = field(default_factory=dict)
    reals: dict = field(default_factory=dict)

    def __post_init__(self):
        r = self.rng.uniform(
            *self.rng.uniform([-4, 0.1], [0, 4]), (4, *self.shape)
        )
        self.keep("x", r)

    def keep(self, name, r, qp=None):
        """Remember a tensor, its reals, and (S, Z) for them."""
        self.reals[name] = r
        self.qparams[name] = self.of(r) if qp is None else qp
        return name

    def of(self, r):
        low, high = np.quantile(r, [0.01, 0.99])
        if self.symmetric:
            return QParams(
                self.scale(max(-low, high, 1e-3) / 127), 0, INT8_NARROW
            )
        qp = affine_qparams(low, max(high, low + 1e-3), self.grid)
        S = self.scale(qp.scale)
        Z = np.clip(
            np.rint(self.grid.qmin - min(low, 0) / S),
            self.grid.qmin,
            self.grid.qmax,
        )
        return QParams(S, int(Z), self.grid)

    def last(self):
        return [*self.reals][-1]

    def put(self, op, real_op=None, qp=None):
        """Append an op; its reals come from the op in real arithmetic."""
        reals = [self.reals[x] for x in inputs(op)]
        r = real.apply(real_op or op, *reals)
        r = np.clip(r, *LIMITS[getattr(op, "fused", "none")])
        if isinstance(op, KEEPING):
            qp = self.qparams[op.x]
        self.ops.append(op)
        return self.keep(op.y, r, qp)

    def name(self):
        return f"t{len(self.ops)}"

    def net(self):
        return QNet(self.shape, tuple(self.ops), self.qparams)

    # the ops

    def fused(self):
        return str(self.rng.choice(FUSED))

    def weights(self, shape):
        """Codes, (S, Z) with a spread of scales, and a real bias."""
        rng = self.rng
        w = rng.integers(-127, 128, shape).astype(np.int8)
        S = 1 / (127 * np.sqrt(np.prod(shape[1:])))
        if rng.random() < 0.7:  # per channel
            S = S * np.exp(rng.normal(0, 0.5, shape[0]))
        axis = 0 if np.ndim(S) else None
        qp = QParams(self.scale(S), 0, INT8_NARROW, axis)
        b = rng.normal(0, 0.5, shape[0]) if rng.random() < 0.9 else None
        return w, qp, b

    def conv(self, window, K, each, groups, x=None):
        x, rng, y = x or self.last(), self.rng, self.name()
        kernel, stride, dilation = window
        taps = extent(kernel, dilation)
        size = self.reals[x].shape[2:]
        pad = self.pad(rng, size, taps, stride)
        where = {
            "stride": stride,
            "pad": pad,
            "dilation": dilation,
            "groups": groups,
        }
        w, qp, b = self.weights((K, each, *kernel))
        op = QConv(x, y, w, qp, b, **where, fused=self.fused())
        return self.put(op, Conv(x, y, dequantize(w, qp), op.b, **where))

    def dense(self, K):
        x, y = self.last(), self.name()
        w, qp, b = self.weights((K, self.reals[x].shape[1]))
        op = QDense(x, y, w, qp, b, self.fused())
        return self.put(op, Dense(x, y, dequantize(w, qp), op.b))

    def add(self, a, b):
        y = self.name()
        return self.put(QAdd(a, b, y, self.fused()), Add(a, b, y))

    def pool(self, kind, **more):
        kernel, stride = pair(self.rng, 1, 4), pair(self.rng, 1, 4)
        x = self.last()
        pad = self.pad(self.rng, self.reals[x].shape[2:], kernel, stride)
        return self.put(kind(x, self.name(), kernel, stride, pad, **more))

    def unary(self, kind, qp=None):
        return self.put(kind(self.last(), self.name()), qp=qp)


def pair(rng, low, high):
    return tuple(rng.integers(low, high, 2).tolist())


def window(rng):
    """Kernel, stride, dilation; half the time what networks do."""
    if rng.random() < 0.5:
        kernel = (int(rng.choice([1, 3])),) * 2
        return kernel, (int(rng.integers(1, 3)),) * 2, (1, 1)
    if rng.random() < 0.5:
        return pair(rng, 1, 4), (1, 1), pair(rng, 1, 4)
    return pair(rng, 1, 6), pair(rng, 1, 4), (1, 1)


def image(rng, **kind):
    """A network to be, that reads an image of 1 to 12 channels."""
    C, H, W = rng.integers([1, 7, 7], [13, 14, 14]).tolist()
    return Draw(rng, (C, H, W), **kind)


def conv(rng, **kind):
    draw = image(rng, **kind)
    draw.conv(window(rng), int(rng.integers(1, 17)), draw.shape[0], 1)
    return draw.net()


def grouped(rng, **kind):
    groups, each, K = rng.integers(2, 5, 3).tolist()
    draw = Draw(rng, (groups * each, *pair(rng, 7, 14)), **kind)
    draw.conv(window(rng), groups * K, each, groups)
    return draw.net()


def depthwise(rng, **kind):
    draw = image(rng, **kind)
    C = draw.shape[0]
    draw.conv(window(rng), C * int(rng.integers(1, 4)), 1, C)
    return draw.net()


def dense(rng, **kind):
    draw = Draw(rng, (int(rng.integers(1, 200)),), **kind)
    draw.dense(int(rng.integers(1, 40)))
    return draw.net()


def add(rng, **kind):
    draw = image(rng, **kind)
    one = ((1, 1), (1, 1), (1, 1))
    draw.conv(one, draw.shape[0], draw.shape[0], 1)
    draw.add("x", draw.last())
    return draw.net()


def concat(rng, **kind):
    """Three parts; at times the first has the (S, Z) of the result."""
    draw = image(rng, **kind)
    one = ((1, 1), (1, 1), (1, 1))
    a = draw.conv(one, int(rng.integers(1, 7)), draw.shape[0], 1)
    b = draw.conv(one, int(rng.integers(1, 7)), draw.shape[0], 1, "x")
    qp = draw.qparams[a] if rng.random() < 0.5 else None
    draw.put(Concat((a, "x", b), draw.name()), qp=qp)
    return draw.net()


def pool(rng, of=MaxPool, padded=same_or_valid, counted=None, **kind):
    """`padded` is for the pool alone."""
    draw = image(rng, **kind)
    draw.pad = padded
    draw.pool(of, **({} if counted is None else {"count_pad": counted}))
    return draw.net()


def unary(rng, of, qp=None, **kind):
    draw = image(rng, **kind)
    draw.unary(of, qp)
    return draw.net()


def mixed(rng, **kind):
    """A small network with a residual, a concat and a classifier."""
    draw = image(rng, **kind)
    first = draw.conv(((3, 3), (1, 1), (1, 1)), 8, draw.shape[0], 1)
    draw.conv(((1, 1), (1, 1), (1, 1)), 8, 8, 1)
    draw.add(first, draw.last())
    a = draw.unary([Relu, Relu6][rng.integers(2)])
    b = draw.conv(((1, 1), (1, 1), (1, 1)), 4, 8, 1)
    draw.put(Concat((a, b), draw.name()))
    draw.conv(((3, 3), (1, 1), (1, 1)), 12, 1, 12)
    if rng.random() < 0.5:
        draw.pool(MaxPool)
    if rng.random() < 0.5:
        draw.unary(GlobalAveragePool)
    draw.unary(Flatten)
    draw.dense(10)
    draw.unary(
        *[(Softmax, PROBABILITY), (Sigmoid, PROBABILITY)][rng.integers(2)]
    )
    return draw.net()


PROBABILITY = QParams(1 / 256, -128, INT8)
NETS = {
    "conv": conv,
    "grouped conv": grouped,
    "depthwise conv": depthwise,
    "dense": dense,
    "add": add,
    "concat": concat,
    "max pool": pool,
    "average pool": partial(pool, of=AveragePool),
    "average pool, padding counted": partial(
        pool, of=AveragePool, counted=True, padded=explicit
    ),
    "mean": partial(unary, of=GlobalAveragePool),
    "relu": partial(unary, of=Relu),
    "relu6": partial(unary, of=Relu6),
    "sigmoid": partial(unary, of=Sigmoid, qp=PROBABILITY),
    "softmax": partial(unary, of=Softmax, qp=PROBABILITY),
    "flatten": partial(unary, of=Flatten),
    "mixed": mixed,
}


def codes(rng, net, N=3):
    """Any codes of the grid of the input."""
    grid = net.qparams[net.input].grid
    q = rng.integers(grid.qmin, grid.qmax + 1, (N, *net.shape))
    return q.astype(grid.dtype)
