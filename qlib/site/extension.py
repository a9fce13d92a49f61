"""The book's Sphinx extension: `_config.yml` loads this and nothing else of
ours."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.application import Sphinx

from qlib.site import (
    chapters,
    exercise,
    mathematics,
    museum,
    prediction,
    strip,
    teaching,
    tested,
)

PARTS = (mathematics, strip, tested, teaching, prediction, exercise, museum)


def stamp(app: Sphinx, docname: str, content: list[str]) -> None:
    """A notebook's outputs are valid for the modules that it imports."""
    if is_myst_markdown_notebook(content[0]):
        content[0] = chapters.stamp(content[0])


def plain_title(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """The tab's title is text, without markup of formulas."""
    if pagename in app.env.titles:
        context["title"] = html.escape(app.env.titles[pagename].astext())


def setup(app: Sphinx) -> dict[str, Any]:
    for part in PARTS:
        part.setup(app)
    app.connect("source-read", stamp)
    app.connect("html-page-context", plain_title)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
