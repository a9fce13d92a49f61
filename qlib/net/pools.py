"""Pooling operations, as frozen data.

Raises: ValueError for tensor names that are empty or twice the same; whole
numbers out of range; a side padded by the kernel's size or more, for no
window may see padding only.

Chapter: int8-convolution
"""

from dataclasses import dataclass

from qlib.net.fields import hold, named, padding, pair
from qlib.net.window import NO_PAD, Padding, Pair


@dataclass(frozen=True)
class MaxPool:
    """The largest value of each window; padding is never the largest.

    >>> MaxPool("x", "y", kernel=(3, 3), stride=(2, 2)).pad
    ((0, 0), (0, 0))
    """

    x: str
    y: str
    kernel: Pair
    stride: Pair
    pad: Padding = NO_PAD

    def __post_init__(self) -> None:
        _check_pool(self)


@dataclass(frozen=True)
class AveragePool:
    """The mean of each window.

    count_pad  False: the mean of what is not padding (TFLite, ONNX);
               True: padding counts as zeros (PyTorch).

    >>> AveragePool("x", "y", kernel=(2, 2), stride=(2, 2)).count_pad
    False
    """

    x: str
    y: str
    kernel: Pair
    stride: Pair
    pad: Padding = NO_PAD
    count_pad: bool = False

    def __post_init__(self) -> None:
        _check_pool(self)


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean over rows and columns, (C, H, W) -> (C, 1, 1).

    >>> GlobalAveragePool("x", "y").y
    'y'
    """

    x: str
    y: str

    def __post_init__(self) -> None:
        named(self, self.y, self.x)


def _check_pool(op: MaxPool | AveragePool) -> None:
    """Kernel, stride, and padding that leaves no window empty."""
    at = named(op, op.y, op.x)
    kernel, pad = pair(at, "kernel", op.kernel), padding(at, op.pad)
    hold(op, kernel=kernel, pad=pad, stride=pair(at, "stride", op.stride))
    if max(pad[0]) >= kernel[0] or max(pad[1]) >= kernel[1]:
        raise ValueError(
            f"{at}: pad must be smaller than the kernel {kernel}, got {pad}"
        )
