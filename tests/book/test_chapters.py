"""The chapters: what is run, what they stand on, how they are written."""

import ast
import itertools
import json
import re
import shutil
import subprocess
import sys

import pytest

from qlib.site import chapters
from qlib.site.chapters import ROOT

PARTS = [
    "question",
    "prediction",
    "goals",
    "by-hand",
    "derivation",
    "code",
    "widget",
    "experiment",
    "reveal",
    "museum",
    "in-the-wild",
    "recap",
    "questionnaire",
    "exercises",
    "more",
]
NEEDED = {
    "question",
    "by-hand",
    "derivation",
    "code",
    "widget",
    "experiment",
    "recap",
}
HEADINGS = {p.replace("-", " ") for p in PARTS}
PAGES = list(chapters.pages(chapters.toc()))
NUMBERED = [ROOT / f"{name}.md" for name, yes in PAGES if yes]
ALL = [ROOT / f"{name}.md" for name, _ in PAGES]
TAGS = re.compile(r"^\+\+\+ (\{.*\})$", re.M)

every_chapter = pytest.mark.parametrize("path", NUMBERED, ids=lambda p: p.stem)
every_page = pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)


def prose(text):
    """A page without its fenced blocks and its front matter."""
    text = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.S | re.M)
    return re.sub(r"^(`{3,}|:{3,}).*?^\1\s*$", "", text, flags=re.S | re.M)


def shows_or_asserts(body):
    last = body[-1]
    if isinstance(last, ast.For):
        return shows_or_asserts(last.body)
    return isinstance(last, ast.Expr | ast.Assert)


def test_every_numbered_entry_is_a_notebook_that_runs():
    assert NUMBERED
    assert set(NUMBERED) <= set(chapters.notebooks())


def test_every_page_in_the_folder_is_in_the_table_of_contents():
    assert {p.resolve() for p in (ROOT / "book").glob("*.md")} == set(ALL)


def test_nbmake_collects_exactly_the_notebook_pages():
    command = [sys.executable, "-m", "pytest", "--nbmake", "book", "-q"]
    run = subprocess.run(
        [*command, "--collect-only"], cwd=ROOT, capture_output=True, text=True
    )
    collected = re.findall(r"::([\w-]+\.md)", run.stdout)
    assert sorted(collected) == sorted(p.name for p in chapters.notebooks())


@every_chapter
def test_the_parts_of_a_chapter_come_in_order(path):
    tags = [
        tag
        for line in TAGS.findall(path.read_text("utf8"))
        for tag in json.loads(line)["tags"]
    ]
    assert tags == [part for part in PARTS if part in tags]
    assert set(tags) >= NEEDED


@every_page
def test_headings_go_down_one_step_at_a_time(path):
    heads = re.findall(r"^(#+) (.+)$", prose(path.read_text("utf8")), re.M)
    depths = [len(marks) for marks, _ in heads]
    assert depths[0] == 1
    assert depths.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(depths))
    names = {re.sub(r"\s*\{.*", "", words).lower() for _, words in heads}
    assert not names & HEADINGS, "headings are the chapter's own words"


@every_chapter
def test_cells_are_short_and_end_in_something_seen(path):
    for cell in chapters.cells(path.read_text("utf8")):
        lines = cell.rstrip().splitlines()
        assert len(lines) <= 20, cell
        assert max(map(len, lines)) <= 79, cell
        assert shows_or_asserts(ast.parse(cell).body), cell


@every_chapter
def test_a_chapter_calls_qlib_and_asserts(path):
    text = path.read_text("utf8")
    names = chapters.imported("\n".join(chapters.cells(text)))
    assert "qlib" in names
    assert "assert" in text
    assert "{literalinclude} ../qlib/" in text


@every_page
def test_the_prose_keeps_the_rules_of_writing(path):
    text = prose(path.read_text("utf8"))
    banned = r"\b(simply|obviously|of course|just|trivial(ly)?|easily)\b"
    found = re.search(banned, text, re.I)
    assert not found, found
    vague = re.search(r"\b8-bit\b", text)
    assert not vague, "say int8 or uint8 with the range"


@pytest.fixture
def house(tmp_path):
    """A copy of the house with two chapters that import different rooms."""
    shutil.copytree(
        ROOT / "qlib", tmp_path / "qlib", ignore=shutil.ignore_patterns("__p*")
    )
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    return tmp_path


def page(source):
    return (
        "---\njupytext: {text_representation: {format_name: myst}}\n"
        "kernelspec:\n  name: python3\n---\n\n# t\n\n"
        f"```{{code-cell}} ipython3\n{source}\n```\n"
    )


@pytest.mark.parametrize(
    ("changed", "source", "stale"),
    [
        ("affine.py", "from qlib.affine import quantize", True),
        ("affine.py", "from qlib import affine", True),
        ("affine.py", "import qlib.affine as a", True),
        ("grid.py", "from qlib.affine import quantize", True),
        ("affine.py", "from qlib.grid import INT8", False),
        ("affine.py", "1 + 1", False),
        ("error.py", "from qlib.affine import quantize", False),
        ("widgets/kit.js", "from qlib.widgets import affine_ruler", True),
        ("widgets/kit.js", "from qlib.affine import quantize", False),
        ("widgets/clip_rules.js", "import qlib.widgets.where_to_clip", True),
    ],
)
def test_a_chapter_is_stale_where_what_it_imports_changed(
    house, changed, source, stale
):
    before = chapters.digest(page(source), house)
    file = house / "qlib" / changed
    file.write_text(file.read_text("utf8") + "\n", "utf8")
    assert (chapters.digest(page(source), house) != before) is stale


def test_the_stamp_is_a_part_of_what_is_read():
    text = page("1")
    assert "stands_on: " in chapters.stamp(text)
    with pytest.raises(ValueError, match="needs a kernelspec"):
        chapters.stamp("# no front matter")


def test_cell_options_are_not_source():
    text = page("---\ntags: [hide-input]\n---\na = 1")
    assert chapters.cells(text) == ["a = 1\n"]
    text = page(":tags: [hide-input]\na = 1")
    assert chapters.cells(text) == ["a = 1\n"]
