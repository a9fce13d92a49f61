"""Every op in reals against PyTorch, on random geometries.

Differences are counted in units of the largest absolute output: 1e-5 in
float32, where the order of adding up differs, and 1e-12 in float64.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import (
    fuse_conv_bn_weights,
    fuse_linear_bn_weights,
)

from qlib.net.fold import fold_batchnorm
from qlib.net.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Net,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    label,
    shapes,
)
from qlib.net.real import apply, run

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
GEOMETRIES = 250
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def numbers(rng, *low_high):
    return [int(rng.integers(low, high)) for low, high in low_high]


def pair(rng, low, high):
    return tuple(numbers(rng, (low, high), (low, high)))


def normal(rng, dtype, *shape):
    return rng.normal(size=shape).astype(dtype)


def bordered(x, pad, value=0.0):
    """The padding of Net, which torch has in the other order."""
    (top, bottom), (left, right) = pad
    return F.pad(torch.tensor(x), (left, right, top, bottom), value=value)


def random_conv(rng, dtype):
    groups, each, m, N = numbers(rng, (1, 4), (1, 4), (1, 4), (1, 3))
    if rng.random() < 0.4:  # depthwise
        groups, each = groups * each + 1, 1
    C, K, (kh, kw) = groups * each, groups * m, pair(rng, 1, 5)
    pad = pair(rng, 0, 4), pair(rng, 0, 4)
    dilation, stride = pair(rng, 1, 4), pair(rng, 1, 4)
    H = dilation[0] * (kh - 1) + numbers(rng, (1, 7))[0]
    W = dilation[1] * (kw - 1) + numbers(rng, (1, 7))[0]
    w = normal(rng, dtype, K, each, kh, kw)
    b = normal(rng, dtype, K) if rng.random() < 0.7 else None
    op = Conv("x", "y", w, b, stride, pad, dilation, groups)
    x = normal(rng, dtype, N, C, H, W)
    bias = None if b is None else torch.tensor(b)
    t = bordered(x, pad), torch.tensor(w), bias
    return op, [x], F.conv2d(*t, stride, 0, dilation, groups)


def random_dense(rng, dtype):
    N, C, K = numbers(rng, (1, 9), (1, 200), (1, 30))
    x, w = normal(rng, dtype, N, C), normal(rng, dtype, K, C)
    b = normal(rng, dtype, K) if rng.random() < 0.7 else None
    bias = None if b is None else torch.tensor(b)
    want = F.linear(torch.tensor(x), torch.tensor(w), bias)
    return Dense("x", "y", w, b), [x], want


def random_window(rng):
    kernel = pair(rng, 1, 5)
    pad = tuple(pair(rng, 0, k) for k in kernel)
    return kernel, pair(rng, 1, 4), pad


def random_image(rng, dtype):
    N, C, H, W = numbers(rng, (1, 4), (1, 6), (5, 12), (5, 12))
    return normal(rng, dtype, N, C, H, W)


def random_max_pool(rng, dtype):
    kernel, stride, pad = random_window(rng)
    x = random_image(rng, dtype)
    want = F.max_pool2d(bordered(x, pad, -np.inf), kernel, stride)
    return MaxPool("x", "y", kernel, stride, pad), [x], want


def random_average_pool(rng, dtype):
    """Padding counts: torch averages the bordered image.  It does not: the
    same, over the mean of ones with a border."""
    kernel, stride, pad = random_window(rng)
    x, count_pad = random_image(rng, dtype), bool(rng.random() < 0.5)
    want = F.avg_pool2d(bordered(x, pad), kernel, stride)
    if not count_pad:
        inside = bordered(np.ones_like(x), pad)
        want = want / F.avg_pool2d(inside, kernel, stride)
    return AveragePool("x", "y", kernel, stride, pad, count_pad), [x], want


def random_symmetric_average_pool(rng, dtype):
    """Torch's own count_include_pad, which knows symmetric padding only."""
    kernel, stride = pair(rng, 2, 5), pair(rng, 1, 4)
    p, q = (numbers(rng, (0, k // 2 + 1))[0] for k in kernel)
    x, count_pad = random_image(rng, dtype), bool(rng.random() < 0.5)
    want = F.avg_pool2d(
        torch.tensor(x), kernel, stride, (p, q), False, count_pad
    )
    pad = (p, p), (q, q)
    return AveragePool("x", "y", kernel, stride, pad, count_pad), [x], want


def random_batch_norm(rng, dtype):
    x = random_image(rng, dtype)
    if rng.random() < 0.3:
        x = x[:, :, 0, 0]
    rows = normal(rng, dtype, 4, x.shape[1])
    rows[3] **= 2
    gamma, beta, mean, var = map(torch.tensor, rows)
    eps = float(10.0 ** rng.integers(-5, 0))
    t = torch.tensor(x), mean, var, gamma, beta
    want = F.batch_norm(*t, training=False, eps=eps)
    return BatchNorm("x", "y", *rows, eps), [x], want


def random_add(rng, dtype):
    a = random_image(rng, dtype)
    b = normal(rng, dtype, *a.shape)
    return Add("a", "b", "y"), [a, b], torch.tensor(a) + torch.tensor(b)


def random_concat(rng, dtype):
    first = random_image(rng, dtype)
    N, _, *size = first.shape
    counts = rng.integers(1, 4, int(rng.integers(0, 3)))
    xs = [first, *(normal(rng, dtype, N, int(c), *size) for c in counts)]
    op = Concat(tuple(f"x{i}" for i in range(len(xs))), "y")
    return op, xs, torch.cat([torch.tensor(x) for x in xs], 1)


def pointwise(op, function):
    """A case of an op without parameters, on an image of large values."""

    def case(rng, dtype):
        x = random_image(rng, dtype) * dtype(10.0 ** rng.integers(-2, 3))
        return op, [x], function(torch.tensor(x))

    case.__name__ = type(op).__name__
    return case


CASES = [
    random_conv,
    random_dense,
    random_max_pool,
    random_average_pool,
    random_symmetric_average_pool,
    random_batch_norm,
    random_add,
    random_concat,
    pointwise(Relu("x", "y"), F.relu),
    pointwise(Relu6("x", "y"), F.relu6),
    pointwise(Sigmoid("x", "y"), torch.sigmoid),
    pointwise(Softmax("x", "y"), lambda x: F.softmax(x, 1)),
    pointwise(Flatten("x", "y"), lambda x: torch.flatten(x, 1)),
    pointwise(
        GlobalAveragePool("x", "y"), lambda x: F.adaptive_avg_pool2d(x, 1)
    ),
]


def difference(got, want):
    """The largest, in units of the largest wanted output."""
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    size = np.abs(want).max()
    return np.abs(got - want).max() / size if size else np.abs(got).max()


@DTYPES
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_op_is_torchs(case, dtype):
    rng = np.random.default_rng(0)
    for _ in range(GEOMETRIES):
        op, xs, want = case(rng, dtype)
        error = difference(apply(op, *xs), want.numpy())
        assert error <= TOLERANCE[dtype], (label(op), op, error)


@DTYPES
@pytest.mark.parametrize("seed", range(20))
def test_folding_is_torchs(seed, dtype):
    rng = np.random.default_rng(seed)
    K, C, *kernel = numbers(rng, (1, 9), (1, 9), (1, 4), (1, 4))
    gamma, beta, mean, var = rows = normal(rng, dtype, 4, K)
    var **= 2
    b = normal(rng, dtype, K) if seed % 2 else None
    bias = None if b is None else torch.tensor(b)
    eps = 1e-5
    for shape, fuse in (
        ((K, C, *kernel), fuse_conv_bn_weights),
        ((K, C), fuse_linear_bn_weights),
    ):
        w = normal(rng, dtype, *shape)
        g, s, m, v = map(torch.tensor, rows)
        want = fuse(torch.tensor(w), bias, m, v, eps, g, s)
        got = fold_batchnorm(w, b, gamma, beta, mean, var, eps)
        for ours, theirs in zip(got, want, strict=True):
            error = difference(ours, theirs.detach().numpy())
            assert error <= TOLERANCE[dtype]


@DTYPES
def test_a_whole_net_is_torchs(dtype):
    """A residual net with a depthwise convolution, tensor by tensor."""
    torch.manual_seed(0)
    first = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
    norm = nn.BatchNorm2d(8)
    deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
    last = nn.Linear(8, 5)
    for layer in (first, norm, deep, last):
        layer.to(torch.float64 if dtype is np.float64 else torch.float32)
    norm(first(torch.randn(16, 3, 9, 9, dtype=first.weight.dtype)))
    norm.eval()
    w = {
        f"{name}.{part}": value.detach().numpy()
        for name, layer in (
            ("f", first),
            ("n", norm),
            ("d", deep),
            ("l", last),
        )
        for part, value in layer.state_dict().items()
    }
    around = ((1, 1), (1, 1))
    net = Net(
        (3, 9, 9),
        (
            Conv("x", "f", w["f.weight"], None, (2, 2), around),
            BatchNorm(
                "f",
                "n",
                w["n.weight"],
                w["n.bias"],
                w["n.running_mean"],
                w["n.running_var"],
                norm.eps,
            ),
            Relu6("n", "r"),
            Conv("r", "d", w["d.weight"], w["d.bias"], pad=around, groups=8),
            Add("r", "d", "s"),
            GlobalAveragePool("s", "g"),
            Flatten("g", "v"),
            Dense("v", "l", w["l.weight"], w["l.bias"]),
        ),
    )
    x = torch.randn(4, 3, 9, 9, dtype=first.weight.dtype)
    want = {"f": first(x)}
    want["n"] = norm(want["f"])
    want["r"] = F.relu6(want["n"])
    want["d"] = deep(want["r"])
    want["s"] = want["r"] + want["d"]
    want["g"] = F.adaptive_avg_pool2d(want["s"], 1)
    want["v"] = torch.flatten(want["g"], 1)
    want["l"] = last(want["v"])
    got = run(net, x.numpy())
    assert {*want} == {*shapes(net)} - {"x"}
    for name, theirs in want.items():
        error = difference(got[name], theirs.detach().numpy())
        assert error <= TOLERANCE[dtype], name
