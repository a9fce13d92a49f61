"""Operations with parameters: convolution, dense, batch norm.

    Conv       y[n, k, p, q] = b[k] + sum w[k, c, i, j] x[n, C', p', q']  (1)
               C' = (C / groups) g + c,  g the group of k
               p' = p stride - top + i dilation,  q' likewise;  0 outside
    Dense      y[n, k] = b[k] + sum w[k, c] x[n, c]                       (2)
    BatchNorm  y = gamma (x - mean) / sqrt(var + eps) + beta              (3)

Arrays are copied and locked; float32 and float64 stay as they are, other
reals become float64.  `Absent(shape)` stands for an array that is not there.
Two ops are equal only if they are one object.

Raises: ValueError for tensor names that are empty or twice the same; arrays
of a wrong shape, not real or not finite; whole numbers out of range.

Chapter: int8-convolution
"""

from dataclasses import dataclass

from qlib.net.fields import (
    Absent,
    Weights,
    array,
    hold,
    named,
    padding,
    pair,
    positive,
    whole,
)
from qlib.net.window import NO_PAD, Padding, Pair


@dataclass(frozen=True, eq=False)
class Conv:
    """Eq. (1): convolution of x, padded with zeros; depthwise if groups = C.

    w (K, C / groups, kh, kw), b (K,) or None.

    >>> import numpy as np
    >>> Conv("x", "y", np.ones((8, 3, 3, 3)), stride=(2, 2)).w.shape
    (8, 3, 3, 3)
    """

    x: str
    y: str
    w: Weights
    b: Weights | None = None
    stride: Pair = (1, 1)
    pad: Padding = NO_PAD
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        at = named(self, self.y, self.x)
        w = array(at, "w", self.w, "K, C / groups, kh, kw")
        K, groups = w.shape[0], whole(at, "groups", self.groups, 1)
        if K % groups:
            raise ValueError(
                f"{at}: groups must divide {K} filters, got {groups}"
            )
        b = self.b if self.b is None else array(at, "b", self.b, "K", K)
        hold(self, w=w, b=b, groups=groups, pad=padding(at, self.pad))
        hold(self, stride=pair(at, "stride", self.stride))
        hold(self, dilation=pair(at, "dilation", self.dilation))


@dataclass(frozen=True, eq=False)
class Dense:
    """y = W x + b on features.   w (K, C), b (K,) or None.

    >>> import numpy as np
    >>> Dense("x", "y", np.ones((10, 64))).w.shape
    (10, 64)
    """

    x: str
    y: str
    w: Weights
    b: Weights | None = None

    def __post_init__(self) -> None:
        at = named(self, self.y, self.x)
        w = array(at, "w", self.w, "K, C")
        K = w.shape[0]
        b = self.b if self.b is None else array(at, "b", self.b, "K", K)
        hold(self, w=w, b=b)


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, channel by channel.

    gamma, beta, mean, var (C,), the last two as training left them.
    Raises: ValueError also for var < 0 and eps <= 0.

    >>> import numpy as np
    >>> one, zero = np.ones(3), np.zeros(3)
    >>> BatchNorm("x", "y", gamma=one, beta=zero, mean=zero, var=one).eps
    1e-05
    """

    x: str
    y: str
    gamma: Weights
    beta: Weights
    mean: Weights
    var: Weights
    eps: float = 1e-5

    def __post_init__(self) -> None:
        at = named(self, self.y, self.x)
        gamma = array(at, "gamma", self.gamma, "C")
        for name in ("beta", "mean", "var"):
            held = array(at, name, getattr(self, name), "C", *gamma.shape)
            hold(self, **{name: held})
        hold(self, gamma=gamma, eps=positive(at, "eps", self.eps))
        if not isinstance(self.var, Absent) and self.var.min() < 0:
            raise ValueError(
                f"{at}: var must not be negative, got {self.var.min()}"
            )
