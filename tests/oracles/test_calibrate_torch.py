"""PyTorch's observers, and quantiles."""

import numpy as np
import pytest
import torch
from torch.ao.quantization.observer import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
)

from qlib.affine import affine_qparams, fake_quantize
from qlib.calibrate.histogram import Histogram, extremes
from qlib.calibrate.minmax import minmax
from qlib.calibrate.moving_average import from_first_batch
from qlib.calibrate.mse import mse
from qlib.calibrate.percentile import percentile
from qlib.grid import INT8_NARROW, UINT8

BATCHES = [
    (np.random.default_rng(k).normal(0.3, 1, 500) * (1 + k % 7))
    for k in range(30)
]
DRAWS = [
    lambda rng: rng.normal(size=20_000),
    lambda rng: rng.laplace(size=20_000),
    lambda rng: np.maximum(rng.normal(size=20_000), 0),
    lambda rng: -rng.exponential(size=20_000),
    lambda rng: rng.normal(3, 1, 20_000),
]


def observed(observer, batches):
    for batch in batches:
        observer(torch.tensor(batch, dtype=torch.float64))
    return observer.min_val.item(), observer.max_val.item()


def test_the_average_from_the_first_batch_is_pytorchs():
    for n in (1, 2, 30):
        want = observed(MovingAverageMinMaxObserver(), BATCHES[:n])
        got = from_first_batch(list(map(extremes, BATCHES[:n])), UINT8)
        assert got == pytest.approx(want, rel=1e-6)  # theirs is float32


def test_min_max_over_merged_batches_is_pytorchs():
    h = Histogram.of(BATCHES[0])
    for batch in BATCHES[1:]:
        h = h.merge(Histogram.of(batch))
    want = observed(MinMaxObserver(dtype=torch.quint8), BATCHES)
    assert minmax(h, UINT8) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("draw", DRAWS)
def test_percentiles_are_quantiles_of_magnitudes(draw):
    r = draw(np.random.default_rng(0))
    h = Histogram.of(abs(r), 2048, (0, abs(r).max()))
    gaps = np.diff(np.sort(abs(r)))
    for p in (50, 90, 99, 99.9):
        want = torch.quantile(torch.tensor(abs(r)), p / 100).item()
        _, T = percentile(h, INT8_NARROW, p)
        assert pytest.approx(want, abs=h.width + gaps[-25:].max()) == T


@pytest.mark.parametrize("draw", DRAWS)
def test_the_mse_range_is_no_worse_than_pytorchs_search(draw):
    """HistogramObserver estimates an L2 error from 2048 bins and moves both
    ends; here the error is measured on the data."""
    r = draw(np.random.default_rng(1))
    observer = HistogramObserver(dtype=torch.quint8)
    observer(torch.tensor(r, dtype=torch.float32))
    S, Z = observer.calculate_qparams()
    q = np.clip(np.rint(r / S.item()) + Z.item(), 0, 255)
    theirs = np.mean((r - S.item() * (q - Z.item())) ** 2)
    rmin, rmax = mse(Histogram.of(r), UINT8)
    qp = affine_qparams(np.array(rmin), np.array(rmax), UINT8)
    ours = np.mean((r - fake_quantize(r, qp)) ** 2)
    assert ours <= theirs * 1.02
