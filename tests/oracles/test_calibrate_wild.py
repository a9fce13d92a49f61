"""The searches of others: recorded by running their code."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import entropy

from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import divergence
from qlib.calibrate.search import merged
from qlib.calibrate.wild import bug1989, mxnet, ncnn, nvidia, onnxruntime

VECTORS = Path(__file__).parents[1] / "vectors"
TABLE = json.loads((VECTORS / "kl_calibration.json").read_text())
DRAWN = TABLE["distributions"]
RECORDED = DRAWN + TABLE["synthetic"]
NAMES = [row["name"] for row in RECORDED]
U = (np.arange(200_000) + 0.5) / 200_000
HALF = abs(ndtri(U))
DATA = {
    "half_normal": HALF,
    "relu_normal": np.maximum(ndtri(U), 0),
    "uniform": U,
    "half_normal_outlier10": np.append(HALF, [50.0] * 20),
    "bimodal": np.append(0.1 * HALF, 5 + 0.05 * ndtri(U)),
}
ZEROS = 100_000  # of relu_normal: ncnn does not count them


def h_of(row):
    return Histogram(row["hist2048"], 0.0, row["absmax"])


def two_sided(name, bins):
    """Recorded on the data and their negatives, in float32; ReLU as it is."""
    r = DATA[name]
    if name != "relu_normal":
        r = np.append(r, -r)
    r = r.astype(np.float32)
    a = float(abs(r).max())
    return Histogram.of(r, bins, (-a, a)), (float(r.min()), float(r.max()))


def test_the_data_are_those_that_were_recorded():
    for row in DRAWN:
        h = Histogram.of(DATA[row["name"]], over=(0, row["absmax"]))
        assert abs(h.counts - row["hist2048"]).sum() <= 2  # edges


def test_the_divergence_is_that_of_scipy():
    rng = np.random.default_rng(0)
    for n in (1, 2, 500):
        P, Q = rng.integers(0, 9, n) + (np.arange(n) == 0), rng.random(n)
        assert divergence(P, Q) == pytest.approx(entropy(P, Q), rel=1e-12)
    assert divergence(np.array([1, 2]), np.array([1, 0])) == np.inf
    assert entropy([1, 2], [1, 0]) == np.inf


@pytest.mark.parametrize("row", RECORDED, ids=NAMES)
def test_nvidia(row):
    h, want = h_of(row), row["nvidia_pytorch_quantization"]
    got = nvidia(h)
    assert got.m == want["i"]
    assert got.rmax == pytest.approx(want["amax"], rel=1e-12)
    assert got.rmin == -got.rmax
    assert got.curve.min() == pytest.approx(
        float(want["kl"]), rel=1e-9, abs=1e-15, nan_ok=True
    )


def test_nvidia_with_empty_first_bins_takes_the_last_nan_as_scipy_has_it():
    """Uniform on [0.5, 1]: Q is all 0 up to the middle."""
    c, levels = np.repeat([0, 7], 128), 32
    got = nvidia(Histogram(c, 0.0, 1.0), levels)
    D = []
    for i in range(levels, 257):
        P, Q = c[:i].astype(float), np.zeros(i)
        P[-1] += c[i:].sum()
        bins = np.arange(i) * levels // i
        for j in range(levels):
            mine = (bins == j) & (c[:i] > 0)
            Q[mine] = c[:i][bins == j].sum() / max(mine.sum(), 1)
        with np.errstate(invalid="ignore"):
            D.append(entropy(P, Q))
    last = len(D) - 1 - int(np.argmin(D[::-1]))
    assert got.m == levels + last == 128
    np.testing.assert_array_equal(np.isnan(got.curve), np.isnan(D))


@pytest.mark.parametrize("row", RECORDED, ids=NAMES)
def test_ncnn(row):
    """m is the recorded one in all ten; D, float64 here and float32 there,
    differs by 7e-8 nats at most."""
    h, want = h_of(row), row["ncnn_ncnn2table"]
    counts = h.counts.copy()
    if row["name"] == "relu_normal":
        counts[0] -= ZEROS
    got = ncnn(Histogram(counts, 0.0, h.rmax))
    assert got.m == want["bin"]
    assert got.rmax == pytest.approx(want["threshold"], rel=1e-7)
    assert got.rmin == -got.rmax
    assert 127 / got.rmax == pytest.approx(want["scale"], rel=1e-6)
    assert got.curve.min() == pytest.approx(want["kl"], abs=7e-8)


@pytest.mark.parametrize("row", RECORDED, ids=NAMES)
def test_bug1989(row):
    h, want = h_of(row), row["bug1989"]
    got = bug1989(h)
    assert got.m == want["bin"]
    assert got.rmax == pytest.approx(want["threshold"], rel=1e-12)
    assert got.rmin == -got.rmax


def test_bug1989_level_by_level_on_sparse_histograms():
    """The steps of `threshold_distribution`, one level after the other."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        counts = rng.poisson(1.0, 40) + (np.arange(40) < 3)
        got, c = bug1989(Histogram(counts, 0.0, 1.0), 8).curve, counts[1:]
        assert got.shape == (31,)
        for D, i in zip(got, range(8, 39), strict=True):
            P, Q, n = c[:i].astype(float), np.zeros(i), i // 8
            P[-1] += c[i:].sum()
            for j in range(8):
                end = (j + 1) * n if j < 7 else None
                to = slice(j * n, -1 if end is None else end)
                if np.count_nonzero(P[to]):
                    total = c[:i][j * n : end].sum()
                    Q[to] = total / np.count_nonzero(P[to])
            Q[P == 0] = 0
            P[P == 0] = Q[Q == 0] = 1e-4
            assert entropy(P, Q) == pytest.approx(D, rel=1e-9)


def test_the_lost_bin_moves_the_threshold():
    """`stop = -1` and its repair, on the recorded histograms."""
    moved = {
        row["name"]: bug1989(h_of(row)).m - bug1989(h_of(row), lost=0).m
        for row in DRAWN
    }
    assert moved["half_normal"] == 2046 - 1919
    assert moved["half_normal_outlier10"] == 383 - 155
    assert moved["bimodal"] == 2012 - 1995
    assert moved["uniform"] == 0


@pytest.mark.parametrize("row", DRAWN, ids=NAMES[: len(DRAWN)])
def test_mxnet(row):
    """Recorded with float32 sums of another order: D to 2e-5 of itself."""
    want = row["mxnet2018_8001bins_255"]
    got = mxnet(two_sided(row["name"], 8001)[0])
    assert got.rmax == pytest.approx(want["threshold"], rel=1e-7)
    assert got.rmin == -got.rmax
    assert got.curve.min() == pytest.approx(want["divergence"], rel=2e-5)


def test_mxnet_level_by_level_on_sparse_histograms():
    """The steps of `_get_optimal_threshold` in its first version."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        counts = rng.poisson(0.7, 61) + 40 * (np.arange(61) == 30)
        counts[[27, 33]] += 1
        got = mxnet(Histogram(counts, -1.0, 1.0), 7).curve
        for D, i in zip(got, range(3, 31), strict=True):
            kept = counts[30 - i : 31 + i].astype(np.float32)
            P, Q, n = kept.copy(), np.zeros_like(kept), len(kept) // 7
            P[0] += counts[: 30 - i].sum()
            P[-1] += counts[31 + i :].sum()
            for j in range(7):
                end = (j + 1) * n if j < 6 else None
                to = slice(j * n, -1 if end is None else end)
                if np.count_nonzero(kept[to]):
                    total = kept[j * n : end].sum()
                    Q[to] = total / np.count_nonzero(kept[to])
            Q[kept == 0] = 0
            for x in (P, Q):
                empty = x == 0
                if not empty.all():
                    x[~empty] -= 1e-4 * empty.sum() / (~empty).sum()
                    x[empty] = 1e-4
            assert entropy(P, Q) == pytest.approx(D, rel=1e-5)


@pytest.mark.parametrize("row", DRAWN, ids=NAMES[: len(DRAWN)])
@pytest.mark.parametrize("bins", [128, 2048])
def test_onnxruntime(row, bins):
    want = row[f"onnxruntime_entropy_num_bins_{bins}"]
    h, seen = two_sided(row["name"], bins)
    got = onnxruntime(h, seen)
    assert got.rmin == pytest.approx(want["low"], rel=1e-6)
    assert got.rmax == pytest.approx(want["high"], rel=1e-6)
    if bins == 128:
        assert len(got.curve) == 1
        assert (got.rmin, got.rmax) == pytest.approx(seen, rel=1e-6)


def onnxruntimes(h, levels):
    return onnxruntime(h, (h.rmin, h.rmax), levels)


CANDIDATES = [(nvidia, 5), (ncnn, 4), (bug1989, 3), (mxnet, 3)]
CANDIDATES += [(onnxruntimes, 3)]


@pytest.mark.parametrize(("search", "candidates"), CANDIDATES)
def test_a_choice_is_an_integer_two_floats_and_a_curve(search, candidates):
    start = -1.0 if search in (mxnet, onnxruntimes) else 0.0
    got = search(Histogram([1, 5, 9, 9, 5, 2, 1], start, 1.0), 3)
    assert (type(got.m), type(got.rmin), type(got.rmax)) == (int, float, float)
    assert got.rmin < 0 < got.rmax
    assert isinstance(got.curve, np.ndarray)
    assert got.curve.shape == (candidates,)


def seen_all(h, levels=128):
    return onnxruntime(h, (-1.0, 1.0), levels)


@pytest.mark.parametrize("search", [nvidia, ncnn, bug1989, mxnet, seen_all])
def test_a_histogram_that_a_search_cannot_read_is_refused(search):
    start = -1.0 if search in (mxnet, seen_all) else 0.0
    h = Histogram([3, 2, 1], start, 1.0)
    more = r"there must be more bins than levels, got 3 bins and \d+"
    with pytest.raises(ValueError, match=more):
        search(h)
    for levels in (0, 3 + (start < 0)):
        with pytest.raises(ValueError, match="more bins than levels"):
            search(h, levels)
    with pytest.raises(ValueError, match="levels must be an integer"):
        search(h, 2.0)
    with pytest.raises(ValueError, match="bins must go from .* on, got -9"):
        search(Histogram([5, 3, 2, 1], -9.0, -2.0), 2)


def test_one_level_is_enough_and_around_a_middle_bin_as_many_as_bins():
    h = Histogram([5, 3, 2, 1], 0.0, 1.0)
    assert {len(s(h, 1).curve) for s in (nvidia, ncnn, bug1989)} == {4, 3, 2}
    two_sided = Histogram([1, 5, 2], -1.0, 1.0)
    assert len(mxnet(two_sided, 3).curve) == 1
    assert len(seen_all(two_sided, 3).curve) == 1


def test_a_level_without_filled_bins_before_the_rest_gives_nothing():
    """As in ONNX Runtime, where the counts of the rest are in that level."""
    kept = np.array([1, 0, 5])
    assert merged(kept, np.sign(kept), 2, 2).tolist() == [1, 0, 0]


def test_what_only_one_search_cannot_read_is_refused():
    h = Histogram([3, 2, 2, 1], -1.0, 1.0)
    with pytest.raises(ValueError, match="bins must be odd in number, got 4"):
        mxnet(h, 3)
    for seen in [(np.nan, 1.0), (-np.inf, 1.0), (0.0, np.inf), (1.0, 0.0)]:
        with pytest.raises(ValueError, match="seen must be finite"):
            onnxruntime(h, seen, 2)
    assert onnxruntime(h, (0.1, 0.1), 2)[1:3] == (0.1, 0.1)
    with pytest.raises(ValueError, match="more than 3 bins must be searched"):
        bug1989(Histogram([3, 2, 2, 1], 0.0, 1.0), 3)
