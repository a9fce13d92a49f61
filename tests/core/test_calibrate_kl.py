"""KL: recorded searches, the two twins, levels, bad and degenerate counts."""

import json
import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qlib.calibrate.half_axis import negative, positive
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import (
    clip,
    divergence,
    kl,
    kl_at,
    kl_curve,
    kl_curve_prefix,
    kl_threshold,
    share,
)
from qlib.calibrate.smoothing import add_epsilon, move_epsilon
from qlib.grid import INT4, INT8, INT8_NARROW, UINT8, Grid

VECTORS = Path(__file__).parents[1] / "vectors"
TABLE = json.loads((VECTORS / "kl_calibration.json").read_text())
SLIDE = TABLE["slide_example"]
RECORDED = TABLE["distributions"] + TABLE["synthetic"]
NAMES = [row["name"] for row in RECORDED]
BOTH = [kl_curve, kl_curve_prefix]


def number(x):
    return float(x)  # "inf" too


def test_the_example_of_the_slides():
    P = np.array(SLIDE["P"])
    assert share(P, 2).tolist() == SLIDE["Q_expanded"]
    assert divergence(P, share(P, 2)) == pytest.approx(
        SLIDE["kl_nats"], rel=1e-12
    )
    assert kl_at(P, 8, 2) / math.log(2) == pytest.approx(SLIDE["kl_bits"])
    spread = divergence(P, np.array(SLIDE["Q_if_spread_over_all_bins"]))
    assert spread == pytest.approx(SLIDE["kl_if_spread"], rel=1e-12)


def test_two_levels_by_hand():
    H = np.array(TABLE["tiny_by_hand_levels2"]["H"])
    for row in TABLE["tiny_by_hand_levels2"]["rows"]:
        i = row["i"]
        assert clip(H, i).tolist() == row["P"]
        assert share(H[:i], 2).tolist() == pytest.approx(row["Q"])
        assert kl_at(H, i, 2) == pytest.approx(number(row["kl"]), rel=1e-9)


@pytest.mark.parametrize("curve", BOTH)
def test_four_levels_on_sixteen_bins(curve):
    tiny = TABLE["tiny_levels4"]
    want = [number(row["kl"]) for row in tiny["rows"]]
    np.testing.assert_allclose(curve(tiny["H"], 4), want, rtol=1e-9)
    m, T = kl_threshold(tiny["H"], 1.0, 4, curve=curve)
    assert (m, T) == (tiny["m"], tiny["threshold_bins"])
    assert (type(m), type(kl_at(tiny["H"], m, 4))) == (int, float)


@pytest.mark.parametrize("row", RECORDED, ids=NAMES)
def test_every_recorded_search(row):
    counts, want = row["hist2048"], row["migacz_exact"]
    m, T = kl_threshold(counts, row["bin_width"])
    assert m == want["m"]
    assert pytest.approx(want["threshold"], rel=1e-15) == T
    near = {"rel": 1e-9, "abs": 1e-15}
    assert kl_at(counts, m) == pytest.approx(want["kl"], **near)
    for i, D in want["probe"].items():
        assert kl_at(counts, int(i)) == pytest.approx(number(D), **near), i


@pytest.mark.parametrize("row", RECORDED, ids=NAMES)
def test_the_twins_agree_on_recorded_histograms(row):
    slow, fast = (curve(row["hist2048"]) for curve in BOTH)
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-12)
    assert slow.argmin() == fast.argmin()
    last = len(slow) - 1 - int(slow[::-1].argmin())
    assert 128 + last == row["migacz_exact"]["m_last_argmin"]


DRAWS = [
    lambda rng, n: rng.integers(0, 1000, n),
    lambda rng, n: rng.integers(0, 2, n),  # many empty, many ties
    lambda rng, n: np.full(n, rng.integers(1, 10**9)),  # flat: exact ties
    lambda rng, n: rng.poisson(3e6 * np.exp(-np.arange(n) / n * 20)),
    lambda rng, n: rng.poisson(2.0, n) * (rng.random(n) < 0.05),
    lambda rng, n: np.repeat(rng.integers(0, 9, n), 4)[:n] * 10**12,
    lambda rng, n: np.geomspace(1e15, 1, n).astype(np.int64),
    lambda rng, n: np.append(rng.integers(0, 50, n // 2), [0] * (n - n // 2)),
    lambda rng, n: (1 << 40) * (np.arange(n) % 4 == rng.integers(4)),
    lambda rng, n: np.floor(2.0**46 * rng.random(n) ** 99),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_the_twins_agree_on_a_hundred_random_histograms(draw):
    rng = np.random.default_rng(0)
    for _ in range(100):
        n = int(rng.integers(6, 90))
        counts, levels = draw(rng, n), int(rng.integers(1, n - 1))
        counts[rng.integers(1, n)] += 1
        for ignore in (False, True):
            slow, fast = (curve(counts, levels, ignore) for curve in BOTH)
            np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-11)
            assert slow.argmin() == fast.argmin()
            assert slow.min() == fast.min()


def test_ignoring_zeros_is_a_histogram_without_its_first_bin():
    row = next(r for r in RECORDED if r["name"] == "relu_normal")
    bare = [0, *row["hist2048"][1:]]
    m, _ = kl_threshold(row["hist2048"], 1.0, ignore_zeros=True)
    assert m == kl_threshold(bare, 1.0)[0]
    assert m == row["nvidia_pytorch_quantization"]["i"]
    assert row["migacz_exact"]["m"] == 896  # the spike wrecks the literal rule


H = Histogram(np.arange(300, 0, -1), 0.0, 3.0)
SIDES = [
    (H, UINT8, 256),
    (H, INT8, 256),
    (H, INT8_NARROW, 128),
    (H, INT4, 16),
    (H, Grid(-7, 7), 8),
    (Histogram(H.counts, -3.0, 0.0), INT8, 256),
    (Histogram(H.counts, -3.0, -1.0), UINT8, 256),
    (Histogram(H.counts, 1.0, 3.0), INT8_NARROW, 128),
    (Histogram(np.tile(H.counts, 2), -3.0, 3.0), INT8, 128),
    (Histogram(np.tile(H.counts, 2), -3.0, 3.0), INT8_NARROW, 128),
    (Histogram(np.tile(H.counts, 2), -1.0, 3.0), INT8, 192),
]


@pytest.mark.parametrize(("h", "grid", "levels"), SIDES)
def test_there_are_as_many_levels_as_codes_for_the_longer_half_axis(
    h, grid, levels
):
    seen = []

    def spy(counts, levels, ignore_zeros):
        seen.append((levels, ignore_zeros))
        return np.zeros(3)

    rmin, rmax = kl(h, grid, True, curve=spy)
    assert seen == [(levels, True)]
    assert rmin <= 0 <= rmax


def test_the_half_axis_is_a_choice():
    k = np.arange(3000)
    left = np.random.default_rng(1).poisson(2e4 * np.exp(-k / 300))
    right = np.random.default_rng(2).poisson(4e4 * np.exp(-k[:1000] / 100))
    h = Histogram(np.append(left[::-1], right), -3.0, 1.0)
    for half, alone in [(positive, right), (negative, left)]:
        _, want = kl_threshold(alone, 0.001)
        found = kl(h, INT8_NARROW, half=half)
        assert found == pytest.approx((-want, want), rel=1e-12)
    both_at_once = left + np.append(right, np.zeros(2000, int))
    _, want = kl_threshold(both_at_once, 0.001)
    assert kl(h, INT8_NARROW)[1] == pytest.approx(want, rel=1e-12)


def test_a_histogram_from_zero_on_goes_to_the_search_unchanged():
    for row in RECORDED[:5]:
        h = Histogram(row["hist2048"], 0.0, row["absmax"])
        T = row["migacz_exact"]["threshold"]
        assert kl(h, INT8_NARROW) == pytest.approx((-T, T), rel=1e-15)
        twin = Histogram(row["hist2048"][::-1], -row["absmax"], 0.0)
        assert kl(twin, INT8_NARROW) == pytest.approx((-T, T), rel=1e-12)


@pytest.mark.parametrize("smooth", [add_epsilon, move_epsilon])
def test_smoothing_makes_every_divergence_finite(smooth):
    counts = TABLE["tiny_levels4"]["H"]
    rough, smoothed = kl_curve(counts, 4), kl_curve(counts, 4, smooth=smooth)
    assert np.isinf(rough).sum() == 4
    assert np.isfinite(smoothed).all()
    finite = np.isfinite(rough)
    assert np.abs(smoothed - rough)[finite].max() < 2e-3
    assert smooth(np.array([3.0, 0, 1])).min() > 0


def test_moving_epsilon_keeps_the_sum_and_needs_something_to_move():
    p = np.array([3.0, 0, 1, 0, 0])
    assert move_epsilon(p).sum() == pytest.approx(4, rel=1e-15)
    assert move_epsilon(np.zeros(3)).tolist() == [0, 0, 0]
    assert move_epsilon(p.astype(np.float32)).dtype == np.float32


def test_one_value_is_not_clipped():
    for value in (-2.5, 0.0, 2.5):
        h = Histogram.of(np.full(9, value))
        want = min(value, 0.0), max(value, 0.0)
        assert kl(h, UINT8) == kl(h, INT8, ignore_zeros=True) == want


def test_where_every_divergence_is_infinite_nothing_is_clipped():
    h = Histogram([9, 5, 0, 0, 0, 0, 0, 1], 0.0, 8.0)
    assert np.isinf(kl_curve(h.counts, 3)).all()
    assert kl_threshold(h.counts, h.width, 3) == (3, 3.5)
    assert kl(h, Grid(0, 2)) == (0.0, 8.0)
    smoothed = partial(kl_curve, smooth=add_epsilon)
    assert kl(h, Grid(0, 2), curve=smoothed)[1] < 8


def test_zeros_only_stay_in_range():
    zeros = Histogram([7, 0, 0, 0, 0], 0.0, 1.0)
    assert kl(zeros, Grid(0, 2), ignore_zeros=True) == (0.0, 1.0)
    next_to = Histogram([7, 1, 0, 0, 0], 0.0, 1.0)
    assert kl(next_to, Grid(0, 2), ignore_zeros=True)[1] < 0.8
    rmin, rmax = kl(zeros, Grid(0, 2))
    assert rmin == 0 < rmax <= 1


def test_one_filled_bin_costs_nothing_whatever_is_clipped():
    """P = Q there: far from 0 the rule clips nearly all, and says so."""
    assert kl_at([0, 0, 5, 4, 3, 2], 3, 2) == 0
    r = np.random.default_rng(3).normal(5, 0.5, 50_000)
    h = Histogram.of(r, over=(0, r.max()))
    _, T = kl(h, UINT8)
    assert np.mean(r > T) > 0.99
    assert "whatever is clipped" in kl.__doc__


def test_the_divergence_is_never_below_zero():
    """Rounding alone would make it -4e-17, and beat an exact 0."""
    assert kl_at([10**9] * 8 + [10**9 + 1] * 4, 12, 4) >= 0
    counts = [2**40, 0, 0, 1, 2**40, 0, 1, 1]
    for curve in BOTH:
        assert curve(counts, 4, True).min() == 0
        assert kl_threshold(counts, 1.0, 4, True, curve)[0] == 4


@pytest.mark.parametrize("curve", BOTH)
def test_any_truth_ignores_zeros(curve):
    want = curve([9, 5, 4, 3], 2, ignore_zeros=True)
    for true in (np.True_, 1, 3):
        assert curve([9, 5, 4, 3], 2, ignore_zeros=true).tolist() == (
            want.tolist()
        )


FEW = [4, 2, 0, 1]
BAD = [
    (lambda: kl_at([1.0, np.nan], 1, 1), "counts must not be NaN"),
    (lambda: kl_at([1.0, np.inf], 1, 1), "counts must be finite"),
    (lambda: kl_at([], 1, 1), "levels must be in [1, 0], got 1"),
    (lambda: kl_at([0, 0], 1, 1), "must not all be 0"),
    (lambda: kl_at([1, -1], 1, 1), "counts must be (bins,), whole, not"),
    (lambda: kl_at([1, 0.5], 1, 1), "whole"),
    (lambda: kl_at([2**52, 2**52], 1, 1), "less than 2^53 in all"),
    (lambda: kl_at([[1, 1]], 1, 1), "counts must be (bins,)"),
    (lambda: kl_at(FEW, 0, 2), "i must be in [1, 4], got 0"),
    (lambda: kl_at(FEW, 5, 2), "i must be in [1, 4], got 5"),
    (lambda: kl_at(FEW, 2.0, 2), "i must be an integer"),
    (lambda: kl_at(FEW, 4), "levels must be in [1, 4], got 128"),
    (lambda: kl_at(FEW, 4, 0), "levels must be in [1, 4]"),
    (lambda: kl_curve(FEW, 4), "levels must be in [1, 3], got 4"),
    (lambda: kl_curve_prefix(FEW, 4), "levels must be in [1, 3]"),
    (lambda: kl_curve_prefix([1, np.nan, 2], 1), "must not be NaN"),
    (lambda: kl_curve([3, 0, 0], 1, True), "must not all be 0"),
    (lambda: kl_curve_prefix([3, 0, 0], 1, True), "must not all be 0"),
    (lambda: kl_threshold(FEW, 1.0, 4), "levels must be in [1, 3]"),
    (lambda: kl(Histogram(FEW, 0, 1), UINT8), "got 256"),
    (lambda: kl_threshold(FEW, np.nan, 3), "width must be positive and fin"),
    (lambda: kl_threshold(FEW, 0.0, 3), "width must be positive and finite"),
    (lambda: kl_threshold(FEW, np.inf, 3), "width must be positive and fin"),
    (lambda: kl_at(np.ma.array(FEW, mask=1), 3, 3), "must have no mask"),
    (lambda: move_epsilon(np.array([2e-4, 0, 0])), "must hold more than 0.0"),
    (lambda: move_epsilon(np.array([9, 1e-4, 0, 0])), "must hold more than"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_counts_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("curve", BOTH)
def test_the_counts_of_the_caller_stay_as_they_are(curve):
    counts = np.array([2.0**52, 2.0**51, 0.0, 3.0])
    curve(counts, 2, True)
    assert counts.tolist() == [2.0**52, 2.0**51, 0.0, 3.0]


def test_levels_may_be_as_many_as_the_bins_kept():
    assert kl_at(FEW, 4, 4) == 0
    assert kl_at(FEW, 1, 4) == 0
    assert kl_curve(FEW, 3).shape == (1,)
