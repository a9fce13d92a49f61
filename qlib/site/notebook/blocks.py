"""A page of MyST as blocks, each of which knows its line in the file.

directive   name, argument, options, and the lines inside
fence       a listing, to be left alone
math        $$ ... $$ with an optional label
label       (name)= in front of what it names
words       everything else, up to a blank line
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

FENCE = re.compile(r"(?P<fence>`{3,}|:{3,}|~{3,})\{(?P<name>[\w:+-]+)\} *(.*)")
LISTING = re.compile(r"(`{3,}|~{3,})(?!\{)")
MATH = re.compile(r"\$\$(.+?)\$\$[ ]*(?:\(([\w:-]+)\))?[ ]*(?:\n|\Z)", re.S)
LABEL = re.compile(r"\(([\w:-]+)\)=\s*$")
OPTION = re.compile(r":([\w-]+):\s*(.*)$")
NESTED = re.compile(r"^\s+(`{3,}|:{3,}|~{3,})\{(?P<name>[\w:+-]+)\}", re.M)


class NoForm(ValueError):
    """A notebook cannot say this."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what} has no form in a notebook")


@dataclass(frozen=True)
class Block:
    """A piece of a page; `line` is where `text` begins in the file."""

    kind: str
    text: str
    line: int
    name: str = ""
    argument: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, option: str) -> str:
        return self.options.get(option, "")


def close(lines: list[str], start: int, fence: str) -> int:
    """The line that closes a fence."""
    end = re.compile(rf"{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for k in range(start + 1, len(lines)):
        if end.match(lines[k]):
            return k
    raise ValueError(f"the fence {lines[start]!r} is never closed")


def options(lines: list[str]) -> tuple[dict[str, str], int]:
    """The options at the head of a directive, and how many lines they fill."""
    if lines and lines[0].strip() == "---":
        end = lines.index("---", 1)
        data = yaml.safe_load("\n".join(lines[1:end])) or {}
        return {k: str(v) for k, v in data.items()}, end + 1
    found: dict[str, str] = {}
    for k, text in enumerate(lines):
        if match := OPTION.match(text):
            found[match[1]] = match[2].strip()
        elif found and text.startswith(" ") and text.strip():
            found[[*found][-1]] += f" {text.strip()}"
        else:
            return found, k
    return found, len(lines)


def directive(lines: list[str], k: int, line: int) -> tuple[Block, int]:
    """The directive that opens at line k, and the line after it."""
    match = FENCE.match(lines[k])
    assert match is not None
    end = close(lines, k, match["fence"])
    have, n = options(lines[k + 1 : end])
    inside = "\n".join(lines[k + 1 + n : end])
    at = line + k + (1 + n if inside else 0)
    name, argument = match["name"], match[3].strip()
    return Block("directive", inside, at, name, argument, have), end + 1


def words(lines: list[str], k: int) -> int:
    """The line after the words that begin at line k, or the empty line."""
    if not lines[k].strip():
        return k + 1
    for end in range(k + 1, len(lines)):
        text = lines[end]
        special = FENCE.match(text) or LISTING.match(text) or LABEL.match(text)
        if not text.strip() or special or text.startswith("$$"):
            return end
    return len(lines)


def blocks(source: str, line: int = 1) -> Iterator[Block]:
    """The blocks of a piece of a page that begins at a line of its file."""
    lines, k = source.split("\n"), 0
    while k < len(lines):
        text, start = lines[k], k
        if FENCE.match(text):
            block, k = directive(lines, k, line)
            yield block
            continue
        if match := LISTING.match(text):
            kind, k = "fence", close(lines, k, match[1]) + 1
        elif match := MATH.match("\n".join(lines[k:])):
            k += match[0].rstrip("\n").count("\n") + 1
            label = match[2] or ""
            yield Block("math", match[1], line + start, argument=label)
            continue
        elif match := LABEL.match(text):
            kind, k = "label", k + 1
        else:
            kind, k = "words", words(lines, k)
        yield Block(kind, "\n".join(lines[start:k]), line + start)
