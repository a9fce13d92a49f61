"""From a QNet to integers: folds, proofs, clamps, tables, and complaints."""

import json
import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import numpy as np
import pytest

from qlib.grid import INT8, INT8_NARROW, INT16, UINT8, Grid
from qlib.int8.conv import accumulate
from qlib.int8.program import lower, run
from qlib.int8.proof import accumulator_bounds, bias_codes, prove
from qlib.int8.step import Output, Step
from qlib.int8.tables import (
    clamp,
    mean_multiplier,
    sigmoid_table,
    softmax_tables,
)
from qlib.int8.winograd import F23, Tile
from qlib.multiplier import Requant, requant_from_real
from qlib.net.ops import Concat, Flatten, Relu, Sigmoid, Softmax
from qlib.net.pools import AveragePool, GlobalAveragePool, MaxPool
from qlib.net.qlayers import QAdd, QConv, QDense
from qlib.net.quantized import QNet
from qlib.qparams import QParams
from tests.core.int8.nets import NETS, codes, explicit

VECTORS = Path(__file__).parents[2] / "vectors"
LAYERS = json.loads((VECTORS / "layers.json").read_text("utf-8"))
RANGES = json.loads(
    (VECTORS / "overflow_winograd_misc.json").read_text("utf-8")
)
QP = QParams(1.0, 0, INT8)
LAST = 2**31 - 1
HALF = Requant(2**30, 0)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("name", ["conv", "grouped conv", "depthwise conv"])
def test_the_fold_is_exact_on_the_border_too(name, seed):
    """The step's accumulators are those of q - Z, padded with zeros."""
    rng = np.random.default_rng(seed)
    net = NETS[name](rng, pad=explicit, grid=(INT8, UINT8)[seed % 2])
    (op,), (step,) = net.ops, lower(net)
    x, qp = codes(rng, net), net.qparams["x"]
    where = op.stride, op.pad, op.dilation, op.groups
    b = bias_codes(op, qp)
    want = accumulate(x, qp.zero_point, op.w, b, 0, *where)
    np.testing.assert_array_equal(step.kernel(x, **step.ints), want)


def test_only_depthwise_layers_take_the_kernel_for_them():
    rng = np.random.default_rng(0)
    for name in ("conv", "grouped conv", "depthwise conv"):
        kernels = {lower(NETS[name](rng))[0].kernel.__name__ for _ in range(9)}
        assert kernels <= {"conv", "depthwise"}
        assert ("depthwise" in kernels) == (name == "depthwise conv")


@pytest.mark.parametrize("seed", range(60))
def test_the_bounds_are_attained_and_never_passed(seed):
    rng = np.random.default_rng(seed)
    grid, Z = [(INT8, 17), (UINT8, 131), (INT8_NARROW, 0)][seed % 3]
    w = rng.integers(-200, 200, (5, 2, 3, 3))
    b = rng.integers(-9999, 9999, 5)
    low, high = accumulator_bounds(w, b, grid, Z)
    for k in range(5):
        for bound, top, bottom in (
            (high, grid.qmax, grid.qmin),
            (low, grid.qmin, grid.qmax),
        ):
            x = np.where(w[k] > 0, top, bottom)[None]
            assert accumulate(x, Z, w, b)[0, k] == bound[k]
    x = rng.integers(grid.qmin, grid.qmax + 1, (99, 2, 9, 9))
    acc = accumulate(x, Z, w, b, pad=1).swapaxes(0, 1).reshape(5, -1)
    assert (acc.min(1) >= low).all()
    assert (acc.max(1) <= high).all()


def at_the_end(extra, side, filters=3):
    """A dense net whose filter 1 reaches int32's end, plus extra."""
    w = np.zeros((filters, 2), np.int8)
    w[1] = [100, -50]
    ends = 100 * 127 + 50 * 128, -100 * 128 - 50 * 127
    b = np.zeros(filters)
    b[1] = LAST - ends[0] + extra if side > 0 else -LAST - 1 - ends[1] - extra
    op = QDense("x", "y", w, QParams(1.0, 0, INT8_NARROW), b)
    out = QParams(2.0**25, 0, INT8)
    return QNet((2,), (op,), {"x": QP, "y": out})


@pytest.mark.parametrize("side", [1, -1])
def test_the_proof_accepts_the_bound_and_rejects_one_more(side):
    net = at_the_end(0, side)
    worst = np.int8([[127, -128]] if side > 0 else [[-128, 127]])
    (step,) = lower(net)
    acc = step.kernel(worst, **step.ints)
    assert acc[0, 1] == (LAST if side > 0 else -LAST - 1)
    assert run(net, (step,), worst)["y"][0, 1] == side * 64
    complaint = (
        "QDense x -> y: filter 1: accumulators must fit int32 after a left "
        "shift of 0, got "
    )
    with pytest.raises(ValueError, match=complaint) as error:
        lower(at_the_end(1, side))
    assert str(LAST + 1 if side > 0 else -LAST - 2) in str(error.value)


def test_the_proof_knows_the_left_shift_of_m():
    """M = 4 shifts left by 3: 2^28 - 1 is the last that fits."""
    rq = requant_from_real([[[0.5]], [[4.0]]])
    fits = np.array([LAST, 2**28 - 1])
    prove("y", -fits - 1, fits, rq)
    for ends in ([-LAST - 1, -(2**28) - 1], fits), (-fits, [LAST, 2**28]):
        with pytest.raises(ValueError, match="^y: filter 1: .* shift of 3"):
            prove("y", *map(np.array, ends), rq)
    with pytest.raises(ValueError, match=r"^y: filter 0: .* shift of 70"):
        prove("y", 0, 1, requant_from_real(2.0**69))


@pytest.mark.parametrize("case", RANGES["int32_accumulation"][:1])
def test_the_recorded_number_of_products_that_fit(case):
    n = case["n"]
    for length, fits in ((n, True), (n + 1, False)):
        w = np.full((1, length), 127, np.int8)
        high = accumulator_bounds(w, np.zeros(1, int), INT8_NARROW, 0)[1]
        assert (high[0] <= LAST) == fits


def test_the_bias_is_rounded_half_away_from_zero():
    b = np.array([0.625, -0.625, 0.6, LAST * 0.25, -(2.0**29)])
    w, qp = np.ones((5, 1), int), QParams(0.5, 0, INT8_NARROW)
    codes = bias_codes(QDense("x", "y", w, qp, b), QParams(0.5, 0, INT8))
    assert codes.tolist() == [3, -3, 2, LAST, -LAST - 1]
    assert codes.dtype == np.int32


@pytest.mark.parametrize("codes", [LAST + 1, -LAST - 2])
def test_a_bias_beyond_int32_is_named(codes):
    op = QDense(
        "x", "y", np.ones((3, 1), int), QP, np.array([0.0, 1.0, codes])
    )  # fmt: skip
    complaint = (
        f"^QDense x -> y: filter 2: the bias must fit int32 at the scale "
        f"Sx Sw, got {codes}$"
    )
    with pytest.raises(ValueError, match=complaint):
        bias_codes(op, QP)


@pytest.mark.parametrize("case", LAYERS["activation_clamps"])
def test_the_recorded_clamps(case):
    grid = UINT8 if "uint8" in case["name"] else INT8
    qp = QParams(case["scale"], case["zero_point"], grid)
    assert list(clamp("relu", qp)) == case["relu"]
    assert list(clamp("relu6", qp)) == case["relu6"]
    assert clamp("none", qp) == (grid.qmin, grid.qmax)


def test_the_mean_has_one_over_count_in_its_multiplier():
    for count in (1, 2, 3, 49, 64, 65, 1000):
        for M in (0.001, 0.7, 1.0, 2.5):
            got = mean_multiplier(M, count).real
            np.testing.assert_allclose(got, M / count, rtol=2**-29)


def test_a_mean_of_many_with_a_tiny_m_keeps_its_shift():
    """s is cut to 31 - n, as reduce.h does: n + s stays 31 at most."""
    rq = mean_multiplier(2.0**-30, 1000)
    assert (rq.m0, rq.shift) == (2**30 * 4 // 1000, 31)


@pytest.mark.parametrize("Z", [-128, 0, 77])
def test_the_sigmoid_table_is_the_nearest_code(Z):
    x, y = QParams(0.07, Z, INT8), QParams(1 / 256, -128, INT8)
    r = 256 / (1 + np.exp(-x.scale * (np.arange(-128, 128) - Z))) - 128
    table = sigmoid_table(x, y)
    assert table.dtype == np.int8
    assert (np.abs(table - r.clip(-128, 127)) < 0.5 + 1e-4).all()


NEAR_TIES = [  # S, a code, its sigmoid in LiteRT 2.3.0; float64 gives another
    (0.0031368357595056295, 103, 21),
    (0.034395065158605576, 8, 18),
    (0.0032173835206776857, -56, -11),
    (0.0063298726454377174, -126, -49),  # numpy's exp of float32 gives -48
]


@pytest.mark.parametrize(("S", "q", "code"), NEAR_TIES)
def test_next_to_a_tie_the_table_of_sigmoid_is_that_of_litert(S, q, code):
    x, y = QParams(S, 0, INT8), QParams(1 / 256, -128, INT8)
    assert sigmoid_table(x, y)[q + 128] == code


def test_a_sigmoid_of_a_coarse_scale_warns_of_nothing():
    x, y = QParams(9.0, 0, INT8), QParams(1 / 256, -128, INT8)
    assert sigmoid_table(x, y)[[0, 127, 128, 129]].tolist() == [
        -128, -128, 0, 127
    ]  # fmt: skip


def test_six_is_divided_by_the_scale_in_float32():
    """6 / S is 3.5 there, and a little less in float64."""
    qp = QParams(1.7142857313156128, 0, INT8)
    assert clamp("relu6", qp) == (0, 4)


@pytest.mark.parametrize("Sy", [1 / 256, 1 / 255, 0.011])
def test_softmax_is_within_half_a_code_of_the_reals(Sy):
    rng = np.random.default_rng(0)
    x, y = QParams(0.09, 3, INT8), QParams(Sy, -128, INT8)
    net = QNet((10,), (Softmax("x", "y"),), {"x": x, "y": y})
    q = rng.integers(-128, 128, (500, 10)).astype(np.int8)
    e = np.exp(x.scale * (q.astype(float) - 3))
    r = e / e.sum(1, keepdims=True) / y.scale - 128
    got = run(net, lower(net), q)["y"]
    assert (np.abs(got - r.clip(-128, 127)) < 0.5 + 1e-4).all()


def test_softmax_of_equal_codes_is_exact_for_a_thousand_classes():
    net = QNet(
        (1000,), (Softmax("x", "y"),), {"x": QP, "y": QParams(0.0005, 0, INT8)}
    )
    q = np.full((1, 1000), -128, np.int8)
    assert (run(net, lower(net), q)["y"] == 2).all()


def test_the_tables_of_softmax_have_two_factors():
    x, y = QParams(0.5, 0, INT8), QParams(2**-29, 0, INT8)
    exps, shares = softmax_tables(x, y)
    assert exps.shape == shares.shape == (256,)
    assert exps[0] == 2**30
    assert shares[0] == 2**59
    assert exps[2] == round(2**30 * np.exp(-1))
    with pytest.raises(ValueError, match="from 2.-29 on, got"):
        softmax_tables(x, QParams(2**-30, 0, INT8))
    net = QNet((1,), (Softmax("x", "y"),), {"x": x, "y": y})
    assert run(net, lower(net), np.int8([[5]]))["y"].item() == 127


def image_net(*ops, shape=(2, 4, 4), **qparams):
    names = ["x", *(op.y for op in ops)]
    return QNet(shape, ops, dict.fromkeys(names, QP) | qparams)


OTHER = QParams(0.5, 0, INT8)
SHIFTED = QParams(1.0, 1, INT8)
NARROW = QParams(1.0, 0, INT8_NARROW)
WIDE = QParams(1.0, 0, INT16)
HUGE = QParams(1e-9, 0, INT8)
ONE = np.ones((1, 2, 1, 1), np.int8)
POOL = MaxPool("x", "y", (2, 2), (1, 1))
MEAN = AveragePool("x", "y", (2, 2), (1, 1))
RELU, JOIN = Relu("x", "h"), Concat(("h", "x"), "y")
BIG = QConv("x", "y", ONE, QP, np.array([2.0**31]))
NEAR = QConv("x", "y", ONE, QP, np.array([2.0**31 - 9]))
KEEP = "'y' must have the scale, zero point and grid of 'x', got"
FULL = "filter 0: accumulators must fit int32"
REFUSED = [  # ops, qparams, complaint
    ([POOL], {"y": OTHER}, f"MaxPool x -> y: {KEEP}"),
    ([POOL], {"y": SHIFTED}, KEEP),
    ([MEAN], {"y": NARROW}, f"AveragePool x -> y: {KEEP}"),
    ([Flatten("x", "y")], {"y": OTHER}, f"Flatten x -> y: {KEEP}"),
    ([Relu("x", "y")], {"y": WIDE}, "'y' must have at most 256 codes"),
    ([POOL], {"x": QParams(1.0, 1, Grid(1, 99))}, "'x' must have at most"),
    ([POOL], {"x": QParams(1.0, -9, Grid(-9, -1))}, "0 among them, got"),
    ([Relu("x", "y")], {"y": HUGE}, f"Relu x -> y: {FULL}"),
    (
        [GlobalAveragePool("x", "y")],
        {"y": HUGE},
        f"GlobalAveragePool x -> y: {FULL}",
    ),
    ([RELU, QAdd("x", "h", "y")], {"y": HUGE}, f"QAdd x, h -> y: {FULL}"),
    ([RELU, JOIN], {"y": HUGE}, f"Concat h, x -> y: {FULL}"),
    ([BIG], {}, "QConv x -> y: filter 0: the bias must fit int32"),
    ([NEAR], {"y": QParams(1e9, 0, INT8)}, f"QConv x -> y: {FULL}"),
]


@pytest.mark.parametrize(("ops", "qparams", "complaint"), REFUSED)
def test_lower_names_the_op_and_the_tensor(ops, qparams, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        lower(image_net(*ops, **qparams))


NINE = QParams(1.0, 0, Grid(-128, 128))


def test_grids_end_at_256_codes_and_may_end_at_zero():
    with pytest.raises(ValueError, match="'x' must have at most 256 codes"):
        lower(image_net(POOL, x=NINE, y=NINE))
    last = QParams(1.0, 0, Grid(-99, 0))
    assert len(lower(image_net(POOL, x=last, y=last))) == 1


ENDS = [  # Z of what is read, what the accumulators are
    (127, "-255 to 0"),
    (-128, "0 to 255"),
]


@pytest.mark.parametrize(("Z", "ends"), ENDS)
@pytest.mark.parametrize("op", [Relu("x", "y"), Concat(("x",), "y")])
def test_each_end_of_a_difference_is_proven(op, Z, ends):
    """M = 2^23: 255 << 24 is too much, -128 << 24 is not."""
    x, y = QParams(1.0, Z, INT8), QParams(2.0**-23, 0, INT8)
    with pytest.raises(ValueError, match=f"shift of 24, got {ends}$"):
        lower(image_net(op, x=x, y=y))
    assert lower(image_net(op, y=y))


@pytest.mark.parametrize(("Z", "ends"), ENDS)
def test_each_end_of_a_sum_is_proven(Z, ends):
    """The room of 20 bits, and M = 8 that shifts left by 4."""
    x, y = QParams(1.0, Z, INT8), QParams(2.0**-22, 0, INT8)
    ops = MaxPool("x", "h", (1, 1), (1, 1)), QAdd("x", "h", "y")
    low, high = (int(n) << 20 for n in ends.split(" to "))
    with pytest.raises(ValueError, match=f"of 4, got {low} to {high}$"):
        lower(image_net(*ops, x=x, h=x, y=y))
    assert lower(image_net(*ops, y=y))


SUMS = [  # grid, the largest kernel that fits, one that does not
    (INT8, (4096, 4096), (4096, 4097)),
    (UINT8, (2048, 4112), (2049, 4112)),
]


@pytest.mark.parametrize(("grid", "fits", "over"), SUMS)
def test_each_end_of_an_average_is_proven(grid, fits, over):
    qp = QParams(1.0, 0, grid)
    for kernel, right in ((fits, True), (over, False)):
        op = AveragePool("x", "y", kernel, (1, 1))
        net = QNet((1, 4200, 4200), (op,), {"x": qp, "y": qp})
        if right:
            assert len(lower(net)) == 1
        else:
            with pytest.raises(ValueError, match="^AveragePool x -> y: fil"):
                lower(net)


def test_the_multiplier_of_relu_is_a_quotient_of_float32():
    x, y = QParams(0.1, 0, INT8), QParams(0.3, 0, INT8)
    (step,) = lower(image_net(Relu("x", "y"), x=x, y=y))
    quotient = float(np.float32(0.1) / np.float32(0.3))
    assert step.out.rq.real == quotient != x.scale / y.scale


@pytest.mark.parametrize("seed", range(5))
def test_a_mean_is_the_mean_of_the_reals(seed):
    rng = np.random.default_rng(seed)
    x, y = QParams(0.05, 13, INT8), QParams(0.03, -7, INT8)
    op = GlobalAveragePool("x", "y")
    net = QNet((9, 5, 7), (op,), {"x": x, "y": y})
    q = rng.integers(-128, 128, (2, 9, 5, 7)).astype(np.int8)
    r = (q - 13.0).mean((2, 3), keepdims=True) * x.scale / y.scale - 7
    far = np.abs(run(net, lower(net), q)["y"] - r)
    assert far.max() < 0.5 + 2**-5  # the first of two roundings, 4 bits left


@pytest.mark.parametrize("counted", [False, True])
def test_padding_counts_as_the_code_of_zero_or_not_at_all(counted):
    """Codes 9 9 9 9 with Z = 1: the corner is 9, or (9 + 3 x 1) / 4."""
    qp, pad = QParams(1.0, 1, INT8), ((1, 0), (1, 0))
    op = AveragePool("x", "y", (2, 2), (1, 1), pad, counted)
    net = QNet((1, 2, 2), (op,), {"x": qp, "y": qp})
    y = run(net, lower(net), np.full((1, 1, 2, 2), 9, np.int8))["y"]
    corner, edge = (3, 5) if counted else (9, 9)
    assert y[0, 0].tolist() == [[corner, edge], [edge, 9]]


MISFITS = [  # what a QNet refuses while it is made
    (
        [QConv("x", "y", np.ones((1, 3, 1, 1), int), QP)],
        "QConv x -> y: must read 3 x 1 channels",
    ),
    (
        [QConv("x", "y", np.ones((1, 2, 5, 5), int), QP)],
        "QConv x -> y: the kernel must fit the padded input, 4 x 4, got 5 x 5",
    ),
    ([MaxPool("x", "y", (5, 5), (1, 1))], "MaxPool x -> y: the kernel must"),
    (
        [QDense("x", "y", np.ones((1, 9), int), QP)],
        "QDense x -> y: must read 9 features",
    ),
    ([Relu("h", "y")], "Relu h -> y: every input must be one of ['x']"),
    (
        [Flatten("x", "h"), QAdd("x", "h", "y")],
        "QAdd x, h -> y: must read two tensors of one shape",
    ),
]


@pytest.mark.parametrize(("ops", "complaint"), MISFITS)
def test_what_does_not_fit_names_the_op(ops, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        image_net(*ops)


def test_a_missing_range_names_the_op_and_the_tensor():
    op = Relu("x", "y")
    with pytest.raises(
        ValueError, match="^Relu x -> y: 'y' must have qparams"
    ):
        QNet((2, 4, 4), (op,), {"x": QP})
    with pytest.raises(ValueError, match="^input x: 'x' must have qparams"):
        QNet((2, 4, 4), (op,), {"y": QP})


IMAGE = np.zeros((1, 2, 4, 4), np.int8)
BAD_INPUT = [
    (IMAGE[0], "input x must have shape (N, 2, 4, 4), N > 0, got (2, 4, 4)"),
    (IMAGE[:0], "N > 0, got (0, 2, 4, 4)"),
    (IMAGE * 1.0, "input x must be integers, got dtype float64"),
    (
        IMAGE.astype(int) + 128,
        "input x must be in [-128, 127], got 128 to 128",
    ),
    (IMAGE.astype(int) - 129, "[-128, 127], got -129 to -129"),
    (np.arange(-129, -97).reshape(1, 2, 4, 4), "got -129 to -98"),
    (np.arange(97, 129).reshape(1, 2, 4, 4), "got 97 to 128"),
]


@pytest.mark.parametrize(("q", "complaint"), BAD_INPUT)
def test_run_refuses_what_is_no_input(q, complaint):
    net = image_net(Relu("x", "y"))
    with pytest.raises(ValueError, match=re.escape(complaint)):
        run(net, lower(net), q)


@pytest.mark.parametrize("qmin", [-128, 127])
def test_run_takes_the_ends_of_the_grid_in_any_dtype(qmin):
    net = image_net(Relu("x", "y"))
    y = run(net, lower(net), np.full((1, 2, 4, 4), qmin))
    assert [*y] == ["x", "y"]
    assert y["x"].dtype == np.int8
    assert (y["y"] == max(qmin, 0)).all()


def test_concat_copies_what_has_its_grid_and_requantizes_the_rest():
    net = image_net(
        Relu("x", "a"), Relu("x", "b"), Concat(("a", "b", "x"), "y"),
        a=OTHER, b=SHIFTED,
    )  # fmt: skip
    *_, first, second, last = lower(net)
    assert (first.y, second.y) == ("a -> y", "b -> y")
    assert last.xs == ("a -> y", "b -> y", "x")
    q = np.full((1, 2, 4, 4), 100, np.int8)
    y = run(net, lower(net), q)
    assert y["y"][0, :, 0, 0].tolist() == [64, 64, 100, 100, 100, 100]


def test_what_a_program_holds_is_locked():
    (step,) = lower(at_the_end(0, 1))
    with pytest.raises(TypeError):
        step.ints["w"] = None
    for name in ("w", "b"):
        with pytest.raises(ValueError, match="read-only"):
            step.ints[name][...] = 0


@pytest.mark.parametrize(
    "made",
    [
        lambda: Step(np.negative, ("x",), "y", {}),
        lambda: Output(HALF, 0, 0, 9, np.dtype(np.int8)),
        lambda: Tile(F23.B, F23.G, F23.A, 4),
    ],
)
def test_data_is_frozen_and_equal_to_itself_only(made):
    one, other = made(), made()
    assert one == one
    assert one != other
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(one)[0].name, None)


def test_weights_with_a_zero_point_are_centred_offline():
    w_qp = QParams(np.array([0.5, 0.25]), np.array([0, 200]), UINT8, 0)
    op = QConv("x", "y", np.uint8([[[[3]]], [[[5]]]]), w_qp)
    (step,) = lower(image_net(op, shape=(1, 4, 4)))
    assert step.ints["w"].ravel().tolist() == [3, -195]
    assert step.ints["w"].dtype == step.ints["b"].dtype == np.int32
    np.testing.assert_allclose(step.out.rq.real.ravel(), [0.5, 0.25])


def test_a_sum_has_the_room_of_twice_the_larger_scale():
    """Sa = 1, Sb = 1/2, Sy = 1: 100 + 50 / 2, and the clamp of ReLU6."""
    ops = Relu("x", "b"), QAdd("x", "b", "y", "relu6")
    net = image_net(*ops, shape=(1,), b=OTHER, y=QParams(0.25, 0, INT8))
    q = np.int8([[-3], [1], [2], [3], [100]])
    y = run(net, lower(net), q)
    assert y["b"].ravel().tolist() == [0, 2, 4, 6, 127]
    assert y["y"].ravel().tolist() == [0, 8, 16, 24, 24]


def test_a_sigmoid_of_many_grids_reads_its_own_table():
    x, y = QParams(0.1, 100, UINT8), QParams(1 / 256, 0, UINT8)
    net = QNet((3,), (Sigmoid("x", "y"),), {"x": x, "y": y})
    q = np.uint8([[0, 100, 255]])
    assert run(net, lower(net), q)["y"].tolist() == [[0, 128, 255]]
