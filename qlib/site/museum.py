"""The bug museum: placards in the chapters, one index by symptom.

    ```{museum} slice
    :title: The slice that stopped one short
    :symptom: ...
    :cause: ...
    :fixed: [MXNet #11833](https://...), 2018
    :still-in: ...                             (may be left out)
    :source: https://...
    A specimen: figures stand at the left, all else below.
    ```

`{museum-index}` lists the placards of all pages.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from qlib.site.teaching import Piece, make, number

ROWS = ("symptom", "cause", "fixed", "still-in", "source")


class museum_index(nodes.General, nodes.Element):
    """Stands where the index goes, until every page is read."""


def placards(env: Any) -> dict[str, list[dict[str, Any]]]:
    """docname -> its placards."""
    if not hasattr(env, "qlib_museum"):
        env.qlib_museum = {}
    found: dict[str, list[dict[str, Any]]] = env.qlib_museum
    return found


def link(url: str) -> nodes.Element:
    """A source, written as its host and the end of its path."""
    where = urlsplit(url)
    text = where.netloc.removeprefix("www.") + where.path.rstrip("/")
    return nodes.reference("", text, refuri=url, internal=False)


class Museum(Piece):
    kind = "museum"
    needed = frozenset({"title", "symptom", "cause", "fixed", "source"})
    known = frozenset({"still-in"})

    def facts(self, have: dict[str, str]) -> nodes.Element:
        """Symptom, cause and the rest as a list of terms."""
        rows: list[nodes.Node] = []
        for key in filter(have.__contains__, ROWS):
            plain = have[key].startswith("https://")
            text = [link(have[key])] if plain else self.words(have[key])
            rows.append(make("dt", nodes.Text(key.replace("-", " "))))
            rows.append(make("dd", *text))
        return make("dl", *rows)

    def placard(
        self, have: dict[str, str], specimen: list[nodes.Node]
    ) -> nodes.Element:
        """Kicker, title, figures beside the facts, what else there is."""
        figures = [n for n in specimen if isinstance(n, nodes.figure)]
        others = [n for n in specimen if n not in figures]
        left = [make("div", *figures)] if figures else []
        beside = make("div", *left, self.facts(have), cls="q-placard")
        beside["classes"] += ["two"] * bool(left)
        kicker = make("span", nodes.Text("Bug museum"))
        counted = make("span", self.count())
        top = make("div", kicker, counted, cls="q-kicker")
        title = make("h", *self.words(have["title"]), cls="q-bug")
        return make("div", top, title, beside, *others, cls="q-museum")

    def run(self) -> list[nodes.Node]:
        have, specimen = self.read()
        if "https://" not in have["source"]:
            raise self.error("a source has an address, https://...")
        root = self.placard(have, specimen)
        self.target(root)
        count = next(root.findall(number))
        placards(self.env).setdefault(self.env.docname, []).append(
            {
                "at": root["ids"][0],
                "number": count.deepcopy(),
                "title": self.words(have["title"]),
                "symptom": self.words(have["symptom"]),
            }
        )
        return [root]


class MuseumIndex(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [museum_index()]


class FillIndex(SphinxPostTransform):
    """Before references are resolved, so that those of a symptom are."""

    default_priority = 4

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(museum_index)):
            chapters = sorted(placards(self.env).items(), key=self.order)
            shown = [
                part
                for name, bugs in chapters
                for bug in bugs
                for part in self.entry(name, bug)
            ]
            empty = nodes.paragraph(text="No chapter shows a bug yet.")
            full = make("dl", *shown, cls="q-bugs")
            node.replace_self(full if shown else empty)

    def order(self, item: tuple[str, Any]) -> tuple[tuple[int, ...], str]:
        """Numbered pages by their numbers, then the others."""
        name, _ = item
        numbers = self.env.toc_secnumbers.get(name, {}).get("") or (10**9,)
        return numbers, name

    def entry(self, name: str, bug: dict[str, Any]) -> list[nodes.Node]:
        """The symptom, and where the bug is on show."""
        page = self.app.builder.get_relative_uri(self.env.docname, name)
        uri = f"{page}#{bug['at']}"
        aim = nodes.reference("", "", refuri=uri, internal=True)
        aim += [bug["number"].deepcopy(), nodes.Text(" ")]
        aim += [n.deepcopy() for n in bug["title"]]
        symptom = [n.deepcopy() for n in bug["symptom"]]
        return [make("dt", *symptom), make("dd", aim)]


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    placards(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: list[str], other: Any
) -> None:
    placards(env).update(
        {name: placards(other).get(name, []) for name in docnames}
    )


def skip(self: Any, node: museum_index) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(museum_index, html=(skip, None), latex=(skip, None))
    app.add_directive("museum", Museum)
    app.add_directive("museum-index", MuseumIndex)
    app.add_post_transform(FillIndex)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
