"""What was made lighter looks as it did."""

import re
from importlib.resources import files

import numpy as np
import pydata_sphinx_theme
import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from qlib.plots import shorter, svg
from qlib.plots.page import WIDTHS, inline_svg
from qlib.plots.style import CODE, ERR, HATCH, REAL, axes
from qlib.site import lighter
from qlib.site.build import SITE
from tests.book.conftest import Configuration
from tests.book.test_pages import WITH_SEARCH

FONTS = "vendor/fontawesome/webfonts"
THEIRS = files(pydata_sphinx_theme) / "theme/pydata_sphinx_theme/static"
FILES = ["fa-solid-900", "fa-regular-400", "fa-brands-400"]
LIGHT = Configuration("light", 1280, "http")
ALT = "The error grows by one half from the first code to the second code."
MORE = "M0 0L1.500000 0L1.500000 0.125000z"
SHEET = """.fa-sun:before,.fa-star:before{content:"\\f185"}
.fa-moon:before{content:"\uf186"}.fa-x:before{content:"\\+"}
.fa-lg{font-size:2em}p:before{content:"\\f107";font-family:"Font Awesome"}"""
PAGE = """<i class="fa-solid fa-sun"></i><span class="p">out</span>
<div class="highlight"><pre><span></span><span class="n">a</span>\
<span class="o">=</span><span class="p">(</span><span class="w"> </span></pre>
</div><div class="highlight"><pre><span class="k">if</span></pre></div>"""


def glyphs(file):
    """Character -> the pen's way round its glyph."""
    with TTFont(file) as font:
        drawn = font.getGlyphSet()
        found = {}
        for code, name in font.getBestCmap().items():
            pen = RecordingPen()
            drawn[name].draw(pen)
            found[chr(code)] = (drawn[name].width, pen.value)
    return found


SHOWN = """() => [...document.querySelectorAll("*")].flatMap(e =>
  ["::before", "::after"].map(pseudo => {
    const { fontFamily, fontWeight, content } = getComputedStyle(e, pseudo);
    return [fontFamily, fontWeight, content];
  })).filter(([family, , content]) =>
    family.includes("Font Awesome") && /^"./.test(content))"""


@pytest.mark.parametrize("name", WITH_SEARCH)
def test_every_icon_of_a_page_has_its_glyph(visit, name):
    have = {f: glyphs(SITE / "_static" / FONTS / f"{f}.woff2") for f in FILES}
    shown = visit(name).evaluate(SHOWN)
    assert len(shown) > 3
    for family, weight, content in shown:
        free = "solid-900" if weight == "900" else "regular-400"
        font = "brands-400" if "Brands" in family else free
        assert set(content.strip('"')) <= have[f"fa-{font}"].keys()


@pytest.mark.parametrize("font", FILES)
def test_a_glyph_is_drawn_as_the_theme_draws_it(font):
    theirs = glyphs(THEIRS / FONTS / f"{font}.woff2")
    ours = glyphs(SITE / "_static" / FONTS / f"{font}.woff2")
    assert 0 < len(ours) < len(theirs) / 4
    assert ours == {c: theirs[c] for c in ours}


@pytest.mark.parametrize("font", FILES)
def test_a_font_is_small(font):
    file = SITE / "_static" / FONTS / f"{font}.woff2"
    assert file.stat().st_size < 10_000


def test_the_rules_of_all_other_icons_are_gone():
    css = (SITE / "_static/styles/pydata-sphinx-theme.css").read_text("utf8")
    theirs = (THEIRS / "styles/pydata-sphinx-theme.css").read_text("utf8")
    assert len(re.findall(r"\.fa-[a-z-]+:before", theirs)) > 1800
    assert len(re.findall(r"\.fa-[a-z-]+:before", css)) < 60
    rest = re.sub(r'(\.fa-[a-z0-9-]+:before,?)+\{content:"[^"]*"\}', "", css)
    assert rest == re.sub(
        r'(\.fa-[a-z0-9-]+:before,?)+\{content:"[^"]*"\}', "", theirs
    )


@pytest.fixture
def site(tmp_path):
    """A page, a script, a style sheet and the theme's font."""
    (tmp_path / "page.html").write_text(PAGE, "utf8")
    (tmp_path / "a.js").write_text("icon('fa-x')", "utf8")
    (tmp_path / "a.css").write_text(SHEET, "utf8")
    font = tmp_path / "fontawesome/webfonts/fa-solid-900.woff2"
    font.parent.mkdir(parents=True)
    font.write_bytes((THEIRS / FONTS / font.name).read_bytes())
    lighter.lighten(tmp_path)
    return tmp_path


def test_what_a_page_or_a_script_or_another_rule_shows_is_kept(site):
    moon = '.fa-moon:before{content:"\uf186"}'
    assert (site / "a.css").read_text("utf8") == SHEET.replace(moon, "")
    (font,) = site.rglob("*.woff2")
    assert {"\uf185", "\uf107", "+"} <= glyphs(font).keys()
    assert "\uf186" not in glyphs(font)


def test_tokens_without_a_colour_lose_their_mark_in_code_only(site):
    text = (site / "page.html").read_text("utf8")
    assert '<span class="p">out</span>' in text
    assert (
        '<pre style="color:inherit"><span></span>a'
        '<span class="o">=</span>( </pre>'
    ) in text
    assert '<pre><span class="k">if</span></pre>' in text


def test_the_same_bytes_come_out_twice(site):
    files = [f for f in site.rglob("*") if f.is_file()]
    once = {f: f.read_bytes() for f in files}
    lighter.lighten(site)
    assert {f: f.read_bytes() for f in files} == once


TOKENS = """() => {
  const pre = document.querySelector('.highlight pre[style]');
  const look = e => {
    const s = getComputedStyle(e);
    return [s.color, s.backgroundColor, s.font, s.textDecoration, s.border];
  };
  const bare = pre.appendChild(document.createElement("span"));
  return ["n", "nn", "p", "w", "k"].filter(name => {
    const token = pre.appendChild(document.createElement("span"));
    token.className = name;
    return `${look(token)}` != `${look(bare)}`;
  });
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_token_without_a_mark_looks_as_with_it(visit, theme):
    page = visit("book/affine", Configuration(theme, 1280, "http"))
    page.wait_for_timeout(300)
    assert page.evaluate(TOKENS) == ["k"]  # a keyword has a colour


def busy(width):
    """Lines, boxes, curves, markers, a hatch, haloed and other words."""
    rng = np.random.default_rng(7)
    fig, axs = axes(width, 260, cols=2)
    for ax in axs:
        ax.plot(rng.normal(size=40), color=REAL)
        ax.step(range(40), rng.normal(size=40), color=CODE, lw=0.5)
        ax.bar(range(9), rng.normal(size=9), fc="none", ec=ERR, hatch=HATCH)
        ax.scatter(*rng.normal(size=(2, 30)), c=ERR, alpha=0.4)
        ax.plot([3, 3, 20, 20, 3], [0, 2, 2, 0, 0], color=CODE, lw=3)
        ax.fill_between([0, 9, 9, 30], [0, 0, 2, 1], color=CODE, alpha=0.3)
        for k, word in enumerate(["0.070", "$S_1$", "half away"] * 3):
            ax.text(4 * k, 1, word, color=[ERR, REAL][k % 2], gid=f"halo{k}")
    return fig


def rounded(d):
    """A path with two decimals, and else as matplotlib wrote it."""
    return re.sub(r"-?\d+\.\d+", shorter.two_decimals, d)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_figure_in_fewer_bytes_is_the_same_to_the_pixel(
    browser, monkeypatch, scale
):
    short = inline_svg(busy, ALT)
    monkeypatch.setattr(svg, "share", lambda root: None)
    monkeypatch.setattr(shorter, "path", rounded)
    whole = inline_svg(busy, ALT)
    assert len(short) < 0.7 * len(whole)
    page = browser.new_page(device_scale_factor=scale)
    shots = []
    for html in (whole, short):
        page.set_content(html)
        seen = page.locator("svg")
        shots.append([seen.nth(k).screenshot() for k in range(len(WIDTHS))])
    page.close()
    assert shots[0] == shots[1]
