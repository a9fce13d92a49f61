"""Half axes and the criteria other than KL: against the data themselves."""

import json
import re
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from qlib.affine import affine_qparams
from qlib.calibrate.half_axis import (
    both,
    cut,
    fit,
    half_levels,
    negative,
    positive,
    qparams,
)
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import kl
from qlib.calibrate.minmax import minmax
from qlib.calibrate.moving_average import (
    from_first_batch,
    moving_average,
    tfmot,
)
from qlib.calibrate.mse import SHARES, mse, mse_at, mse_curve
from qlib.calibrate.percentile import percentile
from qlib.calibrate.without_data import ncnn_without_data
from qlib.grid import INT4, INT8, INT8_NARROW, UINT8, Grid

VECTORS = Path(__file__).parents[1] / "vectors"
TABLE = json.loads((VECTORS / "kl_calibration.json").read_text())
ROWS = TABLE["distributions"]
NAMES = [row["name"] for row in ROWS]
CRITERIA = [minmax, percentile, mse, kl]


def h_of(row):
    return Histogram(row["hist2048"], 0.0, row["absmax"])


@pytest.mark.parametrize("criterion", CRITERIA)
def test_turning_the_data_over_turns_the_range_over(criterion):
    r = np.random.default_rng(1).normal(1, 2, 4096)
    h = Histogram.of(r)
    turned = Histogram(h.counts[::-1], -h.rmax, -h.rmin)
    rmin, rmax = criterion(h, INT8_NARROW)
    assert criterion(turned, INT8_NARROW) == pytest.approx(
        (rmin, rmax), rel=2e-3
    )


@pytest.mark.parametrize("bins", [64, 513, 2048])
@pytest.mark.parametrize("shift", [-9.0, -1.3, 0.0, 0.4, 30.0])
def test_half_axes_count_magnitudes_to_half_a_bin(shift, bins):
    r = np.random.default_rng(2).normal(size=5000) + shift
    h = Histogram.of(r, bins)
    sides = [(both, abs(r)), (positive, r[r > 0]), (negative, -r[r < 0])]
    for half, want in sides:
        if want.size == 0:
            with pytest.raises(ValueError, match="half axis must hold"):
                half(h)
            continue
        a = half(h)
        assert a.rmin == 0
        assert len(a.counts) <= bins
        edges = np.arange(1, len(a.counts)) * a.width
        below = np.cumsum(a.counts)[:-1]
        slack = h.width * 0.5000001
        near0 = np.count_nonzero(abs(r) <= slack)  # may change sides
        low = np.searchsorted(np.sort(want), edges - slack) - near0
        high = np.searchsorted(np.sort(want), edges + slack) + near0
        assert (low <= below).all()
        assert (below <= high).all()
        if half is both:
            assert a.counts.sum() == r.size


def test_a_half_axis_that_starts_at_zero_is_the_histogram_itself():
    h = Histogram([3, 2, 1], 0.0, 0.3)
    assert both(h) is h
    assert positive(h) is h


def test_a_threshold_never_widens_the_range():
    assert cut(-1.0, 3.0, 9.0, UINT8) == (-1.0, 3.0)
    assert cut(-1.0, 3.0, 0.5, UINT8) == (-0.5, 0.5)
    assert cut(-1.0, 3.0, 2.0, INT8_NARROW) == (-2.0, 2.0)


LEVELS = [
    ((-1.0, 3.0), UINT8, 192),  # 3/4 of the codes are for r > 0
    ((-3.0, 1.0), UINT8, 192),
    ((-3.0, 3.0), UINT8, 128),
    ((-3.0, 3.0), INT8_NARROW, 128),
    ((-3.0, 1.0), INT8_NARROW, 128),
    ((1.0, 3.0), INT8_NARROW, 128),
    ((1.0, 3.0), UINT8, 256),
    ((-3.0, -1.0), INT8, 256),
    ((-1.0, 6.0), Grid(0, 8), 8),  # 7.71: the code that straddles counts
    ((0.0, 0.0), UINT8, 256),
]


@pytest.mark.parametrize(("over", "grid", "levels"), LEVELS)
def test_the_longer_half_axis_has_its_share_of_the_codes(over, grid, levels):
    assert half_levels(Histogram([5, 5], *over), grid) == levels


def test_bins_far_from_zero_are_put_together_to_be_as_many_as_before():
    assert both(Histogram([1, 2, 3, 4], 2.0, 4.0)).counts.tolist() == [
        0, 0, 3, 7,
    ]  # fmt: skip
    far = both(Histogram([1, 2, 3, 4], 2.5, 4.5))
    assert far.counts.tolist() == [0, 1, 9]
    assert (far.rmax, far.width) == (4.5, 1.5)
    many = 1 << 40
    assert both(Histogram([many, 1], -1.0, 1.0)).counts.tolist() == [many + 1]


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_percentiles_are_those_of_the_data_to_a_bin(row):
    h = h_of(row)
    for p in (99.9, 99.99):
        want = row[f"percentile_{p}"]
        for rmin, rmax in [percentile(h, INT8_NARROW, p)]:
            assert rmin == -rmax
            assert rmax == pytest.approx(want, abs=h.width)
    assert percentile(h, UINT8, 100) == pytest.approx((0, h.rmax), rel=1e-12)


def test_a_percentile_lies_where_a_line_within_its_bin_says():
    h = Histogram([2, 0, 6, 2], 0.0, 4.0)
    assert percentile(h, UINT8, 50) == (0.0, 2.5)
    assert percentile(h, UINT8, 10) == (0.0, 0.5)
    assert percentile(h, UINT8, 0.5) == pytest.approx((0.0, 0.025))
    assert percentile(h, UINT8) == percentile(h, UINT8, 99.99)
    two = Histogram([1, 2, 0, 1], -2.0, 2.0)
    assert percentile(two, UINT8, 75) == (-1.5, 1.5)
    assert percentile(two, UINT8, 50, half=positive)[1] == pytest.approx(1.5)


@pytest.mark.parametrize("p", [99.9, 99.99, 99, 95, 90, 50, 12.5, 0.17, 0.07])
def test_a_percentile_stops_before_a_gap(p):
    """A whole number of values is kept: T is the edge of the last one's bin,
    and within a bin of what numpy takes of the data."""
    for n in (10_000, 40_000, 250_000):
        kept = round(p * n / 100)
        assert kept == pytest.approx(p * n / 100, rel=1e-12)
        r = np.append(np.full(kept, 0.5), np.full(n - kept, 2047.5))
        h = Histogram.of(r, over=(0, 2048))
        _, T = percentile(h, INT8_NARROW, p)
        assert T == 1
        assert T - np.quantile(r, p / 100, method="inverted_cdf") <= h.width


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_mean_squared_errors_are_those_of_the_data(row):
    """Recorded on 200,000 values; zeros stand at half a bin here."""
    h, want = h_of(row), row["mse_at"]
    T = {
        "minmax": row["absmax"],
        "migacz": row["migacz_exact"]["threshold"],
        "ncnn": row["ncnn_ncnn2table"]["threshold"],
    }
    for name, t in T.items():
        got = mse_at(h, -t, t, INT8_NARROW)
        assert got == pytest.approx(want[name], rel=0.02), name
    best = row["mse_optimal_grid491"]
    rmin, rmax = mse(h, INT8_NARROW)
    assert rmin == -rmax
    assert mse_at(h, rmin, rmax, INT8_NARROW) < best["mse"] * 1.02
    assert rmax == pytest.approx(best["threshold"], rel=0.01)


def test_the_error_of_a_histogram_is_that_of_the_data():
    r = np.random.default_rng(3).laplace(size=20_000).clip(-1.3, None)
    h = Histogram.of(r, 20_000)
    for grid in (INT4, INT8_NARROW, UINT8):
        for T in (2.0, 5.0):
            rmin, rmax = cut(h.rmin, h.rmax, T, grid)
            S = (rmax - rmin) / (grid.qmax - grid.qmin)
            Z = 0 if grid is INT8_NARROW else round(grid.qmin - rmin / S)
            q = np.clip(np.rint(r / S) + Z, grid.qmin, grid.qmax)
            want = np.mean((r - S * (q - Z)) ** 2)
            assert mse_at(h, rmin, rmax, grid) == pytest.approx(want, rel=1e-2)


def test_a_symmetric_grid_takes_the_longer_half_axis():
    for low, high in [(-3.0, 1.0), (-1.0, 3.0)]:
        assert qparams(low, high, Grid(-3, 3)).scale == max(-low, high) / 3
    qp = qparams(-1.0, 3.0, Grid(0, 4))
    assert (qp.scale, qp.zero_point) == (1.0, 1)


def test_256_thresholds_are_tried_up_to_the_largest_magnitude():
    h = Histogram.of(np.random.default_rng(7).normal(size=999))
    assert mse_curve(h, INT4).shape == (256,)
    full = mse_at(h, *minmax(h, Grid(-7, 7)), Grid(-7, 7))
    assert mse_curve(h, Grid(-7, 7))[-1] == full
    assert SHARES[:2].tolist() == [1 / 256, 2 / 256]
    assert type(full) is float


@pytest.mark.parametrize("grid", [INT4, INT8_NARROW, UINT8])
def test_many_thresholds_at_once_are_each_by_itself(grid):
    h = Histogram.of(np.random.default_rng(8).laplace(size=9999) + 0.3, 500)
    T = SHARES * h.absmax
    want = [mse_at(h, *cut(h.rmin, h.rmax, t, grid), grid) for t in T]
    assert mse_curve(h, grid).tolist() == want


def test_the_best_threshold_is_the_first_smallest():
    h = Histogram.of(np.random.default_rng(4).laplace(size=9999))
    shares = np.array([0.1, 0.3, 0.5, 0.5, 1.0])
    E = mse_curve(h, INT4, shares)
    assert h.absmax == max(-h.rmin, h.rmax)

    def clipped(share):
        return cut(h.rmin, h.rmax, share * h.absmax, INT4)

    want = [mse_at(h, *clipped(share), INT4) for share in shares]
    assert E.tolist() == want
    assert mse(h, INT4, shares) == clipped(shares[E.argmin()])


def test_a_moving_average_is_its_closed_form():
    batches = np.random.default_rng(5).normal(size=(40, 2))
    batches.sort(axis=1)
    weights = 0.1 * 0.9 ** np.arange(39, -1, -1)
    want = weights @ batches + 0.9**40 * np.array([-2.0, 5.0])
    got = moving_average((-2.0, 5.0), batches, 0.1)
    assert got == pytest.approx(tuple(want), rel=1e-12)
    assert {type(x) for x in got} == {float}


def test_after_64_batches_tfmot_still_remembers_plus_and_minus_six():
    """Recorded from Keras: a ReLU's range about [-5.6, 5.6], Z = -1."""
    rmin, rmax = tfmot([(0.5, 3.0)] * 64, INT8)
    assert rmin == pytest.approx(-6 * 0.999**64, rel=1e-12)
    assert rmax == pytest.approx(6 * 0.999**64 + 3 * (1 - 0.999**64))
    rmin, rmax = tfmot([(0.5, 0.6)] * 64, INT8)
    assert affine_qparams(np.array(rmin), np.array(rmax)).zero_point == -1


def test_the_two_conventions_of_the_first_batch():
    batches = [(1.0, 2.0), (1.0, 4.0)]
    assert from_first_batch(batches, UINT8) == pytest.approx((0.0, 2.02))
    assert from_first_batch(batches, INT8_NARROW)[0] == pytest.approx(-2.02)
    assert from_first_batch(batches[:1], UINT8) == (0.0, 2.0)
    below = [(-3.0, -2.0), (-1.0, 4.0), (-2.0, 1.0)]
    got = from_first_batch(below, UINT8)
    assert got == pytest.approx((-2.9702, 0.0), rel=1e-12)
    low, high = tfmot(batches[:1], INT8_NARROW)
    assert (low, high) == pytest.approx((-5.996, 5.996))
    assert tfmot([(-7.0, -6.0)], UINT8) == pytest.approx((-6.001, 5.994))


def test_without_data_ncnn_writes_nothing_for_convolutions():
    """The granularity is that of save_table in ncnn2table.cpp."""
    w = np.random.default_rng(6).normal(size=(3, 4))
    w[1] = 0
    kinds = ["Convolution", "ConvolutionDepthWise", "InnerProduct"]
    assert ncnn_without_data([(k, k, [w]) for k in kinds]) == {}
    table = ncnn_without_data(
        [("a", "MultiHeadAttention", [w] * 4), ("e", "Embed", [w])]
    )
    whole = 127 / abs(w).max()
    rows = np.array([127 / abs(w[0]).max(), 1, 127 / abs(w[2]).max()])
    for line in ("a_param_0", "a_param_1", "a_param_2"):
        np.testing.assert_array_equal(table[line], rows)
    assert (
        table["a_param_3"].tolist() == table["e_param_0"].tolist() == [whole]
    )
    assert len(table) == 5
    two = ncnn_without_data([("l", "LSTM", [np.stack((w, 2 * w)), w])])
    np.testing.assert_array_equal(
        two["l_param_0"], np.append(rows, np.where(rows == 1, 1, rows / 2))
    )


def test_a_normal_distribution_is_clipped_where_theory_says():
    """The optimal range of 15 levels for a normal distribution: 2.4 sigma."""
    n = 20_000
    r = np.array([NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)])
    _, T = mse(Histogram.of(r), Grid(-7, 7))
    x = np.linspace(1, 4, 301)
    E = [
        np.mean((r - np.clip(np.rint(r * 7 / t), -7, 7) * t / 7) ** 2)
        for t in x
    ]
    assert pytest.approx(x[np.argmin(E)], abs=0.05) == T


ONE = Histogram([3], 1.0, 1.0)
BAD = [
    (lambda: both(ONE), "bins must be wider than 0, got all at 1.0"),
    (lambda: positive(Histogram([1, 2], -2.0, -1.0)), "must hold values"),
    (lambda: cut(0.0, 1.0, np.nan, UINT8), "T must be finite and not neg"),
    (lambda: cut(0.0, 1.0, -0.5, UINT8), "T must be finite and not negative"),
    (lambda: cut(0.0, 1.0, np.inf, UINT8), "T must be finite and not neg"),
    (lambda: fit(-np.inf, 1.0, UINT8), "must be finite, got -inf and 1.0"),
    (lambda: fit(0.0, np.inf, UINT8), "must be finite, got 0.0 and inf"),
    (lambda: fit(np.nan, 1.0, UINT8), "rmin <= rmax must be finite, got nan"),
    (lambda: fit(5.0, -5.0, UINT8), "must be finite, got 5.0 and -5.0"),
    (lambda: percentile(ONE, UINT8, "a"), "p must be a number in (0, 100]"),
    (lambda: mse(ONE, UINT8, np.array([])), "shares must be (n,), in (0, 1]"),
    (lambda: mse(ONE, UINT8, np.array([0.5, 0])), "shares must be (n,)"),
    (lambda: mse(ONE, UINT8, np.array([0.5, 1.5])), "shares must be (n,)"),
    (lambda: mse(ONE, UINT8, np.array(0.5)), "shares must be (n,)"),
    (lambda: moving_average((0.0, np.nan), [], 0.1), "start must not be NaN"),
    (
        lambda: percentile(ONE, UINT8, 0),
        "a number in (0, 100], got 0",
    ),
    (lambda: percentile(ONE, UINT8, 101), "must be a number in (0, 100]"),
    (lambda: percentile(ONE, UINT8, np.nan), "number in (0, 100], got"),
    (lambda: mse(ONE, UINT8, np.array([np.nan])), "shares must not be NaN"),
    (lambda: Histogram.of([]), "one at least"),
    (lambda: Histogram.of([np.nan]), "finite"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
