"""Where does 0.0 land?  The widget's numbers, against qlib and in JS."""

import itertools
import random

import numpy as np
import pytest
from traitlets import TraitError

from qlib.affine import affine_qparams, tflite
from qlib.grid import signed, unsigned
from qlib.widgets.affine_ruler import AffineRuler
from tests.widgets.twin import Twin

BITS = [2, 3, 4, 8]
GRIDS = {"int": signed, "uint": unsigned}
TENTHS = list(itertools.combinations(range(-60, 61), 2))  # rmin < rmax
ALL = """(ts, qmin, qmax) =>
  ts.map(([a, b]) => qparams(a / 10, b / 10, qmin, qmax))"""
FEW = random.Random(5).sample(
    list(itertools.product(TENTHS, BITS, GRIDS, [True, False])), 3000
)
EDGES = [(-60, 60), (0, 1), (-1, 0), (0, 60), (-60, 0), (21, 35), (-60, -59)]


@pytest.fixture(scope="module")
def js():
    return Twin(AffineRuler)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("bits", BITS)
def test_scale_and_zero_point_are_tflites_at_every_setting(js, bits, grid):
    g = GRIDS[grid](bits)
    rmin, rmax = np.array(TENTHS).T / 10
    ours = affine_qparams(rmin, rmax, g, axis=0, zero_point=tflite)
    S, Z = np.array(js(ALL, TENTHS, g.qmin, g.qmax)).T
    np.testing.assert_array_equal(S, ours.scale)
    np.testing.assert_array_equal(Z, ours.zero_point)


def settings():
    for (a, b), bits, grid, nudge in [
        *FEW,
        *itertools.product(EDGES, BITS, GRIDS, [True, False]),
    ]:
        state = {"rmin": a / 10, "rmax": b / 10, "bits": bits, "grid": grid}
        yield state | {"nudge": nudge}


def test_every_string_is_the_same_in_python_and_in_javascript(js):
    states = list(settings())
    ours = [AffineRuler.expected(**state) for state in states]
    assert ours == js("states => states.map(say)", states)


def test_nudged_zero_is_exact_at_every_setting(js):
    states = [state for state in settings() if state["nudge"]]
    assert all(AffineRuler.expected(**s)["zero"] == "0.0" for s in states)


def test_zero_is_lost_outside_the_range_and_comes_back():
    w = AffineRuler(rmin=2.1, rmax=3.5, nudge=False)
    assert w.expected(**w.state())["zero"] == "2.100"
    w.nudge = True
    assert w.expected(**w.state())["zero"] == "0.0"
    assert "grew from (2.1, 3.5) to (0.0, 3.5)" in w.notice()


@pytest.mark.parametrize(
    ("traits", "must"),
    [
        ({"rmin": 1.0, "rmax": 1.0}, "rmin < rmax must hold, got 1 and 1"),
        ({"rmin": 4.0}, "rmin < rmax must hold, got 4 and 3"),
        ({"rmin": -6.1}, "multiple of 0.1 in .* got -6.1"),
        ({"rmax": 0.25}, "multiple of 0.1 in .* got 0.25"),
        ({"rmax": float("nan")}, "multiple of 0.1 in .* got nan"),
        ({"bits": 5}, r"any of \[2, 3, 4, 8\], not the int 5"),
        ({"grid": "sint"}, r"any of \['int', 'uint'\]"),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(traits, must):
    with pytest.raises(TraitError, match=must):
        AffineRuler(**traits)


def test_a_refused_setting_leaves_the_widget_as_it_was():
    w = AffineRuler()
    with pytest.raises(TraitError):
        w.rmin = 3.0
    assert w.state() == w.start


def test_float_drift_snaps_to_tenths():
    assert AffineRuler(rmin=-0.1 * 3).rmin == -0.3


def test_both_ends_move_together_past_each_other():
    w = AffineRuler()
    with w.hold_trait_notifications():
        w.rmin, w.rmax = 4.0, 5.0
    assert (w.rmin, w.rmax) == (4.0, 5.0)


def test_a_move_in_the_browser_reaches_the_traits():
    w = AffineRuler()
    w.set_state({"rmin": 4, "rmax": 5, "bits": 8})  # as the kernel gets it
    assert (w.rmin, w.rmax, w.bits) == (4.0, 5.0, 8)


def test_controls_come_back_from_a_page_as_traits():
    page = {"rmin": -1, "bits": "4", "grid": "uint", "nudge": False}
    assert AffineRuler.read(page) == page | {"rmin": -1.0, "bits": 4}


def test_the_fallbacks_say_the_notice():
    w = AffineRuler()
    bundle, _ = w._repr_mimebundle_()
    view = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {view, "text/html", "image/png", "text/plain"}
    assert w.notice() in bundle["text/html"]
    assert bundle[view]["model_id"] in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"].endswith(w.notice())


def test_the_page_gets_what_the_browser_harness_needs():
    state = AffineRuler(rmin=-2.0).get_state()
    assert state["kind"] == "qlib.widgets.affine_ruler.AffineRuler"
    assert state["start"] == {
        "bits": 4, "grid": "int", "nudge": True, "rmax": 3.0, "rmin": -2.0
    }  # fmt: skip
