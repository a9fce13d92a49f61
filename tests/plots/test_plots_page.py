"""A figure in the page: its colours, its words, its ids, its bytes."""

import re
from base64 import b64decode
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from qlib.plots.page import inline_svg, show
from qlib.plots.style import CODE, ERR, HATCH, REAL, TOKENS, axes, number
from qlib.plots.words import spell

ALT = "The error grows by one half from the first code to the second code."
NO_FINDING = ["", "   ", "a plot", "x" * 60, "_images/0123456789abcdef01.png"]
NO_FINDING += ["../_images/a long path with some words in it and no finding"]
PATHS = ["The error of all the codes as it is drawn in error map.png"]


def busy(width):
    """Text, clip paths, markers, a hatch and an image in one figure."""
    fig, (ax,) = axes(width, 160)
    ax.fill_between([0, 1, 2], [0, 1, 0], fc="none", ec=ERR, hatch=HATCH)
    ax.plot([0, 1, 2], [0.5, 0.6, 0.7], "o", color=REAL)
    tile = np.zeros((4, 4, 4))
    tile[..., :3] = mpl.colors.to_rgb(CODE)
    tile[1, 2, 3] = 0.5
    ax.imshow(tile, interpolation="none", extent=(0, 1, 0, 1), aspect="auto")
    ax.text(1, 0.5, "0.070 and 12.34567 < 13 & $S_1$ = $10^{-3}$")
    return fig


def photo(width):
    """An image in many colours."""
    fig, (ax,) = axes(width, 160)
    rgb = np.linspace(0, 1, 48).reshape(4, 4, 3)
    ax.imshow(rgb, interpolation="none")
    return fig


def with_pyplot(width):
    """A figure that pyplot remembers."""
    fig, ax = plt.subplots(figsize=(width / 96, 1))
    ax.plot([0, 1], [0, 1])
    return fig


def ids(html):
    return re.findall(r' id="([^"]+)"', html)


def svgs(html):
    return [*ET.fromstring(html)]


def texts(html):
    return ["".join(t.itertext()) for t in svgs(html)[0].iter("text")]


def test_both_widths_are_there_and_each_says_the_finding():
    wide, narrow = svgs(inline_svg(busy, ALT))
    assert [wide.get("width"), narrow.get("width")] == ["640", "358"]
    assert [wide.get("class"), narrow.get("class")] == ["q-wide", "q-narrow"]
    assert {s.get("role") for s in (wide, narrow)} == {"img"}
    assert {s.get("aria-label") for s in (wide, narrow)} == {ALT}


def test_quotes_and_angles_in_the_text_alternative_are_escaped():
    alt = 'Code "64" is < 65 & > 63, and so 0.0 has a code of its own.'
    assert svgs(inline_svg(busy, alt))[0].get("aria-label") == alt


def test_the_same_figure_gives_the_same_bytes_whatever_the_settings():
    once = inline_svg(busy, ALT)
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path"}):
        assert inline_svg(busy, ALT) == once


def test_settings_outside_are_as_before():
    before = dict(mpl.rcParams)
    inline_svg(busy, ALT)
    assert dict(mpl.rcParams) == before


def test_every_colour_is_a_variable_of_the_page():
    html = inline_svg(busy, ALT)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?!-)", html)
    used = set(re.findall(r"var\(--q-(\w+)", html))
    assert {"err", "code", "real", "muted", "rule"} <= used
    assert used <= TOKENS.keys() | {"mono", "math"}


def test_a_colour_that_is_no_token_is_refused():
    with pytest.raises(ValueError, match="#1f77b4"):
        inline_svg(lambda w: colourful(w, "#1f77b4"), ALT)


def colourful(width, colour):
    fig, (ax,) = axes(width, 100)
    ax.plot([0, 1], [0, 1], color=colour)
    return fig


def test_a_hatch_keeps_the_variable_of_the_error():
    pattern = svgs(inline_svg(busy, ALT))[0].find(".//pattern/path")
    assert "stroke:var(--q-err)" in pattern.get("style")


def test_an_image_of_one_token_is_a_mask_over_its_variable():
    svg = svgs(inline_svg(busy, ALT))[0]
    rect = svg.find(".//rect[@mask]")
    assert rect.get("fill") == "var(--q-code)"
    mask = svg.find(".//mask")
    assert rect.get("mask") == f"url(#{mask.get('id')})"
    assert mask.find("image") is not None


def test_an_image_in_many_colours_stays_as_it_is():
    svg = svgs(inline_svg(photo, ALT))[0]
    assert svg.find(".//image") is not None
    assert svg.find(".//mask") is None


def test_text_stays_text_and_its_numbers_are_not_shortened():
    assert "0.070 and 12.34567 < 13 & S1 = 10−3" in texts(
        inline_svg(busy, ALT)
    )


def test_formulas_are_italic_and_shifted():
    text = ET.Element("text")
    text.text = "step $S_1$ of $r$"
    spell(text)
    assert [t.text for t in text] == ["S", "1", " of ", "r"]
    assert [t.get("dy") for t in text] == [None, "0.2em", "-0.2em", None]
    assert "--q-math" in text[0].get("style")
    assert text[2].get("style") is None


def test_tex_beyond_letters_and_indices_is_refused():
    text = ET.Element("text")
    text.text = r"$\frac{1}{2}$"
    with pytest.raises(ValueError, match="frac"):
        spell(text)


def test_ids_of_two_figures_never_meet_and_all_links_resolve():
    one, two = inline_svg(busy, ALT), inline_svg(with_pyplot, ALT)
    together = ids(one) + ids(two)
    assert len(together) == len(set(together)) > 0
    for html in (one, two):
        links = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', html)
        assert {a or b for a, b in links} == set(ids(html))


def test_nothing_is_fetched_from_elsewhere():
    html = inline_svg(busy, ALT)
    assert not re.search(r"https?:|//[a-z]|@import|<style|<script", html)


def test_no_figure_stays_open():
    inline_svg(with_pyplot, ALT)
    show(with_pyplot, ALT)._repr_mimebundle_()
    assert plt.get_fignums() == []


def test_a_figure_that_fails_is_closed_too():
    with pytest.raises(ZeroDivisionError):
        inline_svg(lambda width: with_pyplot(width) and 1 / 0, ALT)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("alt", NO_FINDING + PATHS)
def test_a_text_alternative_that_is_no_finding_is_refused(alt):
    with pytest.raises(ValueError, match="sentence"):
        show(busy, alt)


def test_a_notebook_gets_svg_png_and_words():
    bundle = show(busy, ALT)._repr_mimebundle_()
    assert bundle["text/html"] == inline_svg(busy, ALT)
    assert b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == ALT


def test_panels_stand_where_their_margins_say():
    fig, (upper, lower) = axes(640, 200, rows=2, gap=(20, 0), top=30)
    box = upper.get_position()
    assert box.x0 * 640 == pytest.approx(46)
    assert box.x1 * 640 == pytest.approx(640 - 16)
    assert (1 - box.y1) * 200 == pytest.approx(30)
    assert (box.y0 - lower.get_position().y1) * 200 == pytest.approx(20)
    assert len(fig.axes) == 2


def test_a_number_has_a_true_minus_sign():
    assert number(-0.0394, ".3f") == "−0.039"
