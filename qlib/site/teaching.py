"""What the teaching pieces share: options read as they stand, boxes, and
numbers such as 5.3, which are known when every page has been read.

The pieces are in `prediction.py`, `exercise.py` and `museum.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

NAME = re.compile(r"[a-z][a-z0-9-]*")
OPTION = re.compile(r":([a-z-]+):(?: +(.*))?")


def options(lines: Iterable[str]) -> tuple[dict[str, str], int]:
    """The leading `:key: text` lines, and how many lines they are.

    The text is taken as it stands: MyST would cut it at a #.  An indented
    line goes on with the one before.
    """
    found: dict[str, str] = {}
    key, count = "", 0
    for line in lines:
        if match := OPTION.fullmatch(line.rstrip()):
            key = match[1]
            found[key] = match[2] or ""
        elif key and line[:1] == " " and line.strip():
            found[key] += " " + line.strip()
        else:
            break
        count += 1
    return found, count


class box(nodes.General, nodes.Element):
    """An HTML element with the attributes in `html` around its children.

    The tag `h` is a heading one level below the section that it stands in.
    """


class wording(box, nodes.TextElement):
    """The same around words, which may hold links."""


def make(
    tag: str, *children: nodes.Node, cls: str = "", **attrs: str
) -> nodes.Element:
    """A box; `aria_label` becomes `aria-label`."""
    ids = [attrs.pop("id")] if "id" in attrs else []
    hyphened = {k.replace("_", "-"): v for k, v in attrs.items()}
    inline = all(isinstance(c, nodes.Text | nodes.Inline) for c in children)
    node = wording("", "", *children) if inline else box("", *children)
    node.update_all_atts({"ids": ids, "classes": cls.split()})
    node["tag"], node["html"] = tag, hyphened
    return node


def raw(html: str) -> nodes.raw:
    """A piece of HTML."""
    return nodes.raw("", html, format="html")


class number(nodes.Inline, nodes.Element):
    """The chapter's number, a point, and the count of the piece."""


class Piece(SphinxDirective):
    """A directive with a name and options that are taken as they stand."""

    required_arguments = 1
    has_content = True
    kind: ClassVar[str] = ""
    needed: ClassVar[frozenset[str]] = frozenset()
    known: ClassVar[frozenset[str]] = frozenset()

    def read(self) -> tuple[dict[str, str], list[nodes.Node]]:
        """The options, and the parsed text below them."""
        name = self.arguments[0]
        if not NAME.fullmatch(name):
            raise self.error(
                f"a name is of small letters, digits and hyphens, got {name!r}"
            )
        have, count = options(self.content)
        for key in sorted(have.keys() - self.needed - self.known):
            raise self.error(f"{self.kind} {name} has no option :{key}:")
        for key in sorted(self.needed - have.keys()):
            raise self.error(f"{self.kind} {name} needs :{key}:")
        below: StringList = self.content[count:]
        holder = nodes.Element()
        self.state.nested_parse(below, self.content_offset + count, holder)
        return have, holder.children

    def words(self, text: str) -> list[nodes.Node]:
        """One line of MyST: links, code, formulas."""
        found, _ = self.state.inline_text(text, self.lineno)
        return found

    def target(self, node: nodes.Element) -> None:
        """Make the piece an aim of links: `[...](#exercise-bound)`."""
        node["names"].append(f"{self.kind}-{self.arguments[0]}")
        self.state.document.note_explicit_target(node, node)
        self.set_source_info(node)

    def count(self) -> number:
        """The next number of this kind on this page."""
        counts = self.env.temp_data.setdefault("teaching", {})
        counts[self.kind] = counts.get(self.kind, 0) + 1
        here = self.env.docname
        return number(docname=here, ordinal=counts[self.kind])


def said(env: Any, docname: str, ordinal: int) -> str:
    """5.3 on a numbered page, 3 elsewhere."""
    chapter = env.toc_secnumbers.get(docname, {}).get("") or ()
    return ".".join(map(str, (*chapter[:1], ordinal)))


def visit_number(self: Any, node: number) -> None:
    self.body.append(said(self.builder.env, node["docname"], node["ordinal"]))
    raise nodes.SkipNode


def tag(node: box) -> str:
    if node["tag"] != "h":
        return str(node["tag"])
    depth, up = 1, node.parent
    while up is not None:
        depth += isinstance(up, nodes.section)
        up = up.parent
    return f"h{min(depth, 6)}"


def visit_box(self: Any, node: box) -> None:
    start = self.starttag(node, tag(node), "", **node["html"])
    self.body.append(start)


def depart_box(self: Any, node: box) -> None:
    self.body.append(f"</{tag(node)}>\n")


def enter(self: Any, node: box) -> None:
    """On paper only the text counts."""


def setup(app: Sphinx) -> None:
    for node in (box, wording):
        app.add_node(node, html=(visit_box, depart_box), latex=(enter, enter))
    app.add_node(number, html=(visit_number, None), latex=(visit_number, None))
