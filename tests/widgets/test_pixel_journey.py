"""One pixel's journey: its numbers against torch, upstream's and qlib's."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from traitlets import TraitError

from qlib.requant import (
    rounding_shift_right,
    saturating_rounding_doubling_high_mul,
)
from qlib.widgets.one_filter import (
    BIAS,
    SIDE,
    STEPS,
    layer,
    padded,
    shipped,
    trace,
)
from qlib.widgets.pixel_journey import PixelJourney
from tests.widgets.twin import Twin

RECORDED = Path(__file__).parents[1] / "vectors/quantize_multiplier.json"
VECTORS = json.loads(RECORDED.read_text("utf8"))
INT32 = [-(2**31), 1 - 2**31, -(2**30), -3, -1, 0, 1, 3, 2**30, 2**31 - 1]
RNG = np.random.default_rng(8)
WORDS = INT32 + RNG.integers(-(2**31), 2**31, 300).tolist()
FACTORS = [0, 1, 2**30, 2**31 - 1, *RNG.integers(2**30, 2**31, 60).tolist()]
STATES = [
    {"pixel": pixel, "step": step, "zeros": zeros}
    for pixel in range(SIDE**2)
    for step in range(STEPS + 1)
    for zeros in (False, True)
]
HIGH = "pairs => pairs.map(([a, b]) => highMul(a, b))"
SHIFT = "pairs => pairs.map(([x, n]) => shiftRight(x, n) + 0)"
SAY = "(states, layer) => states.map(s => say(s, () => layer))"
LAST = """layers => layers.map(layer => trace(layer).right.map(
  one => [one.values[9], one.values[10], one.code]))"""
BORDER = [k for k in range(SIDE**2) if padded(k)]
INSIDE = [k for k in range(SIDE**2) if not padded(k)]


@pytest.fixture(scope="module")
def js():
    return Twin(PixelJourney)


def conv(q, w, Z, edge, bias=0):
    """torch's convolution of q - Z with a border of one code, in float64."""
    q = np.pad(np.reshape(q, (SIDE, SIDE)), 1, constant_values=edge) - float(Z)
    w = torch.tensor(w, dtype=torch.float64).reshape(1, 1, 3, 3)
    acc = torch.nn.functional.conv2d(torch.tensor(q)[None, None], w)
    return acc[0, 0].numpy() + bias


@pytest.mark.parametrize("zeros", [False, True])
def test_the_accumulators_are_torchs(zeros):
    it = shipped()
    edge = 0 if zeros else it["Z"]
    acc = conv(it["codes"], it["w"], it["Z"], edge, it["bias"])
    np.testing.assert_array_equal(trace(zeros)[BIAS], acc)


def test_the_output_is_the_real_layer_within_half_a_code():
    it = layer()
    S = it.inputs.scale * np.ldexp(float(it.rq.m0), -31 - int(it.rq.shift))
    sums = trace(False)[BIAS] * S / it.inputs.scale
    real = np.clip(sums + it.outputs.zero_point, -128, 127)
    assert abs(trace(False)[-1] - real).max() <= 0.5 + 2.0**-7


def test_the_doubling_high_multiply_is_the_one_upstream_recorded(js):
    rows = [r for r in VECTORS["srdhm"] if r["b"] >= 0]
    theirs = js(HIGH, [(r["a"], r["b"]) for r in rows])
    assert theirs == [r["result"] for r in rows]
    assert len(rows) >= 5


def test_the_shift_is_the_one_upstream_recorded(js):
    rows = VECTORS["rounding_divide_by_pot"]
    theirs = js(SHIFT, [(r["x"], r["exponent"]) for r in rows])
    assert theirs == [r["gemmlowp_ties_away"] for r in rows]


def test_both_are_qlibs_over_int32(js):
    pairs = list(itertools.product(WORDS, FACTORS))
    high = saturating_rounding_doubling_high_mul(*np.array(pairs).T)
    np.testing.assert_array_equal(js(HIGH, pairs), high)
    pairs = list(itertools.product(WORDS, range(32)))
    shifted = rounding_shift_right(*np.array(pairs).T)
    np.testing.assert_array_equal(js(SHIFT, pairs), shifted)


def test_the_browsers_sums_are_torchs_on_random_layers(js):
    layers = []
    for _ in range(20):
        codes = RNG.integers(-128, 128, SIDE**2).tolist()
        w, Z = RNG.integers(-127, 128, 9).tolist(), int(RNG.integers(-128, 99))
        some = {"codes": codes, "w": w, "Z": Z, "bias": 77, "shift": 0}
        layers.append(shipped() | some)
    for it, said in zip(layers, js(LAST, layers), strict=True):
        acc = conv(it["codes"], it["w"], it["Z"], it["Z"]).flatten()
        total = np.array(said)
        np.testing.assert_array_equal(total[:, 0], acc)
        np.testing.assert_array_equal(total[:, 1], acc + 77)
        assert set(np.unique(total[:, 2])) <= set(range(-128, 128))


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    ours = [PixelJourney.expected(**state) for state in STATES]
    assert ours == js(SAY, STATES, shipped())


def test_padding_with_z_adds_nothing_and_padding_with_0_does():
    good, bad = (trace(z).reshape(STEPS + 1, -1) for z in (False, True))
    np.testing.assert_array_equal(good[:, INSIDE], bad[:, INSIDE])
    assert (good[9, BORDER] != bad[9, BORDER]).all()
    assert 0 < (good[-1] != bad[-1]).sum() < len(BORDER)  # ReLU hides some


def test_the_start_can_be_broken_and_mended():
    w = PixelJourney()
    assert padded(w.pixel) == 3
    w.step = STEPS
    right = w.expected(**w.state())
    w.zeros = True
    wrong = w.expected(**w.state())
    assert (right["code"], wrong["code"]) == ("71", "\N{MINUS SIGN}86")
    assert (right["wrong"], wrong["wrong"]) == ("0 of 36", "17 of 36")
    w.zeros = False
    assert w.expected(**w.state()) == right


@pytest.mark.parametrize(
    ("traits", "must"),
    [
        ({"pixel": 36}, "should not be greater than 35"),
        ({"pixel": -1}, "should not be less than 0"),
        ({"step": 15}, "should not be greater than 14"),
        ({"step": 1.5}, "expected an int"),
        ({"zeros": 2}, "expected a boolean"),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(traits, must):
    with pytest.raises(TraitError, match=must):
        PixelJourney(**traits)


def test_controls_come_back_from_a_page_as_traits():
    page = {"pixel": 7, "step": 14.0, "zeros": True}
    assert PixelJourney.read(page) == {"pixel": 7, "step": 14, "zeros": True}


def test_the_fallbacks_say_the_notice():
    w = PixelJourney(zeros=True)
    bundle, _ = w._repr_mimebundle_()
    assert w.notice() in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())
