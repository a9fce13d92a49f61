"""The words of a page as plain Markdown: roles, links and formulas.

A notebook has no preamble and no Sphinx: macros of TeX are written out,
references become what they would say, citations become links.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from qlib.site.notebook.blocks import NESTED, NoForm
from qlib.site.notebook.page import Page

TOKEN = re.compile(
    r"\{(?P<role>[a-zA-Z][\w:+-]*)\}`(?P<body>[^`]+)`"
    r"|(?P<code>(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<math>(?<![\\$])\$(?!\$)(?:\\.|[^$\\])+\$)"
    r"|(?P<link>(?P<bang>!?)\[(?P<words>[^\]]*)\]\((?P<to>[^)\s]+)\))"
    r"|(?P<attribute>\]?\{[.#][\w-]+[^}\n]*\})",
    re.S,
)
TITLED = re.compile(r"(?P<title>.*?)\s*<(?P<target>[^>]+)>\Z", re.S)
ABOVE = re.compile(r"(\w+)\s*\((.*)\)\Z", re.S)
KINDS = {"figure": "Fig.", "exercise": "Exercise", "museum": "Bug"}


def argument(tex: str, k: int) -> tuple[str, int]:
    """What a macro at tex[:k] is given: {a group} or one character."""
    while tex[k : k + 1] == " ":
        k += 1
    if tex[k : k + 1] != "{":
        return tex[k : k + 1], k + 1
    depth = 0
    for j in range(k, len(tex)):
        escaped = tex[j - 1] == "\\"
        depth += 0 if escaped else {"{": 1, "}": -1}.get(tex[j], 0)
        if depth == 0:
            return tex[k + 1 : j], j + 1
    raise ValueError(f"braces must match, got {tex!r}")


def expand(tex: str, macros: dict[str, str]) -> str:
    r"""The book's macros, written out.

    >>> expand(r"\round{r / \S}", {r"\round": r"\lfloor #1 \rceil"})
    '\\lfloor r / \\S \\rceil'
    """
    for name, meaning in macros.items():
        pattern = re.compile(re.escape(name) + r"(?![A-Za-z])")
        count = max(map(int, re.findall(r"#(\d)", meaning)), default=0)
        while match := pattern.search(tex):
            written, k = meaning, match.end()
            for n in range(1, count + 1):
                given, k = argument(tex, k)
                written = written.replace(f"#{n}", given)
            bare = not count and tex[k : k + 1].isalpha()
            tex = tex[: match.start()] + written + " " * bare + tex[k:]
    return tex


def titled(body: str) -> tuple[str, str]:
    """`words <target>`, or a target alone."""
    match = TITLED.match(body)
    return (match["title"], match["target"]) if match else ("", body.strip())


def eq(page: Page, body: str) -> str:
    return f"({page.number('equation', body.strip())})"


def ref(page: Page, body: str) -> str:
    title, target = titled(body)
    if target not in page.labels:
        return title or page.link(target, "")
    kind, number = page.labels[target]
    if "%s" in title or "{number}" in title:
        return title.replace("%s", number).replace("{number}", number)
    return title or f"{KINDS.get(kind, kind.title())} {number}".strip()


def doc(page: Page, body: str) -> str:
    title, target = titled(body)
    return page.link(target, title)


def term(page: Page, body: str) -> str:
    title, target = titled(body)
    return title or target


def abbr(page: Page, body: str) -> str:
    match = ABOVE.match(body)
    return match[1] if match else body


def cited(page: Page, body: str, textual: bool = False) -> str:
    form = "{} ({})" if textual else "{}, {}"
    said = []
    for key in body.split(","):
        who, year, url = page.reference(key.strip())
        words = form.format(who, year)
        said.append(f"[{words}]({url})" if url else words)
    return ", ".join(said) if textual else f"({'; '.join(said)})"


def glued(page: Page, body: str) -> str:
    """The value that a cell glued; `name:.2f` formats it."""
    name, _, form = body.partition(":")
    text = page.glued_text(name.strip())
    return format(ast.literal_eval(text), form) if form else text


ROLES: dict[str, Callable[[Page, str], str]] = {
    "eq": eq,
    "ref": ref,
    "numref": ref,
    "doc": doc,
    "term": term,
    "abbr": abbr,
    "cite": cited,
    "cite:p": cited,
    "cite:t": lambda page, body: cited(page, body, textual=True),
    "glue": glued,
    "glue:text": glued,
    "math": lambda page, body: f"${expand(body, page.macros)}$",
}


def token(page: Page, match: re.Match[str], line: int) -> str:
    """One role, code span, formula, link or attribute."""
    where, name = page.at(line), match["role"]
    if match["math"]:
        return expand(match["math"], page.macros)
    if match["code"]:
        return match[0]
    if match["attribute"]:
        raise NoForm(where, f"attribute {match['attribute']}")
    if name and name not in ROLES:
        raise NoForm(where, f"role {{{name}}}")
    if match["bang"]:
        raise NoForm(where, f"picture {match['to']}")
    words = inline(page, match["words"] or "", line)
    try:
        if name:
            return ROLES[name](page, match["body"])
        return link(page, words, match["to"])
    except (KeyError, ValueError, SyntaxError) as error:
        raise ValueError(f"{where}: {match[0]}: {error.args[0]}") from error


def link(page: Page, words: str, to: str) -> str:
    """A link, to where a notebook can go."""
    if re.match(r"[a-z]+:", to):
        return f"[{words}]({to})"
    if to[0] == "#":
        return words or ref(page, to[1:])
    return page.link(to, words)


def inline(page: Page, text: str, line: int) -> str:
    """Words as plain Markdown; line is where they stand in the file."""
    if match := NESTED.search(text):
        at = line + text[: match.start("name")].count("\n")
        raise NoForm(page.at(at), f"indented directive {{{match['name']}}}")

    def one(match: re.Match[str]) -> str:
        return token(page, match, line + text[: match.start()].count("\n"))

    return TOKEN.sub(one, text)


def display(page: Page, tex: str, label: str = "") -> str:
    r"""A formula on lines of its own, with its number as \tag."""
    tex = expand(tex.strip("\n"), page.macros)
    tag = f"\n\\tag{{{page.number('equation', label)}}}" if label else ""
    return f"$$\n{tex}{tag}\n$$"


def quote(text: str) -> str:
    """In a quotation; a formula on several lines would show its marks."""

    def flat(match: re.Match[str]) -> str:
        return f"$$ {' '.join(match[1].split())} $$"

    text = re.sub(r"^\$\$\n(.*?)\n\$\$$", flat, text, flags=re.S | re.M)
    return "\n".join(f"> {s}".rstrip() for s in text.strip().split("\n"))


def folded(summary: str, text: str) -> str:
    """What a reader opens."""
    head = f"<details><summary><b>{summary}</b></summary>"
    return f"{head}\n\n{text.strip()}\n\n</details>"


def stars(text: Any) -> str:
    """Difficulty, of four."""
    return "★" * int(text) + "☆" * (4 - int(text))
