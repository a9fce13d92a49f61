"""Ops and nets as data: what they hold, what they refuse, in which words."""

import dataclasses
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
    inputs,
    label,
    shapes,
)
from qlib.net.shape import after
from qlib.net.window import extent, outputs, windows

W = np.ones((4, 3, 3, 3))
ONE = np.ones(3)
SPOILED = np.where(np.arange(108).reshape(W.shape) == 7, np.nan, 1.0)
ENDLESS = np.where(np.arange(108).reshape(W.shape) == 7, np.inf, 1.0)
IMAGE = (3, 8, 8)

BAD_OPS = [
    (
        lambda: Conv("x", "y", SPOILED),
        "Conv x -> y: w must be finite, got nan",
    ),
    (
        lambda: Conv("x", "y", ENDLESS),
        "Conv x -> y: w must be finite, got inf",
    ),
    (lambda: Conv("x", "y", W * 1j), "w must be real numbers, got dtype comp"),
    (lambda: Conv("x", "y", W > 0), "w must be real numbers, got dtype bool"),
    (lambda: Conv("x", "y", ONE), "w must have shape (K, C / groups, kh, kw)"),
    (lambda: Conv("x", "y", W[:0]), "got (0, 3, 3, 3)"),
    (
        lambda: Conv("x", "y", W, ONE),
        "Conv x -> y: b must have shape (K), K = 4, got (3,)",
    ),
    (lambda: Conv("x", "y", W, groups=3), "groups must divide 4 filters, got"),
    (lambda: Conv("x", "y", W, groups=0), "groups must be at least 1, got 0"),
    (lambda: Conv("x", "y", W, groups=1.0), "groups must be an integer"),
    (lambda: Conv("x", "y", W, stride=2), "stride must be a pair"),
    (lambda: Conv("x", "y", W, stride=(0, 1)), "stride must be at least 1"),
    (lambda: Conv("x", "y", W, dilation=(1, 0)), "dilation must be at least"),
    (lambda: Conv("x", "y", W, pad=1), "pad must be ((top, bottom), (left,"),
    (lambda: Conv("x", "y", W, pad=(1, 1)), "pad must be a pair"),
    (lambda: Conv("x", "y", W, pad=around(-1)), "pad must be at least 0"),
    (lambda: Conv("x", "x", W), "Conv x -> x: an op must make a new tensor"),
    (lambda: Relu("", "y"), "tensors need names"),
    (lambda: Relu("x", 3), "tensors need names"),
    (lambda: Concat((), "y"), "tensors need names"),
    (lambda: Add("a", "y", "y"), "Add a, y -> y: an op must make a new"),
    (lambda: Dense("x", "y", W), "Dense x -> y: w must have shape (K, C)"),
    (
        lambda: Dense("x", "y", np.ones((2, 3)), ONE),
        "b must have shape (K), K = 2, got (3,)",
    ),
    (
        lambda: BatchNorm("x", "y", ONE, ONE, ONE, -ONE),
        "BatchNorm x -> y: var must not be negative, got -1.0",
    ),
    (
        lambda: BatchNorm("x", "y", ONE, ONE[:2], ONE, ONE),
        "BatchNorm x -> y: beta must have shape (C), C = 3, got (2,)",
    ),
    (
        lambda: BatchNorm("x", "y", ONE, ONE, ONE, ONE, eps=0.0),
        "eps must be positive, got 0.0",
    ),
    (
        lambda: MaxPool("x", "y", (2, 2), (2, 2), ((0, 2), (0, 0))),
        "MaxPool x -> y: pad must be smaller than the kernel (2, 2)",
    ),
    (
        lambda: AveragePool("x", "y", (4, 2), (2, 2), ((3, 3), (2, 0))),
        "AveragePool x -> y: pad must be smaller than the kernel (4, 2)",
    ),
    (
        lambda: AveragePool("x", "y", (2, 0), (2, 2)),
        "AveragePool x -> y: kernel must be at least 1, got 0",
    ),
    (lambda: Absent((3, 0)), "Absent: shape must be at least 1, got 0"),
    (lambda: Absent((3, 1.5)), "shape must be an integer"),
]
BAD_NETS = [
    (IMAGE, [Conv("x", "y", W[:, :2])], "Conv x -> y: must read 2 x 1 chan"),
    (IMAGE, [Conv("x", "y", W, dilation=(4, 1))], "Conv x -> y: the kernel"),
    (IMAGE, [MaxPool("x", "y", (9, 1), (1, 1))], "padded input, 8 x 8, got 9"),
    (IMAGE, [Dense("x", "y", np.ones((2, 3)))], "Dense x -> y: must read 3 f"),
    ((9,), [Conv("x", "y", W)], "Conv x -> y: must read an image (C, H, W)"),
    ((9,), [GlobalAveragePool("x", "y")], "GlobalAveragePool x -> y: must re"),
    ((4,), [BatchNorm("x", "y", ONE, ONE, ONE, ONE)], "must read 3 channels"),
    (
        IMAGE,
        [MaxPool("x", "h", (2, 2), (2, 2)), Add("x", "h", "y")],
        "Add x, h -> y: must read two tensors of one shape, got (3, 8, 8) and",
    ),
    (
        IMAGE,
        [MaxPool("x", "h", (2, 2), (2, 2)), Concat(("x", "h"), "y")],
        "Concat x, h -> y: must read images of one size",
    ),
    (IMAGE, [Relu("h", "y")], "Relu h -> y: every input must be one of ['x']"),
    (IMAGE, [Relu("y", "z"), Relu("x", "y")], "got 'y'"),
    (IMAGE, [Relu("x", "y"), Relu6("x", "y")], "names must be new, got 'y'"),
    (IMAGE, [Relu("x", "h"), Relu("h", "x")], "names must be new, got 'x'"),
    (IMAGE, [], "Net: ops must be operations, got ()"),
    (3, [Relu("x", "y")], "Net: shape must be a tuple, got 3"),
    (IMAGE, ["relu"], "Net: ops must be operations"),
    ((3, 8), [Relu("x", "y")], "Net: shape must be (C, H, W) or (C,), got"),
    ((3, 0, 8), [Relu("x", "y")], "Net: shape must be at least 1, got 0"),
]


@pytest.mark.parametrize(("make", "message"), BAD_OPS)
def test_a_bad_op_is_refused_and_named(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(("shape", "ops", "message"), BAD_NETS)
def test_a_bad_net_is_refused_and_op_and_tensor_are_named(shape, ops, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Net(shape, ops)


def test_an_unknown_output_is_refused():
    with pytest.raises(ValueError, match=r"\['x', 'y'\], got 'z'"):
        Net(IMAGE, (Relu("x", "y"),), output="z")


def test_arrays_are_copied_locked_and_keep_their_float_dtype():
    w = W.astype(np.float32)
    op = Conv("x", "y", w, b=[1, 2, 3, 4])
    w[:] = 0
    assert op.w.dtype == np.float32
    assert op.b.dtype == np.float64
    np.testing.assert_array_equal(op.w, W)
    with pytest.raises(ValueError, match="read-only"):
        op.w[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        op.stride = (2, 2)


def test_ops_that_hold_arrays_are_equal_only_to_themselves():
    op = Dense("x", "y", np.ones((2, 3)))
    assert op == op
    assert op != Dense("x", "y", np.ones((2, 3)))
    assert Relu("x", "y") == Relu("x", "y")


def test_a_net_takes_its_ops_one_by_one():
    net = Net(IMAGE, (Relu(*names) for names in ("xh", "hy")))
    assert net.ops == (Relu("x", "h"), Relu("h", "y"))


def test_every_op_says_what_it_reads():
    assert inputs(Concat(["a", "b"], "y")) == ("a", "b")
    assert inputs(Add("a", "b", "y")) == ("a", "b")
    assert inputs(Sigmoid("a", "y")) == ("a",)
    assert label(Concat(("a", "b"), "y")) == "Concat a, b -> y"


def test_shapes_follow_the_ops():
    net = Net(
        (3, 9, 8),
        [
            Conv("x", "c", Absent((6, 1, 3, 3)), pad=around(1), groups=3),
            BatchNorm("c", "n", *[Absent((6,))] * 4),
            Relu6("n", "r"),
            Concat(("c", "r"), "cc"),
            MaxPool("cc", "m", (3, 3), (2, 2), ((0, 1), (0, 1))),
            AveragePool("m", "a", (2, 2), (1, 2)),
            Add("a", "a", "s"),
            GlobalAveragePool("s", "g"),
            Flatten("g", "f"),
            Dense("f", "d", Absent((10, 12)), Absent((10,))),
            Softmax("d", "p"),
        ],
    )
    assert net.output == "p"
    assert shapes(net) == {
        "x": (3, 9, 8),
        "c": (6, 9, 8),
        "n": (6, 9, 8),
        "r": (6, 9, 8),
        "cc": (12, 9, 8),
        "m": (12, 4, 4),
        "a": (12, 3, 2),
        "s": (12, 3, 2),
        "g": (12, 1, 1),
        "f": (12,),
        "d": (10,),
        "p": (10,),
    }


def test_outputs_counts_the_windows_that_lie_on_the_input():
    """Against trying every position, with the window's last tap inside."""
    for size, k, s, d, top, bottom in np.ndindex(9, 4, 4, 3, 3, 3):
        rows, reach = size + top + bottom, d * k + 1
        starts = range(0, rows - reach + 1, s + 1)
        pad = ((top, bottom), (0, 0))
        case = ((size, 1), (k + 1, 1), (s + 1, 1), pad, (d, 1))
        if d == 0 or not starts:
            continue
        assert outputs(*case) == (len(starts), 1)
        assert extent((k + 1, 1), (d, 1)) == (reach, 1)


def test_windows_are_a_view():
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    view = windows(x, (2, 2), (2, 1), (2, 1))
    assert np.shares_memory(x, view)
    np.testing.assert_array_equal(view[0, 0, 1, 2], [[12, 13], [22, 23]])


def test_a_kernel_as_large_as_the_padded_input_fits_and_no_larger():
    op = Conv("x", "y", np.ones((1, 3, 5, 5)), pad=around(1))
    assert after(op, (3, 3, 3)) == (1, 1, 1)
    with pytest.raises(ValueError, match=r"input, 4 x 5, got 5 x 5"):
        after(op, (3, 2, 3))
