"""Where should I clip?  KL, squared error and what was measured, twice."""

import itertools
import json
import math
import re
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from scipy.special import rel_entr
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from traitlets import TraitError

from qlib.calibrate.half_axis import fit
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import (
    clip,
    kl,
    kl_curve_prefix,
    kl_threshold,
    share,
)
from qlib.calibrate.mse import mse, mse_at
from qlib.calibrate.search import merged
from qlib.net.real import run
from qlib.surface.settings import BITS, SHARES, places, subject
from qlib.surface.store import load
from qlib.widgets.clip_rules import (
    SMOOTHINGS,
    Rule,
    candidates,
    errors,
    kl_choice,
    kl_curve,
    kl_pick,
    kl_value,
    mse_choice,
    mse_pick,
    rounding,
    spread,
)
from qlib.widgets.clip_table import (
    CUTS,
    PER,
    inner,
    rate,
    table,
    tables,
    unseen,
    varints,
)
from qlib.widgets.where_to_clip import WhereToClip
from tests.widgets.twin import Twin

ALL = 21
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/kl_calibration.json").read_text()
)
HISTOGRAMS = {
    it["name"]: np.array(it["hist2048"])
    for it in VECTORS["distributions"] + VECTORS["synthetic"]
}
RULES = [
    Rule(smoothing, zeros, bug)
    for smoothing in SMOOTHINGS
    for zeros in (False, True)
    for bug in (False, True)
]
STATES = [
    {"layer": place, "bits": bits, "cut": k, **Rule()._asdict()}
    for place in range(ALL + 1)
    for bits in {4, BITS[place % 6] if place != ALL else 4}
    for k in (5 + place, 64 - bits, (7 * place + 11 * bits) % 64 + 1)
] + [
    {"layer": place, "bits": bits, "cut": k, **rule._asdict()}
    for place, bits, rules in [
        *((place, bits, RULES) for place, bits in [(0, 4), (6, 3), (18, 8)]),
        (ALL, 4, [Rule("MXNet", zeros=True, bug=True)]),
    ]
    for rule in rules
    for k in (1, 21, 49, 64)
]
SENT = """data => {
  const bytes = list => new DataView(Uint8Array.from(list).buffer);
  globalThis.data = { ...data, counts: bytes(data.counts),
    rms: bytes(data.rms), answers: bytes(data.answers) }; return 0; }"""
SAY = "states => states.map(s => say(s, name => data[name]))"
CHOSEN = """states => states.map(s => chosen(tablesOf(n => data[n]), s)).map(
  c => [c.rounding, c.clipping, c.rates, c.same])"""
KL = """(counts, cases, levels) => cases.map(([i, smoothing, zeros, bug]) =>
  String(klAt(counts, i, levels, { smoothing, zeros, bug })))"""


@pytest.fixture(scope="module")
def js():
    """The module, and what Python sends it: unpacked once."""
    twin = Twin(WhereToClip)
    sent = tables().items()
    twin(SENT, {n: list(v) if isinstance(v, bytes) else v for n, v in sent})
    return twin


def number(said):
    return math.inf if said == "Infinity" else float(said)


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    ours = [WhereToClip.expected(**state) for state in STATES]
    assert js(SAY, STATES) == ours
    assert len({it["notice"] for it in ours}) > 150
    assert {it["kl"] == "infinite" for it in ours} == {True, False}


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_kl_is_qlibs_on_the_recorded_histograms(js, name):
    counts, levels = HISTOGRAMS[name], 128
    rules = [rule for rule in RULES if rule.zeros or counts[1:].any()]
    cases = [
        (i, *rule) for rule in rules for i in (32, 128, 129, 640, 1999, 2048)
    ]
    theirs = map(number, js(KL, counts.tolist(), cases, levels))
    for (i, *rule), found in zip(cases, theirs, strict=True):
        wanted = kl_value(counts, i, levels, Rule(*rule))
        assert found == pytest.approx(wanted, abs=1e-9), (i, rule)


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_kl_is_the_recorded_one_where_the_vectors_have_it(js, name):
    known = VECTORS["distributions"] + VECTORS["synthetic"]
    (probe,) = [
        it["migacz_exact"]["probe"] for it in known if it["name"] == name
    ]
    cases = [(int(i), "none", True, False) for i in probe]
    found = js(KL, HISTOGRAMS[name].tolist(), cases, 128)
    wanted = [math.inf if v == "inf" else v for v in probe.values()]
    assert list(map(number, found)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("place", [3, 8, 14])
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_kl_is_the_relative_entropy_of_scipy(place, smoothing):
    it, smooth = table()[place], SMOOTHINGS[smoothing]
    counts = it.h.counts.astype(float)
    counts[0] = 0
    for k in (12, 40, 64):
        P = smooth(clip(counts, PER * k))
        Q = smooth(share(counts[: PER * k], it.levels(4)))
        found = kl_curve(place, 4, Rule(smoothing))[k - 1]
        wanted = rel_entr(P / P.sum(), Q / Q.sum()).sum()
        assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("name", HISTOGRAMS)
@pytest.mark.parametrize("i", [128, 512, 2048])
def test_the_bug_is_that_of_the_converter_where_levels_are_whole_bins(name, i):
    kept = HISTOGRAMS[name][:i].astype(float)
    theirs = merged(kept, np.sign(kept), 128, i - 1)
    ours = spread(kept, 128, 1)
    np.testing.assert_allclose(ours, np.where(kept > 0, theirs, 0))
    assert ours[-1] == 0


def test_without_the_bug_q_is_qlibs():
    for counts in HISTOGRAMS.values():
        np.testing.assert_array_equal(
            spread(counts[:1000], 128, 0), share(counts[:1000], 128)
        )


@pytest.mark.parametrize("bits", [4, 3])
def test_the_bug_makes_kl_infinite_and_smoothed_it_keeps_more(bits):
    picks = {
        rule: [kl_pick(k, bits, rule) for k in inner()]
        for rule in (Rule(bug=True), Rule("MXNet"), Rule("MXNet", bug=True))
    }
    assert set(picks[Rule(bug=True)]) == {None}
    right, wrong = (picks[Rule("MXNet", bug=bug)] for bug in (False, True))
    assert np.median(wrong) >= np.median(right) + 4


def test_the_literal_slide_collapses_on_the_spike_at_0():
    relus = [k for k in inner() if not table()[k].signed]
    for k in relus[:-1]:
        right, literal = (kl_pick(k, 8, Rule(zeros=z)) for z in (False, True))
        assert literal <= 32 < right


@pytest.mark.parametrize("place", [1, 6, 20])
def test_kl_picks_what_the_rule_would_among_these_thresholds(place):
    it = table()[place]
    levels = it.levels(4)
    D = kl_curve_prefix(it.h.counts, levels, ignore_zeros=True)
    i = [PER * k for k in candidates(place, 4)]
    assert min(i) >= levels
    assert max(i) == 2048 - PER
    best = min(i, key=lambda i: D[i - levels])
    assert PER * kl_pick(place, 4, Rule()) == best
    m, _ = kl_threshold(it.h.counts, it.h.width, levels, True)
    assert D[m - levels] <= D[best - levels]


@pytest.mark.parametrize("place", [1, 6, 20])
def test_mse_picks_what_qlib_picks_among_these_thresholds(place):
    it, grid = table()[place], table()[place].grid(4)
    top = mse(it.h, grid, SHARES)[1]
    assert top == pytest.approx(CUTS[mse_pick(place, 4) - 1] / 64 * it.h.rmax)


@pytest.mark.parametrize("place", [0, 1, 6, 20])
def test_a_plain_rule_s_choice_is_that_of_its_criterion(place):
    it = table()[place]
    for bits, zeros in itertools.product(BITS, (False, True)):
        grid, said = it.grid(bits), kl_choice(place, bits, Rule(zeros=zeros))
        assert said == kl(it.h, grid, ignore_zeros=not zeros)[1]
        m, T = kl_threshold(
            it.h.counts, it.h.width, it.levels(bits), not zeros
        )
        finite = kl_value(it.h.counts, m, it.levels(bits), Rule(zeros=zeros))
        assert said == (T if np.isfinite(finite) else it.h.rmax)
        assert mse_choice(place, bits) == mse(it.h, grid)[1]


def test_both_parts_of_the_error_are_qlibs(js):
    states = [
        {"layer": k, "bits": b, **Rule()._asdict()}
        for k in (3, 8, ALL)
        for b in (8, 3)
    ]
    for s, (within, beyond, *_) in zip(
        states, js(CHOSEN, states), strict=True
    ):
        at = s["layer"], s["bits"]
        np.testing.assert_allclose(within, rounding(*at), rtol=1e-9)
        if s["layer"] != ALL:
            total = np.add(within, beyond)
            np.testing.assert_allclose(total, errors(*at), rtol=1e-9)


def test_a_tensor_within_t_is_only_rounded():
    it = table()[6]
    for k in (10, 30):
        kept = Histogram(it.h.counts[: PER * k], 0.0, PER * k * it.h.width)
        wanted = mse_at(kept, *fit(0, kept.rmax, it.grid(4)), it.grid(4))
        share_kept = kept.counts.sum() / it.h.counts.sum()
        found = rounding(6, 4)[k - 1]
        assert found == pytest.approx(wanted * share_kept, rel=1e-6)


def test_intervals_and_tests_are_statsmodels(js):
    states = [
        {"layer": k, "bits": b, **Rule()._asdict()}
        for k in (2, 6, 10, ALL)
        for b in (4, 2)
    ]
    for s, (*_, rates, same) in zip(states, js(CHOSEN, states), strict=True):
        at = s["layer"], s["bits"]
        first, last = unseen(*at) or (1, 0)
        assert same == list(range(first, last + 1))
        for k in (1, 20, 33, 64):
            it = rate(*at, k)
            low, high = proportion_confint(it.k, it.n, method="wilson")
            wanted = it.k / it.n, low, high
            assert rates[k - 1] == pytest.approx(wanted, abs=1e-12)


def test_mcnemar_is_statsmodels(js):
    pairs = [(0, 0), (1, 0), (6, 0), (5, 1), (9, 3), (40, 22), (357, 0)]
    found = js("pairs => pairs.map(p => mcnemar(...p))", pairs)
    wanted = [
        mcnemar([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0
        for b, c in pairs
    ]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_the_accuracy_is_that_of_the_surface():
    s = load()
    for place in (0, 6, ALL):
        for b, bits in enumerate(BITS):
            k = s.right[0] - s.lost[0, place, b] + s.won[0, place, b]
            ours = [rate(place, bits, cut).k for cut in CUTS]
            np.testing.assert_array_equal(ours, k)
    assert rate(6, 3, 16).n == 360


def test_what_is_said_to_be_0_is_0():
    s = subject(0)
    tensors = run(s.net, s.calibration)
    for (name, *_), it in zip(places(), table(), strict=True):
        counted = it.h.counts[0] / it.h.counts.sum()
        if counted > 0.05 and it is not table()[ALL]:
            zeros = np.mean(tensors[name] == 0)
            assert counted == pytest.approx(zeros, abs=0.005), name


def test_integers_travel_as_they_are(js):
    numbers = [0, 1, 127, 128, 300, 16_384, 768_000, 2**31, 2**40]
    view = "new DataView(Uint8Array.from(list).buffer)"
    code = f"list => integers({view})"
    assert js(code, list(varints(numbers))) == numbers


def test_the_example_of_the_book():
    said = WhereToClip.expected(**WhereToClip().state())
    assert said["valuetext:cut"] == (
        "T = 1.57, 9.9 percent clipped, KL 0.388 nats, accuracy 99.4 percent"
    )
    assert said["notice"].startswith(
        "Min-max picks 6.30, the 99.99\u00a0% point 5.59, MSE 2.12, "
        "KL\u00a03.59. From 1.18 to 6.00, 360 digits show no difference"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layer": ALL, "bits": 4}, r"shares.* 1\.00, .* KL\W0\.73\. From"),
        ({"layer": ALL}, "At every threshold, 360 digits show a difference"),
        ({"bug": True}, "bug.nothing: .*; KL is infinite: the bug leaves bin"),
        ({"bug": True, "smoothing": "MXNet"}, "KL with the bug.4.13"),
        (
            {"layer": 1, "cut": 62},
            "; KL is infinite: bin 1.983 is empty, 2 values",
        ),
        ({"layer": ALL, "cut": 63}, "KL is infinite: in 19 of 19 layers"),
        ({"layer": 0, "cut": 2}, "infinite: no bin that is kept holds a"),
        ({"cut": 64}, "T.=.6.30, nothing is clipped."),
    ],
)
def test_the_notice_follows_the_setting(change, words):
    state = WhereToClip().state() | change
    assert re.search(words, WhereToClip.expected(**state)["notice"])


@pytest.mark.parametrize(
    "traits", [{"layer": 22}, {"cut": 0}, {"cut": 65}, {"bits": 7}]
)
def test_a_setting_that_is_not_offered_is_refused(traits):
    with pytest.raises(TraitError):
        WhereToClip(**traits)


def test_controls_come_back_from_a_page_as_traits():
    page = {"layer": "21", "bits": "4", "cut": 30.0, "smoothing": "ncnn"}
    read = WhereToClip.read(page | {"zeros": True, "bug": False})
    assert WhereToClip(**read).state() == read
    assert (read["layer"], read["bits"], read["cut"]) == (21, 4, 30)


def test_the_tables_are_small():
    data = [v for v in tables().values() if isinstance(v, bytes)]
    assert sum(len(b64encode(v)) for v in data) < 140_000


@pytest.mark.parametrize("change", [{}, {"layer": ALL, "bug": True}])
def test_the_fallbacks_say_the_notice(change):
    w = WhereToClip(**change)
    bundle, _ = w._repr_mimebundle_()
    assert w.notice() in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())
