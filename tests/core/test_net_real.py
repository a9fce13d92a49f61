"""Running in reals: twins on random geometries, by hand, bad input."""

import re

import numpy as np
import pytest

from qlib.net.graph import (
    Absent,
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
    around,
    shapes,
)
from qlib.net.real import apply, result, run
from qlib.net.real_conv import (
    conv,
    conv_loops,
    dense,
    dense_loops,
    depthwise,
)
from qlib.net.real_pointwise import (
    batch_norm,
    batch_norm_loops,
    relu,
    relu6,
    sigmoid,
    softmax,
    softmax_loops,
)
from qlib.net.real_pool import (
    average_pool,
    average_pool_loops,
    global_average_pool,
    max_pool,
    max_pool_loops,
)

F32, F64 = np.float32, np.float64
W = np.ones((4, 3, 3, 3))
X = np.ones((1, 3, 8, 8))


def whole(rng, shape, dtype=F32):
    """Small whole numbers: every order of adding them up gives one result."""
    return rng.integers(-9, 10, shape).astype(dtype)


def pairs(rng, low, high):
    return tuple(map(int, rng.integers(low, high, 2)))


def window(rng):
    """Kernel, stride and a padding smaller than the kernel."""
    kernel = pairs(rng, 1, 4)
    pad = tuple(tuple(map(int, rng.integers(0, k, 2))) for k in kernel)
    return kernel, pairs(rng, 1, 4), pad


@pytest.mark.parametrize("seed", range(60))
def test_the_twins_of_convolution_agree_exactly(seed):
    rng = np.random.default_rng(seed)
    groups, each, m = map(int, rng.integers(1, 4, 3))
    kernel, stride, pad = window(rng)
    x = whole(rng, (2, groups * each, *pairs(rng, 5, 8)))
    w = whole(rng, (groups * m, each, *kernel))
    b, dilation = whole(rng, groups * m), pairs(rng, 1, 3)
    case = (x, w, b, stride, pad, dilation)
    want = conv_loops(*case, groups)
    got = conv(*case, groups)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == want.dtype == F32
    if each == 1:
        np.testing.assert_array_equal(depthwise(*case), want)
        assert depthwise(*case).dtype == F32


@pytest.mark.parametrize("seed", range(40))
def test_the_twins_of_the_pools_agree_exactly(seed):
    rng = np.random.default_rng(seed)
    x, case = whole(rng, (2, 3, *pairs(rng, 4, 8))), window(rng)
    np.testing.assert_array_equal(max_pool(x, *case), max_pool_loops(x, *case))
    for count_pad in (False, True):
        want = average_pool_loops(x.astype(F64), *case, count_pad)
        got = average_pool(x.astype(F64), *case, count_pad)
        np.testing.assert_array_equal(got, want)
        assert average_pool(x, *case, count_pad).dtype == F32
    assert max_pool(x, *case).dtype == F32
    whole_image = average_pool_loops(x, x.shape[2:], (1, 1))
    np.testing.assert_allclose(global_average_pool(x), whole_image, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3, 2)])
def test_the_twins_of_the_others_agree(shape):
    rng = np.random.default_rng(0)
    x, row = rng.normal(0, 3, shape), rng.normal(size=(4, shape[1]))
    norm = (*row[:3], row[3] ** 2, 1e-3)
    np.testing.assert_allclose(softmax(x), softmax_loops(x), 1e-14)
    got, want = batch_norm(x, *norm), batch_norm_loops(x, *norm)
    np.testing.assert_allclose(got, want, 1e-13)
    w, x, b = whole(rng, (5, 4)), whole(rng, (3, 4)), whole(rng, 5)
    np.testing.assert_array_equal(dense(x, w, b), dense_loops(x, w, b))


def test_one_convolution_by_hand():
    """Asymmetric padding, stride and dilation, on paper."""
    x = np.array([[[[1.0, 2, 3], [4, 5, 6]]]])
    w = np.array([[[[1.0, 10]]]])
    y = conv(x, w, np.array([100.0]), (1, 2), ((1, 0), (0, 2)), (1, 2))
    np.testing.assert_array_equal(y, [[[[100, 100], [131, 103], [164, 106]]]])


def test_padding_is_never_the_largest_and_counts_only_if_told():
    x = -np.ones((1, 1, 2, 2))
    assert max_pool(x, (2, 2), (2, 2), around(1)).max() == -1
    assert average_pool(x, (2, 2), (2, 2), around(1)).max() == -1
    assert average_pool(x, (2, 2), (2, 2), around(1), True).max() == -0.25


def test_joining_and_flattening_keep_their_order():
    a, b = np.arange(8.0).reshape(1, 2, 2, 2), np.ones((1, 1, 2, 2))
    total = apply(Add("a", "b", "y"), a, 2 * a)
    np.testing.assert_array_equal(total, 3 * a)
    both = apply(Concat(("a", "b"), "y"), a, b)
    flat = apply(Flatten("x", "y"), both)
    np.testing.assert_array_equal(flat, [[0, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1, 1]])


def test_activations_keep_to_their_definition():
    x = np.array([[-1e4, -6.5, -0.0, 0.5, 6.5, 1e4]])
    np.testing.assert_array_equal(relu(x), [[0, 0, 0, 0.5, 6.5, 1e4]])
    np.testing.assert_array_equal(relu6(x), [[0, 0, 0, 0.5, 6, 6]])
    middle = 1 / (1 + np.exp(-x[:, 1:5]))
    np.testing.assert_allclose(sigmoid(x)[:, 1:5], middle, 1e-15)
    np.testing.assert_array_equal(sigmoid(x)[:, [0, 5]], [[0, 1]])
    np.testing.assert_array_equal(softmax(x), [[0, 0, 0, 0, 0, 1]])


def small_net(rng):
    """Every op once."""
    norm = rng.normal(size=(4, 6))
    norm[3] **= 2
    ops = [
        Conv("x", "c", rng.normal(size=(6, 3, 3, 3)), pad=around(1)),
        BatchNorm("c", "n", *norm),
        Relu6("n", "r"),
        Conv("r", "d", rng.normal(size=(6, 1, 3, 3)), norm[0], groups=6),
        MaxPool("d", "m", (2, 2), (2, 2)),
        AveragePool("r", "a", (3, 3), (2, 2), ((0, 0), (1, 0))),
        Relu("a", "ar"),
        AveragePool("ar", "as", (2, 2), (1, 1)),
        AveragePool("x", "ax", (5, 4), (2, 2)),
        Concat(("as", "ax"), "j"),
        GlobalAveragePool("j", "g"),
        Flatten("g", "f"),
        Dense("f", "l", rng.normal(size=(5, 9)), rng.normal(size=5)),
        Sigmoid("l", "s"),
        Add("l", "s", "t"),
        Softmax("t", "p"),
    ]
    return Net((3, 8, 8), ops)


def test_a_run_gives_every_tensor_in_its_shape_and_dtype():
    rng = np.random.default_rng(1)
    net, x = small_net(rng), rng.normal(size=(2, 3, 8, 8))
    for dtype in (F32, F64):
        tensors = run(net, x.astype(dtype))
        assert [*tensors] == [*shapes(net)]
        for name, shape in shapes(net).items():
            assert tensors[name].shape == (2, *shape), name
            assert tensors[name].dtype == dtype, name
        np.testing.assert_allclose(tensors["p"].sum(1), 1, 1e-6)


def test_whole_numbers_run_in_float64():
    net = Net((3, 8, 8), (Conv("x", "y", W),))
    assert run(net, X.astype(np.uint8))["y"].dtype == F64
    assert run(net, X.astype(np.float16))["y"].dtype == F64


def test_the_result_is_that_of_the_run():
    rng = np.random.default_rng(2)
    net, x = small_net(rng), rng.normal(size=(2, 3, 8, 8))
    tensors = run(net, x)
    for name in tensors:
        part = Net(net.shape, net.ops, output=name)
        np.testing.assert_array_equal(result(part, x), tensors[name])


def test_each_op_alone_gives_what_it_gives_in_the_net():
    rng = np.random.default_rng(3)
    net, x = small_net(rng), rng.normal(size=(2, 3, 8, 8))
    tensors = run(net, x)
    first, norm = net.ops[:2]
    np.testing.assert_array_equal(apply(first, x), tensors["c"])
    np.testing.assert_array_equal(apply(norm, tensors["c"]), tensors["n"])
    total = apply(Add("l", "s", "t"), tensors["l"], tensors["s"])
    np.testing.assert_array_equal(total, tensors["t"])


def test_nothing_that_goes_in_is_changed():
    rng = np.random.default_rng(4)
    net, x = small_net(rng), rng.normal(size=(2, 3, 8, 8))
    x.flags.writeable = False
    tensors = run(net, x)
    before = {name: r.copy() for name, r in tensors.items()}
    for op in net.ops:
        names = getattr(op, "xs", None) or [getattr(op, "x", "l")]
        if not isinstance(op, Add):
            apply(op, *(tensors[name] for name in names))
    for name, r in tensors.items():
        np.testing.assert_array_equal(r, before[name])


BAD_RUNS = [
    (X[0], "input x must have shape (N, 3, 8, 8), N > 0, got (3, 8, 8)"),
    (X[:, :2], "got (1, 2, 8, 8)"),
    (X[:0], "got (0, 3, 8, 8)"),
    (X * np.nan, "input x must be finite, got nan"),
    (X * np.inf, "input x must be finite, got inf"),
    (X * 1j, "input x must be real numbers, got dtype complex128"),
    (X > 0, "input x must be real numbers, got dtype bool"),
]


@pytest.mark.parametrize(("x", "message"), BAD_RUNS)
def test_a_bad_input_is_refused(x, message):
    net = Net((3, 8, 8), (Conv("x", "y", W),))
    for door in (run, result):
        with pytest.raises(ValueError, match=re.escape(message)):
            door(net, x)


BAD_ABSENCES = [
    (Conv("x", "y", Absent((4, 3, 3, 3))), "Conv x -> y: weights must be pre"),
    (Conv("x", "y", W, Absent((4,))), "Conv x -> y: weights must be present"),
    (BatchNorm("x", "y", *[Absent((3,))] * 4), "BatchNorm x -> y: weights"),
]


@pytest.mark.parametrize(("op", "message"), BAD_ABSENCES)
def test_a_net_of_shapes_only_does_not_run(op, message):
    with pytest.raises(ValueError, match=message):
        run(Net((3, 8, 8), (op,)), X)


BAD_APPLICATIONS = [
    (Conv("x", "y", W), (X[:, :2],), "Conv x -> y: must read 3 x 1 channels"),
    (Add("a", "b", "y"), (X,), "Add a, b -> y: must read 2 tensors, got 1"),
    (Add("a", "b", "y"), (X, X[:, :1]), "two tensors of one shape"),
    (Add("a", "b", "y"), (X, X.repeat(2, 0)), "N must be the same, got (1, 3"),
    (Relu("x", "y"), (X * np.nan,), "Relu x -> y: input must be finite"),
]


@pytest.mark.parametrize(("op", "xs", "message"), BAD_APPLICATIONS)
def test_an_op_refuses_tensors_that_do_not_fit(op, xs, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        apply(op, *xs)
