"""Quantized operations with parameters of their own: codes, not reals.

    acc[n, k, p, q] = sum (x - Zx) (w - Zw) + b / (Sx Sw)          (1)

Weights are codes with their (S, Z); the bias stays real until `lower` puts
it on the grid of the accumulator.  `fused` is the activation that the op
itself applies, as a clamp of its output codes: "none", "relu" or "relu6".

Raises: ValueError for tensor names that are empty or twice the same, arrays
of a wrong shape, weights that are no codes of their grid, whole numbers out
of range, an unknown activation.

Source: Jacob et al. 2018 (arXiv:1712.05877), section 2.4.
Chapter: int8-convolution
"""

from dataclasses import dataclass

import numpy as np

from qlib.arrays import Code, Real, as_code
from qlib.net.fields import Weights, array, hold, named, padding, pair, whole
from qlib.net.window import NO_PAD, Padding, Pair
from qlib.qparams import QParams

ACTIVATIONS = ("none", "relu", "relu6")


@dataclass(frozen=True, eq=False)
class QConv:
    """Eq. (1) on images; x outside its border has the code Zx.

    w (K, C / groups, kh, kw), w_qp for all filters or per filter (axis 0),
    b (K,) reals or None.

    >>> from qlib.grid import INT8_NARROW
    >>> qp = QParams(0.5, 0, INT8_NARROW)
    >>> QConv("x", "y", np.ones((8, 3, 3, 3), np.int8), qp).b.shape
    (8,)
    """

    x: str
    y: str
    w: Code
    w_qp: QParams
    b: Real | None = None
    stride: Pair = (1, 1)
    pad: Padding = NO_PAD
    dilation: Pair = (1, 1)
    groups: int = 1
    fused: str = "none"

    def __post_init__(self) -> None:
        at = _check_weights(self, "K, C / groups, kh, kw")
        K, groups = self.w.shape[0], whole(at, "groups", self.groups, 1)
        if K % groups:
            raise ValueError(
                f"{at}: groups must divide {K} filters, got {groups}"
            )
        hold(self, groups=groups, pad=padding(at, self.pad))
        hold(self, stride=pair(at, "stride", self.stride))
        hold(self, dilation=pair(at, "dilation", self.dilation))


@dataclass(frozen=True, eq=False)
class QDense:
    """Eq. (1) on features: w (K, C), w_qp as above, b (K,) or None.

    >>> from qlib.grid import INT8_NARROW
    >>> qp = QParams(0.5, 0, INT8_NARROW)
    >>> QDense("x", "y", np.ones((10, 64), np.int8), qp).w.dtype
    dtype('int8')
    """

    x: str
    y: str
    w: Code
    w_qp: QParams
    b: Real | None = None
    fused: str = "none"

    def __post_init__(self) -> None:
        _check_weights(self, "K, C")


@dataclass(frozen=True)
class QAdd:
    """y = a + b, each with a scale of its own.

    >>> QAdd("left", "right", "sum", fused="relu").fused
    'relu'
    """

    a: str
    b: str
    y: str
    fused: str = "none"

    def __post_init__(self) -> None:
        _check_activation(named(self, self.y, self.a, self.b), self.fused)


def _check_weights(op: QConv | QDense, axes: str) -> str:
    """Codes on their grid, a scale for each filter, a bias; the op's label."""
    at = named(op, op.y, op.x)
    w, grid = as_code(op.w, f"{at}: w"), op.w_qp.grid
    array(at, "w", w, axes)
    if w.min() < grid.qmin or w.max() > grid.qmax:
        raise ValueError(
            f"{at}: w must be in [{grid.qmin}, {grid.qmax}], "
            f"got {w.min()} to {w.max()}"
        )
    w = w.astype(grid.dtype)
    w.flags.writeable = False
    scales = np.shape(op.w_qp.scale)
    if op.w_qp.axis not in (None, 0) or scales not in ((), w.shape[:1]):
        raise ValueError(
            f"{at}: w_qp must have one scale, or {w.shape[0]} along axis 0, "
            f"got shape {scales} along axis {op.w_qp.axis}"
        )
    b: Weights = np.zeros(w.shape[0]) if op.b is None else op.b
    hold(op, w=w, b=array(at, "b", b, "K", w.shape[0]))
    _check_activation(at, op.fused)
    return at


def _check_activation(at: str, fused: str) -> None:
    if fused not in ACTIVATIONS:
        raise ValueError(
            f"{at}: fused must be one of {ACTIVATIONS}, got {fused!r}"
        )
