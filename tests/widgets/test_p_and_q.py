"""P and Q by hand: what it says and draws, in Python and in JavaScript."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import entropy
from traitlets import TraitError

from qlib.calibrate.kl import kl_curve
from qlib.widgets.kl_by_hand import CUTS, LEVELS, MISTAKES, SETS, Hand, pick
from qlib.widgets.p_and_q import PAndQ
from tests.widgets.twin import Twin

STATES = [
    {"data": data, "cut": i, "step": step, "mistake": mistake}
    for data, i, step, mistake in itertools.product(
        SETS, CUTS, (1, 2, 3, 4), MISTAKES
    )
]
HANDS = [Hand(*at) for at in itertools.product(SETS, CUTS, MISTAKES)]
PICKS = {
    ("tail", "none"): 8,
    ("tail", "clipped"): 4,
    ("tail", "empty"): 8,
    ("gap", "none"): 13,
    ("gap", "clipped"): 4,
    ("gap", "empty"): 5,
    ("bounded", "none"): 15,
    ("bounded", "clipped"): 4,
    ("bounded", "empty"): 15,
}
SAY = "(states, sets) => states.map(s => say(s, () => sets))"
WORK = """all => all.map(([counts, i, mistake]) => {
  const h = hand(counts, i, mistake), far = x => x === Infinity ? 9e99 : x;
  return { P: h.P, Q: h.Q, filled: h.filled, kl: far(h.kl),
    terms: h.terms.map(far), sums: h.levels.map(v => v.sum),
    shares: h.levels.flatMap(v => Array(v.to - v.from).fill(v.each)) }; })"""


@pytest.fixture(scope="module")
def js():
    return Twin(PAndQ)


@pytest.fixture(scope="module")
def drawn(js):
    """What JavaScript draws of each of HANDS."""
    return js(WORK, [(SETS[h.data], h.i, h.mistake) for h in HANDS])


def by_hand(h):
    """P and Q bin by bin, with none of qlib's functions."""
    counts, beyond = list(SETS[h.data]), sum(SETS[h.data][h.i :])
    P = counts[: h.i]
    P[-1] += beyond
    given = P if h.mistake == "clipped" else counts[: h.i]
    Q = []
    for k in range(h.i):
        level = [
            c for j, c in enumerate(given) if 4 * j // h.i == 4 * k // h.i
        ]
        among = level if h.mistake == "empty" else [c for c in level if c]
        shared = given[k] or h.mistake == "empty"
        Q.append(sum(level) / len(among) if shared else 0)
    return P, Q


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    ours = [PAndQ.expected(**state) for state in STATES]
    assert js(SAY, STATES, {n: list(c) for n, c in SETS.items()}) == ours
    assert len(ours) == 3 * 13 * 4 * 3
    assert len({s["notice"] for s in ours}) > 400


def test_p_and_q_are_what_a_hand_gets():
    for h in HANDS:
        P, Q = by_hand(h)
        np.testing.assert_array_equal(h.P, P)
        np.testing.assert_allclose(h.Q, Q, rtol=1e-15)


def test_kl_is_scipys():
    for h in HANDS:
        assert h.kl == pytest.approx(entropy(h.P, h.Q), rel=0, abs=1e-12)
        terms = rel_entr(h.P / h.P.sum(), h.Q / h.Q.sum())
        np.testing.assert_allclose(h.terms, terms, rtol=0, atol=1e-12)
    assert sum(math.isinf(h.kl) for h in HANDS) == 15


def test_javascript_draws_the_same_bars_levels_and_terms(drawn):
    for h, it in zip(HANDS, drawn, strict=True):
        assert it["P"] == h.P.tolist()
        assert it["filled"] == h.filled.tolist()
        np.testing.assert_array_equal(it["Q"], h.Q)
        far = np.where(np.isinf(h.terms), 9e99, h.terms)
        np.testing.assert_allclose(it["terms"], far, rtol=1e-12, atol=1e-15)
        given = h.P if h.mistake == "clipped" else h.counts[: h.i]
        assert sum(it["sums"]) == given.sum()
        there = h.Q > 0
        np.testing.assert_array_equal(
            np.array(it["shares"])[there], h.Q[there]
        )


def test_every_bin_of_javascript_has_the_level_of_the_rule(js):
    ranges = """is => is.map(i => hand(Array(16).fill(1), i, "none").levels
      .flatMap((v, j) => Array(v.to - v.from).fill(j)))"""
    wanted = [[LEVELS * k // i for k in range(i)] for i in CUTS]
    assert js(ranges, list(CUTS)) == wanted


@pytest.mark.parametrize(("data", "mistake"), PICKS)
def test_the_picks(js, data, mistake):
    m = PICKS[data, mistake]
    assert pick(data, mistake) == m
    picked = "(c, mistake) => pick(curve(c, mistake))"
    assert js(picked, SETS[data], mistake) == m
    D = [entropy(*by_hand(Hand(data, i, mistake))) for i in CUTS[:-1]]
    assert LEVELS + int(np.argmin(D)) == m


@pytest.mark.parametrize("data", SETS)
def test_without_a_mistake_it_is_the_rule_of_the_core(data):
    ours = [Hand(data, i).kl for i in CUTS[:-1]]
    np.testing.assert_array_equal(ours, kl_curve(SETS[data], LEVELS))


def test_each_histogram_shows_what_it_is_for():
    assert [i for i in CUTS if math.isinf(Hand("tail", i).kl)] == [
        12,
        13,
        14,
        15,
    ]
    hill = sum(SETS["gap"][5:])
    assert Hand("gap", pick("gap")).beyond == 2
    assert Hand("gap", pick("gap", "empty")).beyond == hill == 30
    full = Hand("bounded", 16).kl
    assert all(Hand("bounded", i).kl > full for i in CUTS[:-1])
    assert all(c > 0 for c in SETS["bounded"])
    for data in SETS:
        assert Hand(data, 4, "clipped").kl == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Bin 5 adds most, 0.1077: P has 14 of 124, Q has 5 of 115. KL"),
        ({"step": 1}, "^6 of 16 bins are kept; 9 values of 124 lie beyond"),
        ({"step": 1, "cut": 13}, "1 value of 124 lies beyond the cut. KL is"),
        ({"step": 2}, "goes to bin 5, which now counts 14.$"),
        ({"step": 3}, r"floor\(4 k / 6\).* hold 115 values, without the 9"),
        ({"cut": 12}, "P > 0 and Q = 0: bin 11 is empty, and 1 value is"),
        ({"cut": 8}, "KL picks T\u00a0=\u00a08.5.$"),
        ({"cut": 16}, "no candidate; its KL is more than the 0.0307 of"),
        ({"data": "bounded", "cut": 16}, "its KL is less than the 0.0665 of"),
        ({"mistake": "clipped"}, "0.0090, not 0.0499.* now picks 4.5, not 8"),
        ({"mistake": "clipped", "step": 3}, "124 values, the 9 clipped among"),
        ({"mistake": "empty"}, "No empty bin gets .* still picks 8.5.$"),
        ({"mistake": "empty", "cut": 12}, "1 empty bin .* not infinite"),
        ({"mistake": "empty", "cut": 15}, "bins 12 to 14 are empty, and 1"),
        ({"mistake": "clipped", "cut": 4}, "the same, and every term is 0"),
    ],
)
def test_the_notice_follows_the_state(change, words):
    said = PAndQ.expected(**PAndQ().state() | change)["notice"]
    assert re.search(words, said), said


def test_the_spoken_value_and_the_readouts():
    said = PAndQ.expected(data="tail", cut=8, step=4, mistake="none")
    assert said["valuetext:cut"] == (
        "8 of 16 bins kept, T = 8.5, 3.2 percent clipped, KL 0.0307 nats"
    )
    assert said["clipped"] == "4 (3.2\u00a0%)"
    assert (said["kl"], said["threshold"]) == ("0.0307", "8.5")
    said = PAndQ.expected(data="tail", cut=12, step=1, mistake="none")
    end = "KL infinite: bin 11 is empty, and 1 value is clipped"
    assert said["valuetext:cut"].endswith(end)
    assert said["kl"] == "infinite"


def test_every_choice_is_seen_wherever_it_is_made():
    def said(**change):
        return tuple(PAndQ.expected(**state | change).items())

    for state in STATES:
        assert len({said(mistake=m) for m in MISTAKES}) == 3, state
        assert len({said(step=k) for k in (1, 2, 3, 4)}) == 4, state
        assert len({said(data=d) for d in SETS}) == 3, state


@pytest.mark.parametrize(
    ("traits", "must"),
    [
        ({"cut": 3}, "3"),
        ({"cut": 17}, "17"),
        ({"step": 5}, "5"),
        ({"data": "flat"}, "flat"),
        ({"mistake": "all"}, "all"),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(traits, must):
    with pytest.raises(TraitError, match=must):
        PAndQ(**traits)


def test_controls_come_back_from_a_page_as_traits():
    page = {"data": "gap", "cut": 12, "step": "2", "mistake": "empty"}
    assert PAndQ.read(page) == page | {"step": 2}
    assert PAndQ(**PAndQ.read(page)).state() == page | {"step": 2}


@pytest.mark.parametrize(
    "state", [{}, {"data": "bounded", "cut": 16, "step": 1}, {"cut": 12}]
)
def test_the_fallbacks_say_the_notice(state):
    w = PAndQ(**state)
    bundle, _ = w._repr_mimebundle_()
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())
    assert "KL picks 8.5" in bundle["text/html"] or w.data != "tail"
