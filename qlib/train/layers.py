"""One torch module with its parameters becomes one op.

A module of torch that computes another thing for some argument (dilation of
a max-pool, `ceil_mode`, padding by reflection) is no op: None, not a guess.

Chapter: int8-convolution
"""

from torch import Tensor, nn

from qlib.arrays import Real
from qlib.net.graph import (
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Op,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
)
from qlib.net.window import Padding, Pair


def op_of(layer: nn.Module, x: str, y: str) -> Op | None:
    """The op that does, in eval mode, what the module does; None if none."""
    match layer:
        case nn.Conv2d(padding_mode="zeros"):
            return _conv(layer, x, y)
        case nn.Linear():
            return Dense(x, y, numbers(layer.weight), _or_none(layer.bias))
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return _batch_norm(layer, x, y)
        case nn.ReLU():
            return Relu(x, y)
        case nn.ReLU6():
            return Relu6(x, y)
        case nn.Sigmoid():
            return Sigmoid(x, y)
        case nn.Softmax(dim=1):
            return Softmax(x, y)
        case nn.Flatten(start_dim=1, end_dim=-1):
            return Flatten(x, y)
    return _pool(layer, x, y)


def _pool(layer: nn.Module, x: str, y: str) -> Op | None:
    """The pools, where their windows are ours."""
    match layer:
        case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
            return GlobalAveragePool(x, y)
        case nn.MaxPool2d(dilation=1 | (1, 1), ceil_mode=False):
            kernel, stride = both(layer.kernel_size), both(layer.stride)
            pad = _pad(both(layer.padding))
            return (
                None
                if layer.return_indices
                else MaxPool(x, y, kernel, stride, pad)
            )
        case nn.AvgPool2d(ceil_mode=False, divisor_override=None):
            kernel, stride = both(layer.kernel_size), both(layer.stride)
            pad = _pad(both(layer.padding))
            count_pad = layer.count_include_pad
            return AveragePool(x, y, kernel, stride, pad, count_pad)
    return None


def _conv(layer: nn.Conv2d, x: str, y: str) -> Conv:
    """A convolution, padded with zeros."""
    dilation, kernel = both(layer.dilation), both(layer.kernel_size)
    if layer.padding == "same":  # an odd one goes to the bottom and the right
        (dh, dw), (kh, kw) = dilation, kernel
        pad = _split(dh * (kh - 1)), _split(dw * (kw - 1))
    else:
        pad = _pad((0, 0) if layer.padding == "valid" else both(layer.padding))
    return Conv(
        x,
        y,
        numbers(layer.weight),
        _or_none(layer.bias),
        both(layer.stride),
        pad,
        dilation,
        layer.groups,
    )


def _batch_norm(
    layer: nn.BatchNorm1d | nn.BatchNorm2d, x: str, y: str
) -> BatchNorm | None:
    """A batch norm with numbers of its own, not those of the batch."""
    mean, var = layer.running_mean, layer.running_var
    if not layer.affine or mean is None or var is None:
        return None
    gamma, beta = numbers(layer.weight), numbers(layer.bias)
    return BatchNorm(x, y, gamma, beta, numbers(mean), numbers(var), layer.eps)


def numbers(t: Tensor) -> Real:
    """The values of a tensor, copied."""
    a: Real = t.detach().cpu().numpy().copy()
    return a


def both(n: int | tuple[int, ...] | str) -> Pair:
    """(rows, columns), where torch lets one number stand for both."""
    if isinstance(n, tuple):
        return int(n[0]), int(n[1])
    return int(n), int(n)


def _or_none(t: Tensor | None) -> Real | None:
    """The values, if there are any."""
    return None if t is None else numbers(t)


def _pad(n: Pair) -> Padding:
    """The same before and after."""
    return (n[0], n[0]), (n[1], n[1])


def _split(n: int) -> Pair:
    """n rows of padding as (before, after)."""
    return n // 2, n - n // 2
