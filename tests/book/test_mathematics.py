"""Formulas are HTML and MathML when the page arrives."""

import hashlib
import re

import pytest
import quickjs

from qlib.site import mathematics
from qlib.site.build import SITE

KATEX_SHA256 = (
    "fa140498b8cfc8302cbe5e7cb1bdbc1f952bc38b3fa258ede09e73edbf9a74bc"
)


def test_katex_is_the_file_that_npm_ships():
    data = mathematics.KATEX.read_bytes()
    assert hashlib.sha256(data).hexdigest() == KATEX_SHA256


def test_a_formula_is_drawn_and_spoken():
    drawn = mathematics.render(r"r = S (q - Z)", display=False)
    assert "<math" in drawn
    assert 'class="katex-html" aria-hidden="true"' in drawn


def test_the_drawing_of_a_root_is_hidden_from_readers_of_the_page():
    drawn = mathematics.render(r"\sqrt{x}", display=False)
    assert '<svg aria-hidden="true"' in drawn
    assert drawn.count("<svg") == drawn.count('<svg aria-hidden="true"')


def test_macros_take_arguments():
    macros = '{"\\\\round": "\\\\lfloor #1 \\\\rceil"}'
    assert "⌉" in mathematics.render(r"\round{x}", False, macros)


def test_wrong_tex_is_an_error():
    with pytest.raises(quickjs.JSException, match="Undefined control"):
        mathematics.render(r"\nosuch", display=True)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a", "a"),
        ("a\n\nb", r"\begin{gathered}a\\b\end{gathered}"),
        (r"a \\ b", r"\begin{split}a \\ b\end{split}"),
        (
            r"\begin{align}a\end{align}",
            r"\begin{align*}a\end{align*}",
        ),
    ],
)
def test_blocks_are_rewritten_for_katex(tex, expected):
    assert mathematics.lines(tex) == expected


def test_no_page_asks_for_a_script_to_draw_formulas():
    pages = [p.read_text("utf8") for p in SITE.rglob("*.html")]
    assert not any(re.search("<script[^>]*mathjax", p, re.I) for p in pages)
    assert any("katex-mathml" in page for page in pages)
