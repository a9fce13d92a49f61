"""Awkward data: every criterion, on every kind of grid, stays sensible."""

import re
from functools import partial

import numpy as np
import pytest

from qlib.calibrate.half_axis import half_levels, qparams, symmetric
from qlib.calibrate.histogram import Histogram, extremes
from qlib.calibrate.kl import kl
from qlib.calibrate.minmax import minmax
from qlib.calibrate.moving_average import from_first_batch, tfmot
from qlib.calibrate.mse import mse
from qlib.calibrate.percentile import percentile
from qlib.grid import INT8, INT8_NARROW, UINT8, Grid

ENDS = [(-8, 7), (0, 15), (-7, 7), (-4, 3), (0, 7), (-3, 3)]
ENDS += [(-2, 1), (0, 3), (-1, 1), (1, 255)]
GRIDS = [INT8, UINT8, INT8_NARROW, *(Grid(*ends) for ends in ENDS)]
CRITERIA = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": mse,
    "kl": kl,
    "kl without zeros": partial(kl, ignore_zeros=True),
    "first batch": lambda h, grid: from_first_batch(
        [(h.rmin, h.rmax)] * 2, grid
    ),
}
RNG = np.random.default_rng(0)
AWKWARD = {
    "zeros": np.zeros(50),
    "one positive": np.full(9, 2.5),
    "one negative": np.full(9, -2.5),
    "negative only": -RNG.random(5000) - 1,
    "negative up to 0": -RNG.random(5000),
    "two values": np.array([1.0, 3.0] * 20),
    "opposite values": np.array([-3.0, 3.0]),
    "few": np.array([-1.0, 0.1, 0.2, 7.0]),
    "outlier": np.append(RNG.normal(size=5000), 1000.0),
    "far from 0": 1e6 + RNG.random(5000),
    "next floats": np.array([1e6, np.nextafter(1e6, 2e6)]),
    "tiny": RNG.normal(size=500) * 1e-30,
    "vast": RNG.normal(size=500) * 1e35,  # S must be a float32
    "relu": np.maximum(RNG.normal(size=5000), 0),
    "all but one are 0": np.append(np.zeros(999), 5.0),
    "barely negative": np.append(RNG.random(5000), -1e-9),
}

each_data = pytest.mark.parametrize("name", AWKWARD)
each_criterion = pytest.mark.parametrize("criterion", CRITERIA)


def checked(rmin, rmax, grid):
    """Numbers that hold 0, and of which the grid makes S and Z."""
    assert type(rmin) is type(rmax) is float, grid
    assert -np.inf < rmin <= 0 <= rmax < np.inf, grid
    assert rmin == -rmax or not symmetric(grid), grid
    assert qparams(rmin, rmax, grid).scale > 0


@each_data
@each_criterion
def test_awkward_data_have_a_valid_range_that_holds_zero(criterion, name):
    r = AWKWARD[name]
    h, reach = Histogram.of(r, 1024), np.abs(r).max()
    for grid in GRIDS:
        rmin, rmax = CRITERIA[criterion](h, grid)
        checked(rmin, rmax, grid)
        low, high = r.min(), r.max()
        if symmetric(grid):
            low, high = -reach, reach
        assert min(low, 0) <= rmin, grid
        assert rmax <= max(high, 0), grid
        assert (rmin == rmax) == (name == "zeros"), grid


@each_data
@each_criterion
def test_magnitudes_of_awkward_data_have_a_range_on_either_side(
    criterion, name
):
    r = np.abs(AWKWARD[name])
    h = Histogram.of(r, 1024, (0, r.max()))
    for grid in filter(symmetric, GRIDS):
        rmin, rmax = CRITERIA[criterion](h, grid)
        checked(rmin, rmax, grid)
        assert rmax <= r.max()
        assert (rmax == 0) == (name == "zeros")


@each_data
def test_from_six_on_awkward_batches_have_a_valid_range(name):
    parts = np.array_split(AWKWARD[name], 2)
    for grid in GRIDS:
        rmin, rmax = tfmot([extremes(part) for part in parts], grid)
        checked(rmin, rmax, grid)
        assert rmax > 5, grid


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("ignore_zeros", [False, True])
def test_kl_needs_one_bin_more_than_there_are_levels(grid, ignore_zeros):
    n = half_levels(Histogram([1], 0.0, 1.0), grid)
    checked(
        *kl(Histogram(range(1, n + 2), 0.0, 1.0), grid, ignore_zeros), grid
    )
    short = Histogram(range(1, n + 1), 0.0, 1.0)
    said = re.escape(f"levels must be in [1, {n - 1}], got {n}")
    with pytest.raises(ValueError, match=said):
        kl(short, grid, ignore_zeros)


BAD = [
    ([], "batches must be one (rmin, rmax) at least, got shape (0,)"),
    (np.zeros((0, 2)), "one (rmin, rmax) at least, got shape (0, 2)"),
    ([1.0, 2.0], "got shape (2,)"),
    ([(0.0, 1.0, 2.0)], "got shape (1, 3)"),
    ([[(0.0, 1.0)]], "got shape (1, 1, 2)"),
    ([(0.0, np.nan)], "batches must not be NaN"),
    ([(0.0, np.inf)], "batches must be finite"),
    ([(0.0, 1.0), (2.0, 1.0)], "rmin <= rmax must hold"),
    ([(0.0, 1j)], "batches must be real numbers"),
]


@pytest.mark.parametrize("average", [tfmot, from_first_batch])
@pytest.mark.parametrize(("batches", "message"), BAD)
def test_no_batch_and_bad_batches_have_no_average(average, batches, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        average(batches, UINT8)
