"""The chapters as data: which pages are notebooks, and what each stands on.

A chapter is a MyST Markdown notebook that `_toc.yml` lists. Its outputs are
valid for one state of its cells and of everything that they import, so the
closure of the imports is hashed and stamped into the notebook's kernelspec:
jupyter-cache takes it as a part of its key.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from myst_nb.core.read import (
    is_myst_markdown_notebook,
    read_myst_markdown_notebook,
)
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
CODE_CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", re.M | re.S)
OPTIONS = re.compile(r"\A(---\n.*?^---\n|(:[\w-]+:[^\n]*\n)+)", re.M | re.S)


def toc(root: Path = ROOT) -> dict[str, object]:
    """`_toc.yml` as it stands."""
    data: dict[str, object] = yaml.safe_load(
        (root / "_toc.yml").read_text("utf8")
    )
    return data


def pages(entry: object, numbered: bool = False) -> Iterator[tuple[str, bool]]:
    """Every page of a table of contents, and whether it is numbered."""
    if isinstance(entry, list):
        for child in entry:
            yield from pages(child, numbered)
    elif isinstance(entry, dict):
        numbered = bool(entry.get("numbered", numbered))
        for key in ("root", "file"):
            if key in entry:
                yield entry[key], numbered
        for key in ("parts", "chapters", "sections"):
            yield from pages(entry.get(key), numbered)


def is_notebook(page: Path) -> bool:
    """Does the page have cells to run?"""
    return is_myst_markdown_notebook(page.read_text("utf8"))


def notebooks(root: Path = ROOT) -> list[Path]:
    """The notebook pages of the table of contents, in its order."""
    files = [root / f"{name}.md" for name, _ in pages(toc(root))]
    return [file for file in files if is_notebook(file)]


def cells(text: str) -> list[str]:
    """The source of each code cell of a MyST notebook."""
    return [OPTIONS.sub("", body) for body in CODE_CELL.findall(text)]


def imported(source: str) -> set[str]:
    """Dotted names that a piece of Python imports, packages included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{a.name}" for a in node.names}
    parents = {n.rsplit(".", k)[0] for n in names for k in range(n.count("."))}
    return names | parents | {n.split(".")[0] for n in names}


def unit(module: str, root: Path) -> list[Path]:
    """The files of a module: its source and what beside it shares its stem."""
    path = root.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not source.is_file():
        return []
    beside = source.parent.glob(f"{source.stem}.*")
    return sorted(file for file in beside if file.is_file())


def closure(text: str, root: Path = ROOT) -> list[Path]:
    """Every file of qlib that the cells of a notebook import, directly or
    through another module."""
    found: set[Path] = set()
    names = imported("\n".join(cells(text)))
    while names:
        new = {f for name in names for f in unit(name, root)} - found
        found |= new
        code = [file for file in new if file.suffix == ".py"]
        names = set().union(*(imported(f.read_text("utf8")) for f in code))
    return sorted(found)


def digest(text: str, root: Path = ROOT) -> str:
    """One hash of what a notebook's outputs depend on beside its cells."""
    h = hashlib.sha256(platform.python_version().encode())
    for file in [root / "requirements.txt", *closure(text, root)]:
        h.update(file.relative_to(root).as_posix().encode() + b"\0")
        h.update(file.read_bytes())
    return h.hexdigest()[:16]


def stamp(text: str, root: Path = ROOT) -> str:
    """The notebook with the digest in its kernelspec, a part of the key."""
    line = f"kernelspec:\n  stands_on: {digest(text, root)}\n"
    stamped = text.replace("kernelspec:\n", line, 1)
    if stamped == text:
        raise ValueError("a notebook page needs a kernelspec, got none")
    return stamped


def read(path: Path, root: Path = ROOT) -> NotebookNode:
    """A chapter as the book build reads it."""
    text = stamp(path.read_text("utf8"), root)
    config = MdParserConfig()
    return read_myst_markdown_notebook(
        text, config=config, add_source_map=True, path=str(path)
    )
