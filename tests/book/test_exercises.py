"""What the source of a page must hold of predictions and exercises.

`faults` lists what does not hold; each fault that it must see is planted.
"""

import ast
import re
from collections import Counter

import pytest

from qlib.site import chapters
from qlib.site.chapters import ROOT
from qlib.site.teaching import options

PAGES = [ROOT / f"{name}.md" for name, _ in chapters.pages(chapters.toc())]
PIECE = re.compile(
    r"^(`{3,})\{(prediction|reveal|exercise|museum)\} *(\S+)\n(.*?)^\1$",
    re.M | re.S,
)
SOLUTION = re.compile(
    r"^```\{solution-start\} *(\S+)\n```$(.*?)^```\{solution-end\}\n```$",
    re.M | re.S,
)
STARTS = re.compile(r"^```\{solution-start\}", re.M)
GOALS = re.compile(
    r'^\+\+\+ \{"tags": \["goals"\]\}$(.*?)^\+\+\+ ', re.M | re.S
)


def asserts(source):
    """Is the last statement an assertion, of a loop its body's last one?"""
    body = ast.parse(source).body
    last = body[-1] if body else None
    while isinstance(last, ast.For):
        last = last.body[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    if isinstance(call, ast.Call):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        return name.startswith("assert_")
    return isinstance(last, ast.Assert)


def names(text, kind):
    return [m[3] for m in PIECE.finditer(text) if m[2] == kind]


def faults(text):
    """Everything that is wrong with a page, one sentence each."""
    for kind in ("prediction", "reveal", "exercise", "museum"):
        for name, n in Counter(names(text, kind)).items():
            if n > 1:
                yield f"{n} {kind}s are called {name}"
    for name in {*names(text, "prediction")} ^ {*names(text, "reveal")}:
        yield f"{name} is predicted or revealed, not both"
    yield from wrong_solutions(text)
    yield from wrong_goals(text)


def wrong_solutions(text):
    solved = Counter(m[1] for m in SOLUTION.finditer(text))
    if solved.total() != len(STARTS.findall(text)):
        yield "a solution does not end"
    for name in {*names(text, "exercise")} | {*solved}:
        known = name in names(text, "exercise")
        if not known or solved[name] != 1:
            yield f"exercise {name} has {solved[name]} solutions, {known=}"
    for match in SOLUTION.finditer(text):
        cells = chapters.cells(match[2])
        if not cells or not asserts(cells[-1]):
            yield f"the solution of {match[1]} does not end in an assertion"


def wrong_goals(text):
    """A goal is a bold word of the chapter's goals; each has an exercise."""
    part = GOALS.search(text)
    goals = {*re.findall(r"\*\*(.+?)\*\*", part[1])} if part else set()
    used = {
        options(m[4].splitlines())[0].get("goal")
        for m in PIECE.finditer(text)
        if m[2] == "exercise"
    }
    if used:
        for goal in goals ^ used:
            yield f"goal {goal}: named by the goals or an exercise, not both"


WHOLE = """+++ {"tags": ["goals"]}

- **bound** the error

+++ {"tags": ["exercises"]}

```{prediction} size
:slider: 1 9
How much?
```

```{reveal} size
:result: key
Why.
```

```{exercise} half
:stars: 1
:minutes: 5
:goal: bound
Text.
```

```{solution-start} half
```

```{code-cell} ipython3
a = 1
assert a == 1
```

```{solution-end}
```
"""
EXERCISE = WHOLE[WHOLE.index("```{exercise}") : WHOLE.index("```{solution-s")]
SOLVED = WHOLE[WHOLE.index("```{solution-s") :]
PLANTED = {
    "0 solutions": (SOLVED, ""),
    "2 solutions": (SOLVED, SOLVED + SOLVED),
    "known=False": (EXERCISE, ""),
    "does not end in": ("assert a == 1\n", "a == 1\n"),
    "not end in an": (
        "```{code-cell} ipython3\na = 1\nassert a == 1\n```",
        "",
    ),
    "does not end": ("```{solution-end}\n```\n", ""),
    "2 exercises": (EXERCISE, EXERCISE + EXERCISE),
    "not both": ("```{reveal} size", "```{reveal} sise"),
    "goal derive": (":goal: bound", ":goal: derive"),
    "goal bound": ("**bound**", "**bound** and **derive**"),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_page_has_no_fault(path):
    assert [*faults(path.read_text("utf8"))] == []


def test_a_whole_page_passes():
    assert [*faults(WHOLE)] == []


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_seen(fault):
    right, wrong = PLANTED[fault]
    assert right in WHOLE
    found = [*faults(WHOLE.replace(right, wrong))]
    words = "derive" if fault == "goal bound" else fault
    assert any(words in f for f in found), found


@pytest.mark.parametrize(
    ("source", "yes"),
    [
        ("assert x", True),
        ("np.testing.assert_allclose(a, b)", True),
        ("assert x\nprint(x)", False),
        ("if a:\n    assert x", False),
        ("", False),
    ],
)
def test_an_assertion_is_the_last_word(source, yes):
    assert asserts(source) is yes


def test_museum_names_are_unique_in_the_book():
    found = Counter(
        name
        for path in PAGES
        for name in names(path.read_text("utf8"), "museum")
    )
    assert [name for name, n in found.items() if n > 1] == []


def test_options_are_taken_as_they_stand():
    text = ':fixed: [MXNet #11833](https://x.org), "2018"\n:still-in: a:b\n  c'
    have, count = options([*text.splitlines(), "", ":not: an option"])
    assert have["fixed"] == '[MXNet #11833](https://x.org), "2018"'
    assert have["still-in"] == "a:b c"
    assert count == 3
