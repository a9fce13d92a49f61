"""ONNX Runtime's own calibrator, as installed."""

import numpy as np
import pytest
from onnxruntime.quantization.calibrate import (
    EntropyCalibrater,
    HistogramCollector,
)

from qlib.calibrate.half_axis import cut
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.percentile import percentile
from qlib.calibrate.wild import onnxruntime
from qlib.grid import INT8_NARROW

DRAWS = [
    lambda rng, n: rng.integers(0, 1000, n),
    lambda rng, n: rng.integers(0, 2, n),
    lambda rng, n: rng.poisson(2.0, n) * (rng.random(n) < 0.1),
    lambda rng, n: rng.poisson(9e4 * np.exp(-(np.linspace(-4, 4, n) ** 2))),
    lambda rng, n: rng.poisson(9e4 * np.exp(-abs(np.linspace(-9, 9, n)))),
    lambda rng, n: np.where(np.arange(n) >= n // 2, rng.poisson(50, n), 0),
    lambda rng, n: np.full(n, 7),
    lambda rng, n: (
        np.eye(1, n, n // 2, dtype=int)[0] * 10**6 + rng.poisson(3.0, n)
    ),
]


def collector(bins, levels=128, method="entropy", percent=99.99):
    return HistogramCollector(method, True, bins, levels, percent, "same")


def theirs(h, seen, levels):
    edges = np.linspace(h.rmin, h.rmax, len(h.counts) + 1)
    known = h.counts.copy(), edges, *map(np.float64, seen), np.float64(h.rmax)
    return collector(len(h.counts)).get_entropy_threshold(known, levels)


@pytest.mark.parametrize("draw", DRAWS)
def test_25_random_histograms_give_the_same_range_to_the_bit(draw):
    rng = np.random.default_rng(0)
    for _ in range(25):
        levels = int(rng.integers(2, 65))
        bins = int(rng.integers(levels, 4 * levels + 40))
        counts = draw(rng, bins)
        counts[rng.integers(bins)] += 1
        a = float(rng.lognormal())
        h, seen = Histogram(counts, -a, a), (-a * rng.random(), a)
        got = onnxruntime(h, seen, levels)
        assert (got.rmin, got.rmax) == theirs(h, seen, levels)


@pytest.mark.parametrize("draw", DRAWS[2:6:3])
def test_2048_bins_and_128_levels_too(draw):
    h = Histogram(draw(np.random.default_rng(1), 2048), -3.0, 3.0)
    got = onnxruntime(h, (-2.5, 3.0))
    assert (got.rmin, got.rmax) == theirs(h, (-2.5, 3.0), 128)


def test_its_default_of_128_bins_is_min_max(capsys):
    """Whatever the data: there is one candidate, the full range."""
    defaults = EntropyCalibrater.__init__.__defaults__
    assert defaults[defaults.index("entropy") + 2 :][:2] == (128, 128)
    rng = np.random.default_rng(2)
    for r in (
        rng.normal(size=9999),
        np.append(rng.normal(size=9999), 1000.0),
        np.maximum(rng.normal(size=9999), 0),
    ):
        r = r.astype(np.float32)
        tool = collector(128)
        tool.collect({"t": r})
        low, high, *_ = tool.compute_entropy()["t"]
        # numpy's float32 histogram and edges: 1e-7
        assert (low, high) == pytest.approx((r.min(), r.max()), rel=1e-6)
        a = float(abs(r).max())
        seen = float(r.min()), float(r.max())
        got = onnxruntime(Histogram.of(r, 128, (-a, a)), seen)
        assert len(got.curve) == 1
        assert (got.rmin, got.rmax) == pytest.approx((low, high), rel=1e-6)
    capsys.readouterr()


def test_its_histogram_grows_when_it_is_called_again_with_larger_values():
    """And then there are more bins than levels, and a search."""
    r = np.random.default_rng(5).normal(size=9999).astype(np.float32)
    tool = collector(128)
    tool.collect({"t": r})
    assert len(tool.histogram_dict["t"][0]) == 128
    tool.collect({"t": 9 * r[:3000]})
    counts, edges, *_ = tool.histogram_dict["t"]
    assert counts.sum() == 12_999
    assert len(counts) > 128 * 4
    width = edges[1] - edges[0]
    assert width == pytest.approx(2 * abs(r).max() / 128, rel=1e-4)


def test_its_percentile_is_the_lower_edge_of_the_bin_of_ours(capsys):
    r = np.random.default_rng(3).laplace(size=99_999).astype(np.float32)
    h = Histogram.of(abs(r), 2048, (0, float(abs(r).max())))
    for p in (50, 99, 99.9, 99.99):
        tool = collector(2048, method="percentile", percent=p)
        tool.collect({"t": r})
        low, high, *_ = tool.compute_percentile()["t"]
        _, T = percentile(h, INT8_NARROW, p)
        assert low == -high
        # their first edge is min |r|, not 0
        assert -0.01 * h.width <= T - high <= 1.01 * h.width
        assert cut(h.rmin, h.rmax, T, INT8_NARROW) == (-T, T)
    capsys.readouterr()
