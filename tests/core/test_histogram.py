"""Histograms: against numpy, merging, extremes, bad input."""

import re
from fractions import Fraction

import numpy as np
import pytest

from qlib.calibrate.histogram import Histogram, extremes

DRAWS = [
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: np.maximum(rng.normal(size=n), 0),
    lambda rng, n: rng.lognormal(0, 2, n).astype(np.float32),
    lambda rng, n: -rng.random(n) - 3,
    lambda rng, n: rng.integers(-128, 128, n),
]


@pytest.mark.parametrize("bins", [1, 7, 128, 2048])
@pytest.mark.parametrize("draw", DRAWS)
def test_the_counts_are_those_of_numpy(draw, bins):
    r = draw(np.random.default_rng(0), 50_000)
    want, _ = np.histogram(r.astype(np.float64), bins)
    h = Histogram.of(r, bins)
    if r.dtype.kind == "f":  # whole numbers lie on edges: see the next test
        np.testing.assert_array_equal(h.counts, want)
    assert h.counts.sum() == r.size
    assert (h.rmin, h.rmax) == (r.min(), r.max())


def test_a_value_on_an_edge_belongs_to_the_bin_above_it():
    """Edges that float64 can hold; the last bin keeps its upper one."""
    for bins in (1, 2, 8, 64):
        edges = np.arange(bins + 1) / 8 - 3
        counts = Histogram.of(edges, bins).counts
        np.testing.assert_array_equal(counts, [1] * (bins - 1) + [2])


def test_a_value_is_in_the_bin_that_fractions_give_or_on_its_edge():
    rng = np.random.default_rng(1)
    for r in rng.normal(size=(300, 3)):
        low, value, high = map(Fraction, np.sort(r))
        exact = (value - low) / (high - low) * 7
        counts = Histogram.of(r, 7).counts.copy()
        counts[[0, 6]] -= 1  # the extremes
        i = int(np.flatnonzero(counts).item())
        assert i <= exact + Fraction(1, 10**12)
        assert exact - Fraction(1, 10**12) < i + 1


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("parts", [2, 5])
def test_merging_over_one_range_is_exact(draw, parts):
    r = draw(np.random.default_rng(2), 10_007)
    over = extremes(r)
    first, *others = (
        Histogram.of(part, 333, over) for part in np.array_split(r, parts)
    )
    for other in others:
        first = first.merge(other)
    want = Histogram.of(r, 333)
    np.testing.assert_array_equal(first.counts, want.counts)
    assert (first.rmin, first.rmax) == (want.rmin, want.rmax)


def test_merging_over_one_range_is_exact_where_no_float_is_between_its_ends():
    """The centres of the bins cannot be told apart then."""
    h = Histogram([1, 2, 3, 4], 1e6, np.nextafter(1e6, 2e6))
    np.testing.assert_array_equal(h.merge(h).counts, [2, 4, 6, 8])


@pytest.mark.parametrize("draw", DRAWS)
def test_merging_over_two_ranges_moves_a_value_by_half_a_bin_at_most(draw):
    """How many values lie below x, at every edge x: between the true numbers
    half an old width to the left and to the right."""
    rng = np.random.default_rng(3)
    a, b = draw(rng, 4000), draw(rng, 3000) * 3
    ha, hb = Histogram.of(a, 100), Histogram.of(b, 100)
    h = ha.merge(hb)
    both = np.concatenate((a, b)).astype(np.float64)
    assert (h.rmin, h.rmax) == (both.min(), both.max())
    assert h.counts.sum() == both.size
    slack = max(ha.width, hb.width) / 2 * (1 + 1e-9)
    edges = h.rmin + h.width * np.arange(1, 100)
    below = np.cumsum(h.counts)[:-1]
    assert (below >= np.searchsorted(np.sort(both), edges - slack)).all()
    assert (below <= np.searchsorted(np.sort(both), edges + slack)).all()
    back = hb.merge(ha)
    np.testing.assert_array_equal(back.counts, h.counts)


def test_merging_a_range_within_the_other_leaves_the_wider_one_alone():
    wide = Histogram(np.array([1, 2, 3, 4]), 0.0, 4.0)
    narrow = Histogram(np.array([0, 0, 5, 0]), 1.0, 2.0)
    np.testing.assert_array_equal(wide.merge(narrow).counts, [1, 7, 3, 4])


def test_counts_beyond_int32_are_merged():
    wide, narrow = (Histogram([1 << 40, 1], 0.0, x) for x in (4.0, 2.0))
    np.testing.assert_array_equal(
        wide.merge(narrow).counts, [(1 << 41) + 1, 1]
    )


def test_one_value_and_zeros_have_a_histogram():
    for value in (0.0, -2.5, 5e-324, 1e308):
        h = Histogram.of(np.full(9, value), 4)
        np.testing.assert_array_equal(h.counts, [9, 0, 0, 0])
        assert (h.rmin, h.rmax, h.width) == (value, value, 0)
        np.testing.assert_array_equal(h.merge(h).counts, [18, 0, 0, 0])
    zeros = Histogram.of(np.zeros(5), 4)
    spread = Histogram.of(np.array([-1.0, 1.0]), 4)
    np.testing.assert_array_equal(zeros.merge(spread).counts, [1, 0, 5, 1])
    ones = Histogram.of(np.ones(5), 4)
    np.testing.assert_array_equal(ones.merge(spread).counts, [1, 0, 0, 6])


def test_the_smallest_and_the_largest_ranges_work():
    tiny = np.array([0.0, 5e-324])
    np.testing.assert_array_equal(Histogram.of(tiny, 3).counts, [1, 0, 1])
    vast = np.array([-8e307, 0.0, 8e307])
    np.testing.assert_array_equal(Histogram.of(vast, 3).counts, [1, 1, 1])


def test_magnitudes_are_counted_from_zero_on():
    r = np.array([-1.0, 0.25, 0.5])
    h = Histogram.of(np.abs(r), 4, over=(0, 1))
    np.testing.assert_array_equal(h.counts, [0, 1, 1, 1])
    np.testing.assert_array_equal(h.centres, [0.125, 0.375, 0.625, 0.875])


def test_there_are_2048_bins_if_nothing_is_said():
    assert len(Histogram.of(np.array([0.0, 1.0])).counts) == 2048


def test_counts_are_copied_and_locked():
    counts = np.array([1, 2])
    h = Histogram(counts, 0.0, 1.0)
    counts[0] = 9
    assert h.counts.sum() == 3
    with pytest.raises(ValueError, match="read-only"):
        h.counts[0] = 9


def test_a_histogram_cannot_be_changed_and_equals_itself_only():
    h, twin = (Histogram([1, 2], 0.0, 1.0) for _ in range(2))
    with pytest.raises(AttributeError, match="cannot assign to field"):
        h.rmax = 2.0
    assert h == h
    assert h != twin


def test_values_need_not_lie_in_one_piece():
    r = np.random.default_rng(4).normal(size=(30, 40, 50))
    want = Histogram.of(r.ravel()).counts
    np.testing.assert_array_equal(Histogram.of(r).counts, want)
    np.testing.assert_array_equal(Histogram.of(r.T).counts, want)


def test_counts_may_be_as_many_as_float64_can_add():
    most = 2**53 - 1
    assert Histogram([most - 1, 1], 0.0, 1.0).counts.sum() == most


def test_a_range_may_be_given_as_an_array():
    h = Histogram.of(np.array([1.0]), 4, over=np.array([0.0, 4.0]))
    np.testing.assert_array_equal(h.counts, [0, 1, 0, 0])
    assert (type(h.rmin), h.absmax) == (float, 4.0)


SOME = np.array([1.0, 2.0])
MASKED = np.ma.array([0.0, 1e15, 1.0], mask=[0, 1, 0])
MUCH = Histogram([2**52, 0], 0, 1)
BAD = [
    (lambda: Histogram.of([]), "r must be real numbers, one at least, got 0"),
    (lambda: Histogram.of(SOME * np.nan), "r must be finite, got values in"),
    (lambda: Histogram.of([1.0, np.nan]), "r must be finite, got values in"),
    (lambda: Histogram.of([1.0, -np.inf]), "r must be finite, got values in"),
    (lambda: Histogram.of([-np.inf, np.inf]), "r must be finite, got values"),
    (lambda: Histogram.of(SOME * 1j), "of dtype complex128"),
    (lambda: Histogram.of(SOME, 0), "bins must be at least 1, got 0"),
    (lambda: Histogram.of(SOME, 2.0), "bins must be an integer, got 2.0"),
    (
        lambda: Histogram.of(SOME, over=(0, 1.5)),
        "r must be in [0.0, 1.5], got values in [1.0, 2.0]",
    ),
    (lambda: Histogram.of(SOME, over=(3, 0)), "rmin <= rmax must be two"),
    (lambda: Histogram.of([-1e308, 1e308]), "with a finite difference, got"),
    (lambda: Histogram.of(MASKED), "r must have no mask, got masked_array"),
    (lambda: Histogram.of([1, 2**53 + 1]), "float64 must hold the extremes"),
    (lambda: Histogram.of(SOME, over=()), "not enough values"),
    (lambda: Histogram([2**52, 2**52], 0, 1), "less than 2^53 in all, got"),
    (lambda: Histogram(np.array([2**63], "u8"), 0, 1), "got [9223372036854"),
    (lambda: Histogram([2**62] * 4 + [1], 0, 1), "less than 2^53 in all"),
    (lambda: MUCH.merge(MUCH), "less than 2^53 in all, got [9007199254740992"),
    (lambda: Histogram(np.ma.array([1], mask=[1]), 0, 1), "have no mask"),
    (lambda: Histogram([1.5], 0, 1), "counts must be integers"),
    (lambda: Histogram([], 0, 1), "counts must be"),
    (lambda: Histogram([0, 0], 0, 1), "than 2^53 in all, got [0 0]"),
    (lambda: Histogram([2, -1], 0, 1), "none negative"),
    (lambda: Histogram([[2, 1]], 0, 1), "counts must be (bins,)"),
    (lambda: Histogram([2, 1], 1, 0), "rmin <= rmax must be two numbers"),
    (lambda: Histogram([2, 1], 0, np.inf), "rmax must be finite"),
    (lambda: Histogram([2, 1], np.nan, 1), "rmin must not be NaN"),
    (
        lambda: Histogram.of(SOME, 3).merge(Histogram.of(SOME, 4)),
        "merging needs 3 bins in both histograms, got 4",
    ),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_a_bad_histogram_is_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
