"""The strip under a chapter's title: where the chapter stands, what it costs
and what it asks.

    ```{strip}
    :stars: 2
    :needs: affine, granularity
    :not-here: one sentence
    ```
"""

from __future__ import annotations

import html
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from qlib.site.chapters import pages, toc
from qlib.site.notebook.links import Links, strip_links


class strip(nodes.General, nodes.Element):
    """Holds the directive's options until run times are known."""


class Strip(SphinxDirective):
    option_spec: ClassVar[Any] = {
        "stars": directives.positive_int,
        "needs": directives.unchanged,
        "not-here": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        return [strip(docname=self.env.docname, **self.options)]


def ruler(here: int, count: int) -> str:
    """The chapters as codes on a line, this one heavier."""
    at = [100 * (k + 0.5) / count for k in range(count)]
    ticks = "".join(
        f'<i style="left:{x:.2f}%"{" class=here" * (k == here)}></i>'
        for k, x in enumerate(at)
    )
    shown = {0, here, count - 1}
    names = "".join(
        f'<b style="left:{at[k]:.2f}%"{" class=here" * (k == here)}>'
        f"{k + 1}</b>"
        for k in sorted(shown)
    )
    return f'<div class="q-ruler" aria-hidden="true">{ticks}{names}</div>'


def link(visitor: Any, here: str, name: str, numbered: list[str]) -> str:
    """A chapter by number and title."""
    env = visitor.builder.env
    page = f"book/{name}"
    title = html.escape(env.titles[page].astext())
    uri = visitor.builder.get_relative_uri(here, page)
    number = numbered.index(page) + 1
    return f'<a href="{uri}">{number} {title}</a>'


def difficulty(stars: int) -> str:
    """Filled and empty stars, said as one."""
    return (
        f'<span class="q-stars" role="img" aria-label="{stars} of 4 stars">'
        f"{'★' * stars}<i>{'★' * (4 - stars)}</i></span>"
    )


def visit(self: Any, node: strip) -> None:
    here = node["docname"]
    numbered = [name for name, is_numbered in pages(toc()) if is_numbered]
    run = self.builder.env.nb_metadata[here]["exec_data"]["runtime"]
    needs = [n.strip() for n in node.get("needs", "").split(",") if n.strip()]
    links = " · ".join(link(self, here, n, numbered) for n in needs)
    places = Links(**self.config.notebook_links)
    facts = [
        ("runs in", f"{run:.0f} s"),
        ("difficulty", difficulty(node.get("stars", 1))),
        ("needs", links or "nothing before it"),
        ("notebook", strip_links(here, places)),
    ]
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{what}</dd></div>" for name, what in facts
    )
    absent = html.escape(node.get("not-here", ""))
    self.body.append(
        f'<div class="q-strip">{ruler(numbered.index(here), len(numbered))}'
        f'<dl>{cells}</dl><p class="not">Not built here: {absent}</p></div>'
    )
    raise nodes.SkipNode


def skip(self: Any, node: strip) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_config_value("notebook_links", {}, "html", dict)
    app.add_node(strip, html=(visit, None), latex=(skip, None))
    app.add_directive("strip", Strip)
