"""Formulas become HTML and MathML when the book is built: KaTeX in an
embedded JavaScript engine, so a page needs no script to show them.

Source: KaTeX 0.19.1 (`katex/katex.min.js`, MIT), run by QuickJS.
"""

from __future__ import annotations

import functools
import html
import json
import re
from pathlib import Path
from typing import Any

import quickjs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).with_name("katex") / "katex.min.js"
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|alignat|gather)\}")
RENDER = """(tex, options) =>
    JSON.stringify(katex.renderToString(tex, JSON.parse(options)))"""
MARK = re.compile(r"[,.;:!?)\]]+")
log = logging.getLogger(__name__)


@functools.cache
def engine() -> Any:
    """KaTeX, loaded once per build."""
    context = quickjs.Context()
    context.eval(KATEX.read_text("utf8"))
    return context.eval(RENDER)


@functools.cache
def render(tex: str, display: bool, macros: str = "{}") -> str:
    """One formula as HTML.  Raises quickjs.JSException where TeX is wrong."""
    options = {
        "displayMode": display,
        "throwOnError": True,
        "strict": "ignore",
        "macros": json.loads(macros),
    }
    drawn: str = json.loads(engine()(tex, json.dumps(options)))
    # A root is drawn; its words are in the MathML.
    return drawn.replace("<svg ", '<svg aria-hidden="true" ')


def lines(tex: str) -> str:
    """What Sphinx hands over as one block, as KaTeX wants it.

    Blank lines separate formulas. Sphinx numbers the block, so numbered
    environments are starred or KaTeX would count their lines again.
    """
    parts = [part for part in tex.split("\n\n") if part.strip()]
    if len(parts) > 1:
        tex = r"\begin{gathered}" + r"\\".join(parts) + r"\end{gathered}"
    if r"\\" in tex and r"\begin{" not in tex:
        tex = r"\begin{split}" + tex + r"\end{split}"
    return NUMBERED.sub(r"\\\1{\2*}", tex)


def to_html(visitor: Any, node: nodes.Element, display: bool) -> str:
    """The formula of a node; a warning, and its TeX, where it is wrong."""
    tex = lines(node.astext()) if display else node.astext()
    try:
        return render(tex, display, json.dumps(visitor.config.tex_macros))
    except quickjs.JSException as error:
        log.warning(
            "formula not rendered: %s",
            str(error).splitlines()[0],
            location=node,
        )
        return f'<code role="alert">{html.escape(tex)}</code>'


def visit_math(self: Any, node: nodes.math) -> None:
    body = to_html(self, node, display=False)
    self.body.append(f'<span class="math notranslate">{body}</span>')
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(to_html(self, node, display=True) + "</div>\n")
    raise nodes.SkipNode


def hold_marks(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep the comma after a formula on the formula's line."""
    for node in list(doctree.findall(nodes.math)):
        line, at = node.parent, node.parent.index(node)
        after = line[at + 1] if at + 1 < len(line) else None
        if isinstance(after, nodes.Text) and (mark := MARK.match(after)):
            text = nodes.Text(mark[0])
            held = nodes.inline("", "", node, text, classes=["q-nowrap"])
            line[at : at + 2] = [held, nodes.Text(after[mark.end() :])]


def setup(app: Sphinx) -> None:
    app.add_config_value("tex_macros", {}, "env", dict)
    app.connect("doctree-resolved", hold_marks)
    app.add_html_math_renderer(
        "katex", (visit_math, None), (visit_math_block, None)
    )
