"""Intervals and paired tests against scipy and statsmodels."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.proportion import proportion_confint

from qlib.stats import Rate, discordant, loss, mcnemar, pool, wilson

RNG = np.random.default_rng(9)
TABLES = 1000
EDGES = [(0, 1), (1, 1), (0, 10), (10, 10), (5, 10), (1797, 1797), (0, 10**9)]
LEVELS = [0.5, 0.9, 0.95, 0.999]
Z = norm.ppf(0.975)
NEAR = {"rel": 1e-12, "abs": 1e-15}


def random_rates():
    """k of n, with n from 1 to 100,000 on a log scale."""
    n = np.floor(10 ** RNG.uniform(0, 5, TABLES)).astype(np.int64)
    return [(int(RNG.integers(0, m + 1)), int(m)) for m in n]


def answers(both, only_a, only_b, neither):
    """Two arrays, shuffled, that make this table."""
    a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    order = RNG.permutation(len(a))
    return a[order], b[order]


def random_tables():
    """The four counts; the disagreements from none to some hundreds."""
    few, some = RNG.integers(0, 6, 2), RNG.integers(0, 300, 2)
    only = few if RNG.random() < 0.5 else some
    return [int(x) for x in (RNG.integers(0, 500), *only, 1)]


@pytest.mark.parametrize("confidence", LEVELS)
def test_the_interval_is_that_of_scipy_and_statsmodels(confidence):
    for k, n in EDGES + random_rates():
        ours = wilson(k, n, confidence)
        scipy = binomtest(k, n).proportion_ci(confidence, "wilson")
        assert ours == pytest.approx((scipy.low, scipy.high), **NEAR)
        theirs = proportion_confint(k, n, 1 - confidence, "wilson")
        assert ours == pytest.approx(theirs, **NEAR)


def test_arrays_give_what_single_rates_give():
    k, n = np.array(EDGES + random_rates()).T
    low, high = wilson(k, n)
    single = np.array([wilson(*pair) for pair in zip(k, n, strict=True)])
    np.testing.assert_array_equal(np.stack([low, high], 1), single)
    assert wilson(np.arange(3)[:, None], np.full(5, 9))[0].shape == (3, 5)


@pytest.mark.parametrize("n", [1, 2, 10, 1797, 10**9])
def test_none_and_all_end_exactly_at_zero_and_one(n):
    z2 = 1.959963984540054**2
    assert wilson(0, n) == (0, pytest.approx(z2 / (n + z2)))
    assert wilson(n, n) == (pytest.approx(n / (n + z2)), 1)
    assert wilson(0, n)[1] == pytest.approx(1 - wilson(n, n)[0], abs=1e-15)


@pytest.mark.parametrize("confidence", LEVELS)
def test_the_ends_are_exact_for_ten_thousand_n(confidence):
    n = np.arange(1, 10_001)
    assert (wilson(0 * n, n, confidence)[0] == 0).all()
    assert (wilson(n, n, confidence)[1] == 1).all()


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Exactly, by enumeration, in the mean over true rates."""
    n, k = 50, np.arange(51)
    low, high = wilson(k, 50)
    true = np.linspace(0.001, 0.999, 999)[:, None]
    hit = (low <= true) & (true <= high)
    covered = np.sum(hit * binom.pmf(k, n, true), axis=1)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize(
    ("k", "n", "message"),
    [
        (-1, 5, "0 <= k <= n and n >= 1 must hold, got -1 of 5"),
        (6, 5, "got 6 of 5"),
        (0, 0, "got 0 of 0"),
        ([1, 6], 5, r"got \[1 6\] of 5"),
        (1.0, 5, "k must be integers, got dtype float64"),
        (1, 5.0, "n must be integers, got dtype float64"),
        (True, 5, "k must be integers, got dtype bool"),
    ],
)
def test_counts_that_are_none_are_refused(k, n, message):
    with pytest.raises(ValueError, match=message):
        wilson(k, n)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 95, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(ValueError, match="between 0 and 1, got"):
        wilson(1, 2, confidence)
    with pytest.raises(ValueError, match="between 0 and 1, got"):
        Rate(1, 2, confidence)


def test_the_paired_test_is_that_of_statsmodels_and_scipy():
    for _ in range(TABLES):
        both, b, c, neither = random_tables()
        ours = mcnemar(*answers(both, b, c, neither))
        table = [[both, b], [c, neither]]
        theirs = their_mcnemar(table, exact=True).pvalue
        assert ours == pytest.approx(theirs, rel=1e-9)
        if b + c:
            scipy = binomtest(b, b + c).pvalue
            assert ours == pytest.approx(scipy, rel=1e-9)


def test_without_disagreement_p_is_one():
    a = np.array([True, False, True])
    assert mcnemar(a, a) == 1.0
    assert mcnemar(np.array([True]), np.array([True])) == 1.0


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [(1, 0, 1), (1, 1, 1), (5, 0, 1 / 16), (6, 0, 1 / 32), (5, 1, 14 / 64)],
)
def test_small_tables_by_hand(b, c, p):
    right = answers(3, b, c, 2)
    assert discordant(*right) == (b, c)
    assert mcnemar(*right) == mcnemar(*right[::-1]) == pytest.approx(p)


def test_under_the_null_p_below_five_percent_is_as_rare_as_it_says():
    """Exactly: over all ways in which 40 fair coins may fall."""
    n = 40
    p = np.array([mcnemar(*answers(0, k, n - k, 0)) for k in range(n + 1)])
    assert np.sum(binom.pmf(np.arange(n + 1), n, 0.5)[p <= 0.05]) <= 0.05


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([True], [True, False], r"got shapes \(1,\) and \(2,\)"),
        (np.zeros(0, bool), np.zeros(0, bool), "not empty"),
        ([1], [True], "must be boolean, got int64 and bool"),
        ([True], [0.5], "must be boolean, got bool and float64"),
    ],
)
def test_answers_that_are_not_paired_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        mcnemar(a, b)


def test_a_rate_carries_its_interval():
    rate = Rate(np.int64(9), 10)
    assert (rate.low, rate.high) == wilson(9, 10)
    assert (rate.p, rate) == (0.9, Rate(9, 10, 0.95))
    for k, n in ((11, 10), (-1, 10), (0, 0)):
        with pytest.raises(ValueError, match="must hold, got"):
            Rate(k, n)
    with pytest.raises(ValueError, match=r"k must be an integer, got 9\.0"):
        Rate(9.0, 10)


def test_folds_are_pooled_by_their_counts():
    rates = [Rate(355, 360), Rate(350, 360), Rate(359, 359)]
    whole = pool(iter(rates))
    assert whole == Rate(1064, 1079)
    assert (whole.low, whole.high) == wilson(1064, 1079)
    assert pool([Rate(1, 2, 0.9)]) == Rate(1, 2, 0.9)


def test_unequal_folds_only_make_the_pooled_interval_too_wide():
    """The identity of `pool`, on the exact distribution of two folds."""
    n, p = (30, 50), (0.99, 0.8)
    k = [np.arange(m + 1) for m in n]
    law = [binom.pmf(k[i], n[i], p[i]) for i in (0, 1)]
    both = np.convolve(*law)
    total = np.arange(81)
    mean = np.sum(total * both)
    variance = np.sum((total - mean) ** 2 * both)
    q = mean / 80
    spread = sum(m * (r - q) ** 2 for m, r in zip(n, p, strict=True))
    assert variance == pytest.approx(80 * q * (1 - q) - spread)
    low, high = wilson(total, 80)
    assert np.sum(both[(low <= q) & (q <= high)]) > 0.95


def test_folds_that_do_not_go_together_are_refused():
    with pytest.raises(
        ValueError, match=r"one confidence are needed, got \[\]"
    ):
        pool([])
    with pytest.raises(ValueError, match=r"needed, got \[0.9, 0.95\]"):
        pool([Rate(1, 2, 0.9), Rate(1, 2)])


def test_the_interval_of_a_loss_is_the_one_of_the_four_cells():
    rng = np.random.default_rng(11)
    for _ in range(300):
        n = int(rng.integers(5, 2000))
        a, b = rng.random((2, n)) < rng.uniform(0.1, 1, (2, 1))
        cells = np.array([[a & b, a & ~b], [~a & b, ~a & ~b]]).sum(-1) + 0.5
        p = cells / cells.sum()
        d = p[0, 1] - p[1, 0]
        wald = np.sqrt((p[0, 1] + p[1, 0] - d**2) / cells.sum())
        low, high = loss(a, b)
        assert abs(low - (d - Z * wald)) < 1e-12
        assert abs(high - (d + Z * wald)) < 1e-12


def test_the_interval_of_a_loss_holds_the_truth_as_often_as_it_says():
    rng, held, n = np.random.default_rng(12), 0, 400
    for _ in range(2000):
        both = rng.choice(4, n, p=[0.9, 0.05, 0.03, 0.02])
        a, b = both < 2, (both == 0) | (both == 2)
        low, high = loss(a, b)
        held += low <= 0.02 <= high
    assert 0.94 < held / 2000 < 0.97
