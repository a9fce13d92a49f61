"""Networks that everybody counts, as shapes without weights.

    alexnet        Krizhevsky et al. 2012: two towers, here groups of 2;
                   without local response normalization, which has no weights
    alexnet_owt    Krizhevsky 2014 (arXiv:1404.5997), as torchvision has it
    resnet50       He et al. 2015 (arXiv:1512.03385), stride in the first 1x1
    resnet50_v1_5  the same with the stride in the 3x3, as torchvision has it

Chapter: overview
"""

from typing import TypeAlias

from qlib.net.graph import (
    Absent,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Net,
    Op,
    Relu,
    around,
)

# filters, kernel, stride, pad, groups, and whether a 3x3 pool of stride 2
# follows
Row: TypeAlias = tuple[int, int, int, int, int, bool]

ALEXNET: list[Row] = [
    (96, 11, 4, 0, 1, True),
    (256, 5, 1, 2, 2, True),
    (384, 3, 1, 1, 1, False),
    (384, 3, 1, 1, 2, False),
    (256, 3, 1, 1, 2, True),
]
ALEXNET_OWT: list[Row] = [
    (64, 11, 4, 2, 1, True),
    (192, 5, 1, 2, 1, True),
    (384, 3, 1, 1, 1, False),
    (256, 3, 1, 1, 1, False),
    (256, 3, 1, 1, 1, True),
]
RESNET50 = [(3, 256, 1), (4, 512, 2), (6, 1024, 2), (3, 2048, 2)]


def alexnet() -> Net:
    """AlexNet of 2012, 227 x 227, with two towers.

    >>> from qlib.net.cost import cost, total
    >>> total(cost(alexnet())).parameters
    60965224
    """
    return _alexnet(227, ALEXNET)


def alexnet_owt() -> Net:
    """AlexNet of 2014, 224 x 224, "one weird trick": one tower.

    >>> from qlib.net.cost import cost, total
    >>> total(cost(alexnet_owt())).parameters
    61100840
    """
    return _alexnet(224, ALEXNET_OWT)


def resnet50() -> Net:
    """ResNet-50 of 2015, 224 x 224.

    >>> from qlib.net.cost import cost, total
    >>> total(cost(resnet50())).parameters, total(cost(resnet50())).macs
    (25557032, 3857973248)
    """
    return _resnet50(stride_of_3x3=False)


def resnet50_v1_5() -> Net:
    """ResNet-50 with the stride of a block in its 3x3: 6 % more work.

    >>> from qlib.net.cost import cost, total
    >>> total(cost(resnet50_v1_5())).macs
    4089184256
    """
    return _resnet50(stride_of_3x3=True)


def _alexnet(size: int, rows: list[Row]) -> Net:
    """Five convolutions and three dense layers."""
    ops: list[Op] = []
    x, C = "x", 3
    for i, (K, k, s, p, groups, pool) in enumerate(rows, 1):
        w, y = Absent((K, C // groups, k, k)), f"conv{i}"
        conv = Conv(x, y, w, Absent((K,)), (s, s), around(p), groups=groups)
        ops += [conv, Relu(y, f"relu{i}")]
        x, C = f"relu{i}", K
        if pool:
            ops.append(MaxPool(x, f"pool{i}", (3, 3), (2, 2)))
            x = f"pool{i}"
    ops.append(Flatten(x, "features"))
    x, C = "features", 256 * 6 * 6
    for i, K in ((6, 4096), (7, 4096)):
        w = Absent((K, C))
        ops += [
            Dense(x, f"fc{i}", w, Absent((K,))),
            Relu(f"fc{i}", f"relu{i}"),
        ]
        x, C = f"relu{i}", K
    ops.append(Dense(x, "fc8", Absent((1000, C)), Absent((1000,))))
    return Net((3, size, size), tuple(ops))


def _resnet50(stride_of_3x3: bool) -> Net:
    """A stem, four stages of blocks, one dense layer."""
    ops = [
        *_unit("x", "stem", 3, 64, 7, 2),
        Relu("stem", "relu"),
        MaxPool("relu", "pool", (3, 3), (2, 2), around(1)),
    ]
    x, C = "pool", 64
    for i, (blocks, K, stride) in enumerate(RESNET50, 1):
        for j in range(blocks):
            s = stride if j == 0 else 1
            strides = (1, s) if stride_of_3x3 else (s, 1)
            y = f"stage{i}.{j}"
            ops += _block(x, y, C, K, strides)
            x, C = y, K
    ops += [
        GlobalAveragePool(x, "mean"),
        Flatten("mean", "features"),
        Dense("features", "fc", Absent((1000, C)), Absent((1000,))),
    ]
    return Net((3, 224, 224), tuple(ops))


def _unit(x: str, y: str, C: int, K: int, k: int, s: int) -> list[Op]:
    """A k x k convolution without bias, and its batch norm."""
    one = Absent((K,))
    w, pad = Absent((K, C, k, k)), around(k // 2)
    return [
        Conv(x, f"{y}.conv", w, stride=(s, s), pad=pad),
        BatchNorm(f"{y}.conv", y, one, one, one, one),
    ]


def _block(
    x: str, y: str, C: int, K: int, strides: tuple[int, int]
) -> list[Op]:
    """1x1 down, 3x3, 1x1 up, and the shortcut, projected if C is not K."""
    first, second = strides
    ops = [
        *_unit(x, f"{y}.down", C, K // 4, 1, first),
        Relu(f"{y}.down", f"{y}.relu1"),
        *_unit(f"{y}.relu1", f"{y}.3x3", K // 4, K // 4, 3, second),
        Relu(f"{y}.3x3", f"{y}.relu2"),
        *_unit(f"{y}.relu2", f"{y}.up", K // 4, K, 1, 1),
    ]
    short = x
    if C != K:
        short = f"{y}.short"
        ops += _unit(x, short, C, K, 1, first * second)
    return [*ops, Add(f"{y}.up", short, f"{y}.sum"), Relu(f"{y}.sum", y)]
