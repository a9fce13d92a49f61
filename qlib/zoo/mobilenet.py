"""MobileNetV2 as a table, and a network of it with weights drawn by lot.

    unit(K, k)          k x k convolution without bias, batch norm     (1)
    block(t, K, s)      relu6 unit(t C, 1), relu6 unit(t C, 3) on each
                        channel alone with stride s, unit(K, 1)        (2)
                        and + x, if s = 1 and K = C
    net                 relu6 unit(stem, 3), blocks, relu6 unit(head, 1),
                        mean over the image, dense                     (3)

A block with t = 1 has no first unit.  The last unit of a block has no
activation: it is the linear bottleneck.  Padding is 1 on all sides of a 3x3,
as in torchvision; TensorFlow pads bottom and right only, if s = 2.

Source: Sandler et al. 2018 (arXiv:1801.04381), tables 1 and 2.
Chapter: mobilenet
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from qlib.arrays import Real
from qlib.net.graph import (
    Add,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    Net,
    Op,
    Relu6,
    Shape,
    around,
)

Stage: TypeAlias = tuple[int, int, int, int]  # t, K, how often, first stride
Block: TypeAlias = tuple[int, int, int, int]  # t, C, K, stride


@dataclass(frozen=True)
class Design:
    """A network of eq. (3), before it has weights.

    shape    of the input, (C, H, W)
    stem     filters of the first unit, and its stride
    stages   rows (t, K, n, s): n blocks, the first with stride s
    head     filters of the last unit
    classes  how many

    >>> DIGITS.shape, DIGITS.classes
    ((1, 8, 8), 10)
    """

    shape: Shape
    stem: tuple[int, int]
    stages: tuple[Stage, ...]
    head: int
    classes: int

    def blocks(self) -> Iterator[Block]:
        """(t, C, K, s) of each block, in order.

        >>> list(DIGITS.blocks())[:2]
        [(1, 16, 8, 1), (3, 8, 16, 2)]
        """
        C = self.stem[0]
        for t, K, n, first in self.stages:
            for i in range(n):
                yield t, C, K, first if i == 0 else 1
                C = K


MOBILENET_V2 = Design(
    shape=(3, 224, 224),
    stem=(32, 2),
    stages=(
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ),
    head=1280,
    classes=1000,
)
DIGITS = Design(
    shape=(1, 8, 8),
    stem=(16, 1),
    stages=((1, 8, 1, 1), (3, 16, 2, 2), (3, 24, 2, 2)),
    head=96,
    classes=10,
)


def mobilenet_v2(seed: int = 0, size: int = 224) -> Net:
    """MobileNetV2 1.0 for images of this size, with weights drawn by lot.

    It classifies nothing: it has the shapes, and tensors that neither die
    nor explode.

    >>> from qlib.net.cost import cost, total
    >>> total(cost(mobilenet_v2())).parameters
    3504872
    """
    return drawn(replace(MOBILENET_V2, shape=(3, size, size)), seed)


def drawn(design: Design, seed: int) -> Net:
    """A network of this design: float32, the same for the same seed.

    w ~ N(0, 2 / fan in); gamma, var ~ U(1/2, 3/2); beta, mean ~ N(0, 1/100).

    >>> [op.y for op in drawn(DIGITS, 0).ops[:4]]
    ['stem.conv', 'stem.norm', 'stem.relu6', 'block1.depthwise.conv']
    """
    rng = np.random.default_rng(seed)
    K, s = design.stem
    ops, C = [*_unit(rng, "x", "stem", design.shape[0], K, 3, s)], K
    for i, (t, C, K, s) in enumerate(design.blocks(), 1):
        ops += _block(rng, ops[-1].y, f"block{i}", (t, C, K, s))
        C = K
    ops += _unit(rng, ops[-1].y, "head", C, design.head, 1)
    w = _normal(rng, (design.classes, design.head), 1 / design.head)
    ops += [
        GlobalAveragePool(ops[-1].y, "mean"),
        Flatten("mean", "flatten"),
        Dense("flatten", "dense", w, _normal(rng, w.shape[:1], 0.01)),
    ]
    return Net(design.shape, tuple(ops))


def _block(
    rng: np.random.Generator, x: str, name: str, block: Block
) -> list[Op]:
    """Eq. (2)."""
    (t, C, K, s), ops = block, list[Op]()
    wide = t * C
    if t > 1:
        ops += _unit(rng, x, f"{name}.expand", C, wide, 1)
    inner = ops[-1].y if ops else x
    ops += _unit(rng, inner, f"{name}.depthwise", 1, wide, 3, s, wide)
    ops += _unit(rng, ops[-1].y, f"{name}.project", wide, K, 1)[:2]
    if s == 1 and C == K:
        ops.append(Add(x, ops[-1].y, f"{name}.add"))
    return ops


def _unit(
    rng: np.random.Generator,
    x: str,
    name: str,
    C: int,
    K: int,
    k: int,
    stride: int = 1,
    groups: int = 1,
) -> list[Op]:
    """Eq. (1), and relu6.   w (K, C, k, k): C channels per group."""
    w = _normal(rng, (K, C, k, k), 2 / (C * k * k))
    conv, norm, relu6 = f"{name}.conv", f"{name}.norm", f"{name}.relu6"
    gamma, var = rng.uniform(0.5, 1.5, (2, K)).astype(np.float32)
    beta, mean = _normal(rng, (2, K), 0.01)
    s, pad = (stride, stride), around(k // 2)
    return [
        Conv(x, conv, w, stride=s, pad=pad, groups=groups),
        BatchNorm(conv, norm, gamma, beta, mean, var),
        Relu6(norm, relu6),
    ]


def _normal(rng: np.random.Generator, shape: Shape, variance: float) -> Real:
    """Numbers around 0, float32."""
    return rng.normal(0, np.sqrt(variance), shape).astype(np.float32)
