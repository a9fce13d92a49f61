"""Numbers as readers see them are the same in Python and in JavaScript."""

import sys
from types import ModuleType

import numpy as np
import pytest

from qlib.rounding import half_away, half_even
from qlib.widgets.affine_ruler import AffineRuler
from qlib.widgets.kit import Widget, digits, fixed, percent
from tests.widgets.twin import Twin

RNG = np.random.default_rng(0)
TIES = np.arange(-4096, 4096) / 1024  # exact in binary: ties of three digits
NUMBERS = np.concatenate(
    [
        [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, 0.125, -0.125, 9.995, 0.09995],
        [0.01, 0.00999, 0.009995, 999.5, 9999.5, 1e6, 123456789.25, 1e15],
        [5e-324, 1e-300, 1e300, 2.0**53, 0.1, 0.3, 1.005, 1.255, -1e-9],
        [np.nextafter(0.5, 0), -np.nextafter(0.5, 0), 2.0**52 - 0.5],
        TIES,
        RNG.normal(size=2000),
        RNG.normal(size=2000) * 10.0 ** RNG.integers(-9, 9, 2000),
    ]
).tolist()


@pytest.fixture(scope="module")
def js():
    return Twin(AffineRuler)


@pytest.mark.parametrize("places", [0, 1, 2, 3, 4])
def test_fixed_says_the_same_in_both_languages(js, places):
    xs = [x for x in NUMBERS if abs(x) < 1e21]  # where toFixed gives up
    theirs = js(f"xs => xs.map(x => fixed(x, {places}))", xs)
    assert [fixed(x, places) for x in xs] == theirs


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_digits_says_the_same_in_both_languages(js, n):
    xs = [x for x in NUMBERS if abs(x) < 1e21]
    theirs = js(f"xs => xs.map(x => digits(x, {n}))", xs)
    assert [digits(x, n) for x in xs] == theirs


def test_percent_says_the_same_in_both_languages(js):
    xs = np.linspace(-0.1, 1.1, 4801).tolist()
    assert [percent(x) for x in xs] == js("xs => xs.map(x => percent(x))", xs)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(half_even, "halfEven"), (half_away, "halfAway")]
)
def test_rounding_is_the_same_in_both_languages(js, ours, theirs):
    xs = [x for x in NUMBERS if abs(x) < 2**53]
    rounded = js(f"xs => xs.map(x => {theirs}(x))", xs)
    np.testing.assert_array_equal(ours(np.array(xs)), rounded)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (fixed(-0.0625, 3), "−0.063"),
        (fixed(-0.0004, 3), "0.000"),
        (fixed(1234567.0), "1\u202f234\u202f567"),
        (fixed(999.0), "999"),
        (digits(0.0181), "0.0181"),
        (digits(0.00102), "1.02\u00a0×\u00a010⁻³"),
        (digits(-0.00102), "−1.02\u00a0×\u00a010⁻³"),
        (digits(0), "0"),
        (digits(8.0), "8.00"),
        (percent(0.978), "97.8\u00a0%"),
    ],
)
def test_numbers_look_as_the_book_writes_them(said, wanted):
    assert said == wanted


def test_a_widget_without_its_own_source_is_refused():
    with pytest.raises(FileNotFoundError, match="needs its own"):
        type("Lost", (Widget,), {"__module__": __name__})


@pytest.fixture
def lost(tmp_path):
    """Makes a widget of these modules, and its source, in a folder."""

    def make(*parts, sources):
        for name, source in sources.items():
            (tmp_path / name).write_text(source, "utf8")
        modules = {n: ModuleType(n) for n in (*parts, "lost")}
        for name, module in modules.items():
            module.__file__ = str(tmp_path / f"{name}.py")
        sys.modules["lost"] = modules.pop("lost")
        names = {"__module__": "lost", "parts": tuple(modules.values())}
        return type("Lost", (Widget,), names)

    yield make
    del sys.modules["lost"]


def test_a_widget_is_the_kit_its_parts_and_its_own_source(lost):
    own = {"lost.js": "own()", "a.js": "a()", "b.js": "b()", "b.css": "b {}"}
    made = lost("b", "a", sources=own)
    assert made._esm.startswith(AffineRuler._esm[:1000])
    assert made._esm.splitlines()[-3:] == ["b()", "a()", "own()"]
    assert made._css.splitlines()[-1] == "b {}"


def test_a_part_without_a_source_is_refused(lost):
    with pytest.raises(FileNotFoundError, match=r"needs its own.*gone\.py"):
        lost("gone", sources={"lost.js": ""})
