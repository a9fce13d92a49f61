"""The directives that teach, as plain Markdown: a prediction and its reveal,
questions with folded answers, an exercise, a bug of the museum.
"""

from __future__ import annotations

import re
import textwrap
from urllib.parse import urlsplit

from qlib.site import guess
from qlib.site.exercise import KINDS
from qlib.site.museum import ROWS
from qlib.site.notebook.blocks import Block, NoForm
from qlib.site.notebook.boxes import (
    FORMS,
    form,
    inside,
    opening,
    option,
    say,
)
from qlib.site.notebook.page import Page
from qlib.site.notebook.words import folded, inline, quote, stars

__all__ = ["form"]
QUESTION = re.compile(r"^(?P<q>\S.*(?:\n\S.*)*?)\n+:\s+(?P<a>.*)", re.M)


def prediction(page: Page, block: Block) -> str:
    return quote(
        f"**Predict.** {inside(page, block)}\n\n{range_of(page, block)}\n\n"
        "Write your answer down; the result comes further on."
    )


def range_of(page: Page, block: Block) -> str:
    """What may be answered."""
    if block["choices"]:
        given = option(page, block, "choices").split("|")
        return "\n".join(f"- {choice.strip()}" for choice in given)
    low, high, *_ = block["slider"].split()
    unit = option(page, block, "unit")
    return f"A number from {low} to {high} {unit}".strip() + "."


def reveal(page: Page, block: Block) -> str:
    asked = page.predictions.get(block.argument)
    if asked is None:
        where = page.at(opening(page, block))
        name = block.argument
        raise ValueError(f"{where}: no prediction is called {name!r}")
    try:
        result = outcome(page, asked, block["result"])
    except ValueError as error:
        place = page.at(opening(page, block))
        raise ValueError(f"{place}: {error}") from error
    return quote(f"**The result: {result}.** {inside(page, block)}")


def outcome(page: Page, asked: Block, key: str) -> str:
    """What was glued, as the page says it."""
    page.glued_text(key)
    value = guess.glued(page.glue[key]["text/plain"])
    if asked["choices"]:
        return str(value)
    return guess.with_unit(guess.measured(value)[1], asked["unit"])


def questionnaire(page: Page, block: Block) -> str:
    """Questions in a row, each with its answer folded."""
    said = []
    found = list(QUESTION.finditer(block.text))
    if not found:
        where = page.at(opening(page, block))
        raise NoForm(where, "directive {questionnaire} without questions")
    ends = [m.start() for m in found[1:]] + [len(block.text)]
    for n, (match, end) in enumerate(zip(found, ends, strict=True), 1):
        line = block.line + block.text[: match.start()].count("\n")
        question = inline(page, match["q"], line)
        first, *rest = block.text[match.start("a") : end].split("\n")
        answer = "\n".join([first, textwrap.dedent("\n".join(rest))])
        at = block.line + block.text[: match.start("a")].count("\n")
        said.append(f"**{n}.** {question}")
        said.append(folded("Answer", say(page, answer.strip(), at)))
    return "\n\n".join(said)


def exercise(page: Page, block: Block) -> str:
    number = page.number("exercise", f"exercise-{block.argument}")
    count = int(block["stars"])
    head = f"### Exercise {number} {stars(count)}"
    goal = option(page, block, "goal")
    facts = f"{KINDS[count - 1]} · {block['minutes']} minutes · goal: {goal}"
    return f"{head}\n\n*{facts}*\n\n{inside(page, block)}"


def sourced(text: str) -> str:
    """An address becomes a link with a shorter name."""
    if not text.startswith("https://"):
        return text
    where = urlsplit(text)
    return f"[{where.netloc.removeprefix('www.')}{where.path}]({text})"


def museum(page: Page, block: Block) -> str:
    number = page.number("museum", f"museum-{block.argument}")
    title = option(page, block, "title") or block.argument
    facts = {name: option(page, block, name) for name in ROWS if block[name]}
    placard = "\n".join(
        f"- **{name.replace('-', ' ')}:** {sourced(text)}"
        for name, text in facts.items()
    )
    head = f"**Bug museum {number} · {title}**"
    return quote(f"{head}\n\n{placard}\n\n{inside(page, block)}")


FORMS |= {
    "exercise": exercise,
    "museum": museum,
    "prediction": prediction,
    "questionnaire": questionnaire,
    "reveal": reveal,
}
