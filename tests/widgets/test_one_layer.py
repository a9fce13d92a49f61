"""Which layer hurts?  What the widget says, in Python and in JavaScript."""

import itertools
import json
import re

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint
from traitlets import TraitError

from qlib.data.digits import scans
from qlib.net.graph import inputs
from qlib.net.real import run
from qlib.widgets.layer_table import cell, rate, settings, table, tables
from qlib.widgets.one_layer import LAYERS, OneLayer
from qlib.widgets.sensitivity import BITS, GRIDS, layers
from qlib.zoo import folds
from tests.widgets.twin import Twin

STATES = [
    {"layer": k, "folded": f, "bits": b, "grid": g}
    for k in range(LAYERS)
    for f, b, g in settings()
]
GET = """const sent = { ...data,
    cells: new DataView(Int16Array.from(data.cells).buffer),
    rates: new DataView(Float32Array.from(data.rates).buffer) };"""
SAY = f"""(states, data) => {{ {GET}
  return states.map(s => say(s, name => sent[name])); }}"""
EMPTY = """(states, ranges) => states.map((s, k) => {
  const S = stepsOf(s, ranges[k]);
  return ranges[k].filter((r, i) => becomes0(r, S[i])).length; })"""


@pytest.fixture(scope="module")
def js():
    return Twin(OneLayer)


def unpacked():
    """The tables as plain lists."""
    kinds = {"cells": "<i2", "rates": "<f4", "ranges": "<f4", "counts": "<i2"}
    return tables() | {
        name: np.frombuffer(tables()[name], kind).tolist()
        for name, kind in kinds.items()
    }


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    data = unpacked()
    sent = {n: data[n] for n in ("layers", "cells", "rates")}
    ours = [OneLayer.expected(**state) for state in STATES]
    assert js(SAY, STATES, sent) == ours
    assert len(ours) == LAYERS * 20
    assert len({s["notice"] for s in ours}) == len(ours)


def test_the_filters_drawn_as_lost_are_those_whose_codes_are_all_0(js):
    ranges = iter(unpacked()["ranges"])
    read = {
        (k, folded): [next(ranges) for _ in it.dead]
        for k, it in enumerate(table())
        for folded in (False, True)
    }
    drawn = js(EMPTY, STATES, [read[s["layer"], s["folded"]] for s in STATES])
    wanted = [
        cell(s["layer"], s["folded"], s["bits"], s["grid"]).empty
        for s in STATES
    ]
    assert drawn == wanted
    assert max(wanted) == 47


def test_the_intervals_are_statsmodels(js):
    sent = np.reshape(unpacked()["rates"], (LAYERS + 1, -1, 3))
    for k, (i, at) in itertools.product(
        range(LAYERS + 1), enumerate(settings())
    ):
        it = rate(k, *at)
        low, high = proportion_confint(it.k, it.n, method="wilson")
        assert sent[k, i] == pytest.approx((it.k / it.n, low, high), abs=1e-6)


def test_the_example_of_the_book():
    said = OneLayer.expected(**OneLayer().state())
    spoken = "block 3 depthwise: 95.2 percent if only this one, "
    assert said["valuetext:layer"] == f"{spoken}filters 235 times apart"
    assert said["alone"] == said["all"] == "95.2\u00a0%"
    assert "loses 73 digits, 72 of them in digits-4" in said["notice"]
    assert "44 of 48 filters become 0" in said["notice"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grid": "channel"}, "changes no answer. Each filter has a step of"),
        ({"folded": False}, "before folding, .* p = 1.00.* keeps 14 of 31"),
        ({"layer": 1, "bits": 3}, "loses 129 digits, 38 of them in digits-3"),
        ({"layer": 1, "bits": 4}, r"12 digits, and wins 3 \(.*p = 0.035\)"),
        ({"layer": 12}, "changes no answer. In digits-0, its narrowest"),
    ],
)
def test_the_notice_follows_the_setting(change, words):
    state = OneLayer().state() | change
    assert re.search(words, OneLayer.expected(**state)["notice"])


def test_the_dead_filter_never_sees_anything_but_0():
    (it,) = [it for it in table() if it.dead.any()]
    assert it.name == "block 3 depthwise"
    assert it.dead.tolist() == [True] + [False] * 47
    net = folds("digits")[it.network]
    op = layers(net)[7]
    mine = [np.array_equal(w, it.w[0][0]) for w in op.w]
    h = run(net, scans().x)[inputs(op)[0]]
    assert np.abs(h[:, mine]).max() == 0
    others = h[:, np.logical_not(mine)].max(axis=(0, 2, 3))
    assert others.min() > 0


def test_each_layer_is_drawn_of_the_network_whose_filters_lie_furthest_apart():
    for it in table():
        tops = [np.abs(w).reshape(len(w), -1).max(1) for w in it.w]
        assert (np.diff(tops[1]) <= 0).all()
        assert it.ratio(True) == pytest.approx(tops[1][0] / tops[1][-1])
        assert it.ratio(False) == pytest.approx(max(tops[0]) / min(tops[0]))
    assert table()[7].ratio(True) == pytest.approx(235, abs=0.5)


def test_every_weight_is_in_the_histograms():
    counts = np.reshape(unpacked()["counts"], (LAYERS, 2, len(GRIDS), -1))
    sizes = [it.w[0].size for it in table()]
    assert (counts.sum(-1) == np.array(sizes)[:, None, None]).all()
    np.testing.assert_array_equal(counts[:, 0, 1], counts[:, 1, 1])


@pytest.mark.parametrize(
    ("traits", "must"),
    [
        ({"layer": LAYERS}, r"layer must be in \[0, 16\], got 17"),
        ({"layer": -1}, r"layer must be in \[0, 16\], got -1"),
        ({"bits": 7}, "7"),
        ({"grid": "group"}, "group"),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(traits, must):
    with pytest.raises(TraitError, match=must):
        OneLayer(**traits)


def test_controls_come_back_from_a_page_as_traits():
    page = {"layer": 3, "bits": "4", "grid": "channel", "folded": False}
    assert OneLayer.read(page) == page | {"bits": 4}
    assert OneLayer(**OneLayer.read(page)).state() == page | {"bits": 4}


def test_the_tables_are_small():
    sent = json.dumps(tables()["layers"])
    size = len(sent) + sum(
        len(v) for v in tables().values() if isinstance(v, bytes)
    )
    assert size < 32_000
    assert len(tables()["cells"]) == 2 * 8 * LAYERS * 2 * len(BITS) * 2


@pytest.mark.parametrize("grid", GRIDS)
def test_the_fallbacks_say_the_notice(grid):
    w = OneLayer(grid=grid, layer=12, bits=3)
    bundle, _ = w._repr_mimebundle_()
    assert w.notice() in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())
