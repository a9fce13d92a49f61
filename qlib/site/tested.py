"""Tables that the build makes about itself, for the page `tested`.

    ```{tested} versions
    ```

The word is one of `versions`, `pages`, `rooms`, `digests`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from qlib.site.chapters import ROOT, digest, notebooks

Row = tuple[str, ...]
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.M)


def versions(env: Any) -> list[Row]:
    """Every pinned package: the pin, and what this build ran on."""
    pins = PINNED.findall((ROOT / "requirements.txt").read_text("utf8"))
    return [
        ("package", "pinned", "ran on"),
        *((name, pin, version(name)) for name, pin in pins),
    ]


def run_times(env: Any) -> list[Row]:
    """Every chapter: seconds from its first cell to its last."""
    rows = []
    for path in notebooks():
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        run = env.nb_metadata[name]["exec_data"]
        rows.append((path.stem, f"{run['runtime']:.1f} s"))
    return [("chapter", "run time"), *rows]


def code_lines(path: Path) -> int:
    """Lines that are neither blank nor a comment."""
    lines = path.read_text("utf8").splitlines()
    return sum(bool(s.strip()) and s.strip()[0] not in "#" for s in lines)


def rooms(env: Any) -> list[Row]:
    """Every room of qlib: files and lines."""
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in sorted((ROOT / "qlib").rglob("*.py")):
        room = path.relative_to(ROOT / "qlib").parts[0]
        files[room] += 1
        lines[room] += code_lines(path)
    rows = [(r, str(files[r]), str(lines[r])) for r in files]
    total = ("all", str(files.total()), str(lines.total()))
    return [("room", "files", "lines"), *rows, total]


def digests(env: Any) -> list[Row]:
    """What each chapter stands on, and the recorded vectors."""
    rows = [(p.name, digest(p.read_text("utf8"))) for p in notebooks()]
    for path in sorted((ROOT / "tests" / "vectors").glob("*.json")):
        rows.append(
            (path.name, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
        )
    return [("file", "SHA-256, first 16 digits"), *rows]


TABLES: dict[str, Callable[[Any], list[Row]]] = {
    "versions": versions,
    "pages": run_times,
    "rooms": rooms,
    "digests": digests,
}


class tested(nodes.General, nodes.Element):
    """Holds the table's name until every page is read."""


class Tested(SphinxDirective):
    required_arguments = 1
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"a table is one of {[*TABLES]}, got {name!r}")
        return [tested(name=name)]


def row(words: Iterable[str]) -> nodes.row:
    entries = [nodes.entry("", nodes.paragraph(text=w)) for w in words]
    return nodes.row("", *entries)


def table(rows: list[Row]) -> nodes.table:
    """A docutils table; the first row is its head."""
    head, *body = rows
    columns = [nodes.colspec(colwidth=1) for _ in head]
    group = nodes.tgroup(
        "",
        *columns,
        nodes.thead("", row(head)),
        nodes.tbody("", *map(row, body)),
        cols=len(head),
    )
    return nodes.table("", group)


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(tested)):
        node.replace_self(table(TABLES[node["name"]](app.env)))


def setup(app: Sphinx) -> None:
    app.add_node(tested)
    app.add_directive("tested", Tested)
    app.connect("doctree-resolved", fill)
