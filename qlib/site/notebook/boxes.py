"""The directives of a page as plain Markdown, one function each.

`FORMS` knows them by name. A directive that is not there raises `NoForm`
with its page and line: what a notebook cannot say must not be left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sphinx.directives.code import LiteralIncludeReader

from qlib.site.notebook.blocks import Block, NoForm, blocks
from qlib.site.notebook.page import Page
from qlib.site.notebook.words import (
    display,
    folded,
    inline,
    quote,
    ref,
    stars,
)

ADMONITIONS = (
    *("admonition", "note", "tip", "warning", "important", "hint"),
    *("seealso", "caution", "danger", "attention", "margin", "dropdown"),
)
CUTS = (
    *("pyobject", "lines", "dedent", "lineno-match"),
    *("start-at", "start-after", "end-at", "end-before"),
)
STAR = re.compile(r"\\begin\{(\w+)(\*?)\}")


def say(page: Page, text: str, line: int) -> str:
    """A piece of a page as Markdown."""
    said = (form(page, block) for block in blocks(text, line))
    joined = "\n".join(said).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", joined)


def form(page: Page, block: Block) -> str:
    """One block as Markdown, an empty line around what is not words."""
    if block.kind == "directive":
        if block.name not in FORMS:
            where = page.at(opening(page, block))
            raise NoForm(where, f"directive {{{block.name}}}")
        return f"\n{FORMS[block.name](page, block)}\n"
    if block.kind == "math":
        return f"\n{display(page, block.text, block.argument)}\n"
    if block.kind == "words":
        return words(page, block)
    return block.text if block.kind == "fence" else ""


def opening(page: Page, block: Block) -> int:
    """The line of the fence that opens a directive."""
    lines = page.text.split("\n")[: block.line]
    fences = (k for k, s in enumerate(lines, 1) if f"{{{block.name}}}" in s)
    return max(fences, default=block.line)


def words(page: Page, block: Block) -> str:
    """Words, without comments; numbered environments ask for a label."""
    lines = block.text.split("\n")
    text = "\n".join(s for s in lines if not s.startswith("% "))
    if match := STAR.match(text):
        if not match[2]:
            what = f"\\begin{{{match[1]}}} (use $$ ... $$ with a label)"
            raise NoForm(page.at(block.line), what)
        return f"\n{display(page, text)}\n"
    return inline(page, text, block.line)


def inside(page: Page, block: Block) -> str:
    return say(page, block.text, block.line)


def option(page: Page, block: Block, name: str) -> str:
    return inline(page, block[name], opening(page, block))


def strip(page: Page, block: Block) -> str:
    needs = [n.strip() for n in block["needs"].split(",") if n.strip()]
    facts = [
        f"difficulty {stars(block['stars'] or 1)}",
        f"runs in {page.seconds:.0f} s",
    ]
    if needs:
        links = (page.link(f"{name}.md", "") for name in needs)
        facts.append(f"needs {', '.join(links)}")
    said = " · ".join(facts)
    absent = option(page, block, "not-here")
    return quote(f"{said}\n\nNot built here: {absent}" if absent else said)


def div(page: Page, block: Block) -> str:
    text = inside(page, block)
    asks = "q-question" in block.argument.split()
    return quote(f"***{text}***") if asks else text


def admonition(page: Page, block: Block) -> str:
    title = inline(page, block.argument, block.line)
    title = title or {"margin": "Aside"}.get(block.name, block.name.title())
    if block.name == "dropdown" or "dropdown" in block["class"]:
        return folded(title, inside(page, block))
    return quote(f"**{title}.** {inside(page, block)}")


def include(page: Page, block: Block) -> str:
    """The included lines themselves, and where they stand."""
    file = (page.path.parent / block.argument).resolve()
    wanted: dict[str, Any] = {k: v for k, v in block.options.items() if v}
    wanted |= {k: None for k, v in block.options.items() if not v}
    cuts = {k: v for k, v in wanted.items() if k in CUTS}

    encoded: Any = SimpleNamespace(source_encoding="utf-8")
    code, _ = LiteralIncludeReader(str(file), cuts, encoded).read()
    where = file.relative_to(page.root).as_posix()
    said = f"From `{where}`:"
    if "pyobject" in wanted and file.suffix == ".py":
        module = where.removesuffix(".py").replace("/", ".")
        said = f"From `{where}`; `??{module}.{wanted['pyobject']}` shows it:"
    language = block["language"] or {".py": "python"}.get(file.suffix, "text")
    return f"{said}\n\n```{language}\n{code.rstrip()}\n```"


def caption(page: Page, block: Block) -> str:
    """A figure's words; its picture is the output of the cell that glued."""
    if block.argument not in page.glue:
        where = page.at(opening(page, block))
        what = f"no cell of this page glued {block.argument!r}"
        raise ValueError(f"{where}: {what}")
    name = ref(page, block["name"] or block.argument)
    return f"*{name}.* {inside(page, block)}"


def contents(page: Page, block: Block) -> str:
    """The other pages."""
    others = (name for name in page.toc if name != page.name)
    links = (page.link(f"/{name}", "") for name in others)
    return "\n".join(f"- {link}" for link in links)


FORMS: dict[str, Callable[[Page, Block], str]] = {
    **dict.fromkeys(ADMONITIONS, admonition),
    "code-block": lambda p, b: f"```{b.argument}\n{b.text}\n```",
    "div": div,
    "epigraph": lambda p, b: quote(inside(p, b)),
    "glue:figure": caption,
    "literalinclude": include,
    "math": lambda p, b: display(p, b.text, b["label"]),
    "strip": strip,
    "tableofcontents": contents,
}
