"""What a page knows about itself and the book when it becomes a notebook:
its numbers, what its cells glued, the titles of the pages, the references.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from nbformat import NotebookNode
from pybtex.database import parse_file  # type: ignore[import-untyped]

from qlib.site.chapters import is_notebook, pages, read, toc
from qlib.site.notebook.blocks import Block, blocks
from qlib.site.notebook.links import Links

PREFIX = "application/papermill.record/"
COUNTED = {
    "figure": "figure",
    "glue:figure": "figure",
    "exercise": "exercise",
    "museum": "museum",
}


def config(root: Path) -> dict[str, Any]:
    """`sphinx.config` of `_config.yml`."""
    data = yaml.safe_load((root / "_config.yml").read_text("utf8"))
    found: dict[str, Any] = data["sphinx"]["config"]
    return found


def unprefixed(data: dict[str, Any]) -> dict[str, Any]:
    """Glued data as a display would have it."""
    return {k.removeprefix(PREFIX): v for k, v in data.items()}


def url(entry: Any) -> str:
    """Where a paper is."""
    doi = entry.fields.get("doi", "")
    return str(entry.fields.get("url") or (doi and f"https://doi.org/{doi}"))


@dataclass
class Page:
    """A notebook page; `run` is the page executed, cells with outputs."""

    path: Path
    root: Path
    run: NotebookNode
    seconds: float = 0.0
    work: bool = False
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    predictions: dict[str, Block] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = self.path.read_text("utf8")
        self.cells = read(self.path, self.root).cells
        self.name = self.path.relative_to(self.root).with_suffix("").as_posix()
        toc_pages = list(pages(toc(self.root)))
        self.toc = [name for name, _ in toc_pages]
        numbered = [name for name, is_numbered in toc_pages if is_numbered]
        here = self.name in numbered
        self.chapter = str(numbered.index(self.name) + 1) if here else ""
        settings = config(self.root)
        self.macros: dict[str, str] = settings.get("tex_macros", {})
        self.links = Links(**settings.get("notebook_links", {}))
        self.count()

    def at(self, line: int) -> str:
        """A place in the file, for a message."""
        return f"{self.path.relative_to(self.root).as_posix()}:{line}"

    def pieces(self) -> Iterator[tuple[NotebookNode, int]]:
        """The cells, and the line of the file where each begins."""
        at = 0
        for cell in self.cells:
            first = cell.source.split("\n", 1)[0]
            at = self.text.find(f"\n{first}", max(at - 1, 0)) + 1
            yield cell, self.text[:at].count("\n") + 1
            at += len(cell.source)

    def count(self) -> None:
        """Number what has a number, in the order of Sphinx."""
        counts: dict[str, int] = {}
        for cell, line in self.pieces():
            found = blocks(cell.source, line)
            for block in found if cell.cell_type == "markdown" else ():
                kind = COUNTED.get(block.name, "")
                label = block["name"] or block.argument
                if block.name in ("exercise", "museum"):
                    label = f"{kind}-{label}"
                if block.kind == "math" and block.argument:
                    kind = "equation"
                if block.name == "prediction":
                    self.predictions[block.argument] = block
                if not kind:
                    continue
                counts[kind] = counts.get(kind, 0) + 1
                number = f"{self.chapter}.{counts[kind]}".lstrip(".")
                self.labels[label] = kind, number

    def number(self, kind: str, label: str) -> str:
        """The number of what a label names."""
        found, number = self.labels.get(label, ("", ""))
        if found != kind:
            raise ValueError(f"no {kind} of this page has the label {label!r}")
        return number

    @cached_property
    def glue(self) -> dict[str, dict[str, Any]]:
        """What the cells glued, by its name."""
        return {
            output.metadata.scrapbook.name: unprefixed(output.data)
            for cell in self.run.cells
            for output in cell.get("outputs", [])
            if "scrapbook" in output.get("metadata", {})
        }

    def glued_text(self, name: str) -> str:
        """A glued value as the page shows it."""
        if name not in self.glue:
            raise ValueError(f"no cell of this page glued {name!r}")
        text = str(self.glue[name]["text/plain"])
        return str(ast.literal_eval(text)) if text[:1] in "'\"" else text

    @cached_property
    def bibliography(self) -> Any:
        """The book's references."""
        return parse_file(str(self.root / "book/references.bib")).entries

    def reference(self, key: str) -> tuple[str, str, str]:
        """Who wrote it, when, and where it is."""
        if key not in self.bibliography:
            raise ValueError(f"references.bib has no entry {key!r}")
        entry = self.bibliography[key]
        people = entry.persons.get("author", [])
        names = [" ".join(p.prelast_names + p.last_names) for p in people]
        many = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return re.sub(r"[{}]", "", many), entry.fields["year"], url(entry)

    def title(self, name: str) -> str:
        """The title of a page of the book."""
        text = (self.root / f"{name}.md").read_text("utf8")
        found = re.search(r"^# (.+)$", text, re.M)
        return found[1] if found else name

    def link(self, to: str, words: str) -> str:
        """A link to a page of the book, where a notebook can have one."""
        there, _, anchor = to.partition("#")
        folder = PurePosixPath(self.name).parent
        name = (folder / there).as_posix().strip("/").removesuffix(".md")
        if name not in self.toc:
            raise ValueError(f"_toc.yml has no page {name!r}, got {to!r}")
        words = words or self.title(name)
        file = self.notebook(name)
        if is_notebook(self.root / f"{name}.md"):
            return f"[{words}]({file})"
        if not self.links.site:
            return f"*{words}*"
        anchor = anchor and f"#{anchor}"
        return f"[{words}]({self.links.site}{name}.html{anchor})"

    def notebook(self, name: str) -> str:
        """The file of a page's notebook; to read or to work in, as this."""
        return f"{PurePosixPath(name).name}{'-work' * self.work}.ipynb"
