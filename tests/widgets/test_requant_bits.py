"""One rounding or two?  The widget's integers in JS, upstream's and qlib's."""

import itertools
import json
import random
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from traitlets import TraitError

from qlib.requant import (
    Requant,
    multiply,
    multiply_single_rounding,
    requant_from_real,
    rounding_shift_right,
    saturating_rounding_doubling_high_mul,
)
from qlib.widgets.kit import fixed
from qlib.widgets.requant_bits import CHOICES, RequantBits, marks, real
from tests.widgets.twin import Twin

RECORDED = Path(__file__).parents[1] / "vectors/quantize_multiplier.json"
VECTORS = json.loads(RECORDED.read_text("utf8"))
INT32 = [-(2**31), 1 - 2**31, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**31 - 1]
RNG = np.random.default_rng(7)
WORDS = INT32 + RNG.integers(-(2**31), 2**31, 400).tolist()
FACTORS = [0, 1, 2**30, 2**31 - 1]
FACTORS += RNG.integers(2**30, 2**31, 96).tolist()
SHIFTS = range(32)
EDGES = [-20_000, -7984, -347, -1, 0, 1, 347, 7984, 20_000]

HIGH = """pairs => pairs.map(
  ([a, b]) => Number(highMul(BigInt(a), BigInt(b))))"""
SHIFT = """pairs => pairs.map(
  ([x, n]) => Number(shiftRight(BigInt(x), BigInt(n))))"""
BOTH = """all => all.map(([x, m0, shift]) => {
  const p = pipelines(x, { m0, shift }); return [p.two, p.one]; })"""
SAY = """(states, choices) => {
  const sent = choices.map(c => ({ ...c,
    marks: new DataView(Int32Array.from(c.marks).buffer) }));
  return states.map(s => say(s, () => sent)); }"""
WALK = """(marks, from, way) => {
  const seen = [];
  for (let x = jump(marks, from, way); x != null; x = jump(marks, x, way))
    seen.push(x);
  return seen; }"""


@pytest.fixture(scope="module")
def js():
    return Twin(RequantBits)


def test_the_doubling_high_multiply_is_the_one_upstream_recorded(js):
    rows = [r for r in VECTORS["srdhm"] if (r["a"], r["b"]) != (-(2**31),) * 2]
    theirs = js(HIGH, [(r["a"], r["b"]) for r in rows])
    assert theirs == [r["result"] for r in rows]
    assert len(rows) >= 5


def test_the_shift_is_the_one_upstream_recorded(js):
    rows = VECTORS["rounding_divide_by_pot"]
    theirs = js(SHIFT, [(r["x"], r["exponent"]) for r in rows])
    assert theirs == [r["gemmlowp_ties_away"] for r in rows]


def test_both_pipelines_are_the_ones_upstream_recorded(js):
    rows = [
        r
        for r in VECTORS["multiply_by_quantized_multiplier"]
        if r["shift"] <= 0
    ]
    theirs = js(BOTH, [(r["x"], r["q"], -r["shift"]) for r in rows])
    wanted = [[r["double_rounding"], r["single_rounding"]] for r in rows]
    assert theirs == wanted
    assert len(rows) >= 5


def test_the_doubling_high_multiply_is_qlibs(js):
    pairs = list(itertools.product(WORDS, FACTORS))
    a, b = np.array(pairs).T
    ours = saturating_rounding_doubling_high_mul(a, b)
    np.testing.assert_array_equal(js(HIGH, pairs), ours)


def test_the_shift_is_qlibs_with_ties_and_without_a_shift(js):
    ties = [3 << (n - 1) for n in range(1, 30)]
    words = WORDS + ties + [-t for t in ties]
    pairs = list(itertools.product(words, SHIFTS))
    x, n = np.array(pairs).T
    np.testing.assert_array_equal(js(SHIFT, pairs), rounding_shift_right(x, n))


@pytest.mark.parametrize("n", [0, 1, 7, 9, 31])
def test_both_pipelines_are_qlibs(js, n):
    small = range(-2048, 2049, 61)
    pairs = list(itertools.product([*WORDS, *small], FACTORS))
    x, m0 = np.array(pairs).T
    rq = Requant(m0, np.full(len(m0), n))
    ours = np.stack([multiply(x, rq), multiply_single_rounding(x, rq)], -1)
    theirs = js(BOTH, [(*pair, n) for pair in pairs])
    np.testing.assert_array_equal(theirs, ours)


def states():
    pick = random.Random(7)
    for M, (_, limit) in CHOICES.items():
        accs = set(range(-64, 65)) | {a for a in EDGES if abs(a) <= limit}
        accs |= set(marks(M))
        if limit > 64:
            accs |= set(pick.sample(range(-limit, limit + 1), 1000))
        yield from ({"multiplier": M, "acc": acc} for acc in sorted(accs))


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    all_states = list(states())
    sent = [dict(c) for c in RequantBits().choices]
    for c in sent:
        c["marks"] = np.frombuffer(c["marks"], "<i4").tolist()
    ours = [RequantBits.expected(**state) for state in all_states]
    assert js(SAY, all_states, sent) == ours
    verdicts = {s["verdict"].split(";")[-1].split()[-1] for s in ours}
    assert len(verdicts) >= 5, "every sentence was said"


def nearest(v, tie_up):
    """A fraction to the nearest integer, ties up or away from zero."""
    half = Fraction(1, 2)
    return floor(v + half) if tie_up or v >= 0 else -floor(half - v)


def test_a_real_near_a_tie_keeps_its_side_in_both_languages(js):
    near = [k / 2 + s * 2.0**-e for k in (-3, 0, 5) for e in range(9, 41)
            for s in (-1, 0, 1)]  # fmt: skip
    ours = [real(v) for v in near]
    assert js("vs => vs.map(v => real(v))", near) == ours
    halves = {fixed(k / 2, 5) for k in (-3, 0, 5)}
    assert not halves & set(ours)


@pytest.mark.parametrize("M", CHOICES)
def test_marks_are_where_exact_fractions_part(M):
    rq, limit = requant_from_real(M), CHOICES[M][1]
    parted = []
    for x in range(-limit, limit + 1):
        exact = Fraction(x * rq.m0, 2 ** (31 + rq.shift))
        first = Fraction(nearest(exact * 2**rq.shift, True), 2**rq.shift)
        if nearest(first, False) != nearest(exact, True):
            parted.append(x)
    assert parted == list(marks(M))


def test_the_first_marks_are_the_ones_upstream_recorded():
    rows = VECTORS["smallest_abs_x_where_they_differ"]
    rows = [r for r in rows if r["multiplier"] in CHOICES]
    assert {r["multiplier"] for r in rows} >= {0.3, 0.25}
    for r in rows:
        assert min(map(abs, marks(r["multiplier"]))) == abs(r["x"])


def test_the_example_of_the_book():
    w = RequantBits()
    (first, *_) = w.choices
    assert (first["m0"], first["shift"]) == (1583594044, 9)
    said = w.expected(**w.state())
    assert said["valuetext:acc"] == "7984: two roundings give 12, one gives 11"
    assert said["exact"] == "11.49912"
    assert "40 of 40\u202f001 values" in said["notice"]
    quarter = RequantBits(multiplier=0.25, acc=1)
    said = quarter.expected(**quarter.state())
    assert (said["two"], said["one"], said["exact"]) == ("1", "0", "0.25000")


@pytest.mark.parametrize(
    ("M", "acc", "words"),
    [
        (0.25, 2, "0.5 is a tie, and both pipelines round it up."),
        (0.25, -2, "−0.5 is a tie: two roundings end away from zero"),
        (0.25, 8, "2 is an integer: nothing is rounded."),
        (0.25, 3, "Both pipelines give the nearest integer."),
        (0.3, 5, "moved 1.500000000233 onto the tie 1.5; away from zero was"),
        (0.3, 1, "moved 0.30000 onto the tie 0.5; the second cannot know"),
    ],
)
def test_the_verdict_names_the_reason(M, acc, words):
    assert words in RequantBits.expected(multiplier=M, acc=acc)["verdict"]


def test_the_two_buttons_visit_every_mark_and_stop(js):
    for M, (_, limit) in CHOICES.items():
        at = list(marks(M))
        assert js(WALK, at, -limit - 1, 1) == at
        assert js(WALK, at, limit + 1, -1) == at[::-1]
    assert js(WALK, [-1, 0, 1], -1, 1) == [0, 1]


def test_another_multiplier_starts_at_the_nearest_mark(js):
    at = list(marks(0.3))
    assert js("nearest", at, 7984) == at[-1] <= 64
    assert js("nearest", at, -19_000) == at[0] >= -64
    assert js("nearest", at, at[3]) == at[3]


@pytest.mark.parametrize(
    ("traits", "must"),
    [
        ({"acc": 20_001}, r"acc must be in \[-20000, 20000\] .* got 20001"),
        ({"multiplier": 0.3}, r"in \[-64, 64\] for M = 0.3, got 7984"),
        ({"multiplier": 0.5}, "not the float 0.5"),
        ({"acc": 0.5}, "expected an int, not the float 0.5"),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(traits, must):
    with pytest.raises(TraitError, match=must):
        RequantBits(**traits)


def test_a_move_in_the_browser_reaches_both_traits_at_once():
    w = RequantBits()
    w.set_state({"multiplier": 0.3, "acc": 61})  # as the kernel gets it
    assert w.state() == {"multiplier": 0.3, "acc": 61}
    w.set_state(w.start)
    assert w.state() == {"multiplier": 0.001440270393, "acc": 7984}


def test_controls_come_back_from_a_page_as_traits():
    for M in CHOICES:
        page = {"multiplier": json.dumps(M), "acc": -61}
        assert RequantBits.read(page) == {"multiplier": M, "acc": -61}


def test_marks_travel_as_bytes():
    for choice in RequantBits().get_state()["choices"]:
        sent = np.frombuffer(choice["marks"], "<i4").tolist()
        assert sent == list(marks(choice["multiplier"]))


@pytest.mark.parametrize("M", CHOICES)
def test_the_fallbacks_say_the_notice(M):
    w = RequantBits(multiplier=M, acc=marks(M)[-1])
    bundle, _ = w._repr_mimebundle_()
    assert w.notice() in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())
