"""The notebooks that the book gives away: what they say, what runs in them."""

import copy
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import replace

import nbformat
import pytest

from qlib.site import chapters
from qlib.site.build import SITE
from qlib.site.chapters import ROOT
from qlib.site.notebook import export as exporter
from qlib.site.notebook import wheel as wheels
from qlib.site.notebook.blocks import NoForm
from qlib.site.notebook.links import Links, strip_links
from qlib.site.notebook.words import expand
from qlib.site.notebook.writer import Writer
from tests.book import lesson

PAGES = chapters.notebooks()
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)


def code(nb, without=()):
    """The code cells that have none of some tags."""
    return [
        cell
        for cell in nb.cells
        if cell.cell_type == "code"
        and not set(without) & set(cell.metadata.get("tags", []))
    ]


def tagged(nb, tag):
    return [c for c in nb.cells if tag in c.metadata.get("tags", [])]


def prose(nb):
    return "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")


def export(path, work):
    return Writer(exporter.page(path, work=work)).notebook()


# Every page of the book


@every_page
def test_the_notebook_to_read_has_the_cells_of_the_page(path):
    nb = export(path, work=False)
    own = [c.source for c in code(nb, ["setup"])]
    assert own == [c.source for c in code(chapters.read(path))]
    assert code(nb)[0].metadata.tags == ["setup"]
    assert any(c.outputs for c in code(nb))


@every_page
def test_the_notebook_to_work_in_lacks_solutions_and_outputs(path):
    read, work = export(path, work=False), export(path, work=True)
    own = code(work, ["stub", "check"])
    assert [c.source for c in own] == [
        c.source for c in code(read, ["solution"])
    ]
    assert not any(c.outputs or c.execution_count for c in code(work))
    checks = {c.source.split("\n")[0] for c in tagged(work, "check")}
    assert len(checks) == len(re.findall("{solution-start}", path.read_text()))


@every_page
def test_the_numbers_are_those_of_the_page(path):
    html = (SITE / "book" / f"{path.stem}.html").read_text("utf8")
    text = prose(export(path, work=False))
    equations = re.findall(r'class="eqno">\(([\d.]+)\)', html)
    assert re.findall(r"\\tag\{([\d.]+)\}", text) == equations
    figures = re.findall(r'class="caption-number">Fig. ([\d.]+) ', html)
    assert re.findall(r"^\*Fig\. ([\d.]+)\.\* ", text, re.M) == figures
    exercises = re.findall(r"<b>Exercise ([\d.]+)</b>", html)
    assert re.findall(r"^### Exercise ([\d.]+) ", text, re.M) == exercises


@every_page
@pytest.mark.parametrize("work", [False, True])
def test_nothing_of_myst_is_left(path, work):
    text = re.sub(r"```.*?```", "", prose(export(path, work)), flags=re.S)
    assert not re.search(r"\{[\w:]+\}`|:::|^\([\w-]+\)=|\+\+\+", text, re.M)
    macros = exporter.page(path).macros
    assert not any(re.search(re.escape(m) + r"\b", text) for m in macros)


def test_the_files_are_the_same_each_time(tmp_path):
    first = exporter.write(tmp_path / "a")
    again = exporter.write(tmp_path / "b")
    assert [p.name for p in first] == [p.name for p in again]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    for file in first[1:]:
        nb = nbformat.read(file, 4)
        nbformat.validate(nb)
        assert len({cell.id for cell in nb.cells}) == len(nb.cells)
    left = tmp_path / "a" / "old.ipynb"
    left.write_text("{}")
    exporter.write(tmp_path / "a")
    assert not left.exists()


def test_the_site_has_every_notebook(tmp_path):
    made = exporter.write(tmp_path)
    there = {p.name for p in exporter.FOLDER.iterdir()}
    assert there == {p.name for p in made}


# The wheel


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder with the notebooks, and one where pip put their wheel."""
    folder = tmp_path_factory.mktemp("elsewhere")
    wheel, *_ = exporter.write(folder / "notebooks")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "-q"]
    target = ["--target", str(folder / "installed"), str(wheel)]
    subprocess.run([*pip, *target], check=True)
    return folder


def far(folder):
    """An environment in which qlib is the installed wheel."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return env | {"PYTHONPATH": str(folder / "installed")}


def test_the_wheel_has_what_a_notebook_needs(elsewhere):
    (wheel,) = (elsewhere / "notebooks").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        p.relative_to(ROOT).as_posix()
        for kind in ("py", "js", "css", "npz")
        for p in (ROOT / "qlib").rglob(f"*.{kind}")
        if p.relative_to(ROOT).parts[1] != "site"
    }
    assert wanted <= names
    site = {n for n in names if n.startswith("qlib/site/")}
    assert site == {
        "qlib/site/__init__.py",
        "qlib/site/notebook/__init__.py",
        "qlib/site/notebook/kernel.py",
    }


@every_page
def test_a_notebook_runs_where_only_the_wheel_is(elsewhere, path):
    nb = nbformat.read(elsewhere / "notebooks" / f"{path.stem}.ipynb", 4)
    there = str(elsewhere / "installed")
    proof = f"import qlib\n\nassert qlib.__file__.startswith({there!r})"
    nb.cells.append(nbformat.v4.new_code_cell(proof))
    file = elsewhere / f"{path.stem}.ipynb"
    nbformat.write(nb, file)
    alone = ["-c", os.devnull, "--rootdir", str(elsewhere)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", *alone, str(file)],
        cwd=elsewhere,
        env=far(elsewhere),
        capture_output=True,
        text=True,
    )
    assert "1 passed" in run.stdout, run.stdout


def test_the_first_cell_fetches_the_wheel_beside_it(elsewhere, tmp_path):
    """-S: what pip installed is there, the repository's qlib is not."""
    nb = nbformat.read(elsewhere / "notebooks" / "intro.ipynb", 4)
    setup = code(nb)[0].source.removesuffix("begin()")
    source = f"{setup}\nimport qlib\n\nprint(qlib.__file__)"
    paths = [str(tmp_path / "new"), sysconfig.get_path("purelib")]
    more = {"PIP_TARGET": paths[0], "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"}
    env = far(elsewhere) | more | {"PYTHONPATH": os.pathsep.join(paths)}
    python = [sys.executable, "-S", "-c", source]
    args = {"env": env, "capture_output": True, "text": True}
    run = subprocess.run(python, cwd=elsewhere / "notebooks", **args)
    assert run.stdout.strip().startswith(paths[0]), run.stderr
    env["PYTHONPATH"] = paths[1]
    run = subprocess.run(python, cwd=tmp_path, **args | {"env": env})
    name = wheels.name(ROOT)
    assert f"AssertionError: put {name} beside this notebook" in run.stderr


# One setting


def test_links_appear_where_the_repository_is_set():
    unset = strip_links("book/affine", Links())
    assert "../notebooks/affine.ipynb" in unset
    assert "../notebooks/affine-work.ipynb" in unset
    assert "http" not in unset
    assert Links().files == ""
    links = Links(repository_url="https://github.com/a/b")
    both = strip_links("book/affine", links)
    assert "github/a/b/blob/gh-pages/notebooks/affine-work.ipynb" in both
    assert "mybinder.org/v2/gh/a/b/gh-pages" in both
    assert links.files.startswith("https://raw.githubusercontent.com/a/b/")
    served = replace(links, site_url="https://example.org/book")
    assert served.files == "https://example.org/book/notebooks/"
    with pytest.raises(ValueError, match=r"owner/name, got 'https://x\.org"):
        strip_links("a", Links(repository_url="https://x.org/a/b"))


# The lesson: one of everything


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The lesson, executed as its page would be."""
    root = lesson.build(tmp_path_factory.mktemp("house") / "root")
    ran = lesson.run(chapters.read(root / "book/lesson.md", root), root)
    return lesson.page(root, ran)


FORMS = [
    "# 2. The lesson\n\n*A page of the book",
    "> difficulty ★★☆☆ · runs in 2 s · needs [Before](before.ipynb)\n",
    "> Not built here: the halves of $\\left\\lfloor x \\right\\rceil$.",
    "> ***Which integer is $x$?***",
    "> **Predict.** How far is $\\left\\lfloor x \\right\\rceil$ from $x$ in "
    "[Jacob et al. (2018)](https://arxiv.org/abs/1712.05877)?",
    "> A number from 1 to 100 steps.",
    "> - up\n> - down\n> - to $\\left\\lfloor x \\right\\rceil$",
    "\n\n## The rule\n\n$$\na = \\left\\lfloor b \\cdot \\operatorname{clamp}"
    " x \\right\\rceil\n\\tag{2.1}\n$$\n\nSee (2.1), codes, Fig. 2.1, *The "
    "start*,\n[before](before.ipynb), `{eq}` in code and ([Jacob et al., "
    "2018](https://arxiv.org/abs/1712.05877); [Nagel et al., 2021](https:",
    "```python\ndef quantize(",
    "*Fig. 2.1.* A caption with $\\left\\lfloor x \\right\\rceil$.",
    "Glued: down and 3.00.",
    "> **The result: 12.5 steps.** Because of 3.",
    "> **The result: down.** So it goes, see Exercise 2.3 and bug.",
    "> **Bug museum 2.1 · The zero that was not**\n>\n> - **symptom:** Z is "
    "$\\left\\lfloor z \\right\\rceil$, not 0.\n> - **cause:** An observer.",
    "> - **fixed:** [issue #1](https://example.org/1), 2020\n",
    "> - **source:** [example.org/1](https://example.org/1)\n>\n> A symmet",
    "**1.** What is $\\left\\lfloor 2.4 \\right\\rceil$?\n\n"
    "<details><summary><b>Answer</b></summary>\n\nTwo, by (2.1).\n\n"
    "It is nearer.\n\n</details>\n\n**2.** Is 0 a code?",
    "### Exercise 2.1 ★☆☆☆\n\n*by hand · 5 minutes · goal: write a function*"
    "\n\nWrite `double`, which doubles $x$.",
    "<details><summary><b>Solution of exercise 2.1</b></summary>\n\n"
    "Twice is a sum.\n\n</details>",
]


@pytest.mark.parametrize("form", FORMS)
def test_everything_has_a_form_to_read(page, form):
    assert form in prose(lesson.notebook(page))


def test_figures_are_where_they_are_drawn(page):
    nb = lesson.notebook(page)
    (output,) = [o for c in code(nb) for o in c.outputs]
    data = {"image/png": "AAAA", "text/plain": "a picture"}
    assert (output.output_type, output.data) == ("display_data", data)


def test_solutions_are_folded_and_work_has_none(page):
    solutions = tagged(lesson.notebook(page), "solution")
    assert len(solutions) == 3
    assert all(c.metadata.jupyter.source_hidden for c in solutions)
    work = lesson.notebook(page, work=True)
    assert "Twice is a sum" not in prose(work)
    assert "Solution" not in prose(work)
    assert "[before](before-work.ipynb)" in prose(work)
    assert prose(work).endswith("The end.")


STUBS = [
    "# Exercise 2.1\ndef double(\n    x,  # a number\n):\n"
    "    '''Twice x.'''\n    raise NotImplementedError(\"your turn\")",
    "# Exercise 2.2\nlevels = 7  # given\nS, Z = ..., ...  # your turn\n"
    "last = ...  # your turn",
    "# Exercise 2.3\nclass Ramp:\n    '''Rises.'''\n\n    def at(self, n):\n"
    '        raise NotImplementedError("your turn")\n\n'
    "ramp: np.ndarray = ...  # your turn",
]


def test_stubs_keep_what_the_reader_needs(page):
    stubs = tagged(lesson.notebook(page, work=True), "stub")
    assert [c.source for c in stubs] == STUBS


ARANGE = "class Ramp:\n    def at(self, n):\n        return np.arange({})"
ANSWERS = {  # name: exercise 1, 2, 3; what the checks say
    "untouched": (
        ["", "", ""],
        [
            "Exercise 2.1 is not solved yet: `double` is not written yet.",
            "Exercise 2.2 is not solved yet: `S` is still `...`.",
            "Exercise 2.3 is not solved yet: `ramp` is still `...`.",
        ],
    ),
    "right, otherwise": (
        [
            "double = (2).__mul__",
            "Z = 5\nS = 1 / 2\nlast = 0",
            f"{ARANGE.format('n) * 0.5 + (0')}\nramp = [0, 0.5, 1.0]",
        ],
        [f"Exercise 2.{k} is solved.\n" for k in (1, 2, 3)],
    ),
    "wrong": (
        [
            "def double(x):\n    return abs(x) + abs(x)",
            "S, Z, last = 0.25, 2, 0",
            "class Ramp: pass\nramp = np.zeros(3)",
        ],
        [
            "Exercise 2.1 is not solved yet: `double(-3) == -6` does not "
            "hold: `double(-3)` is 6. think of negative numbers",
            "Exercise 2.2 is not solved yet: `S == 0.5` does not hold: `S` "
            "is 0.25.",
            "Exercise 2.3 is not solved yet: np.testing.assert_allclose(ramp"
            ", [0, 0.5, 1])\nNot equal to tolerance",
        ],
    ),
    "broken": (
        [
            "def double(x):\n    return x + '2'",
            "del last\nS, Z = 0.5, 2",
            "ramp = [0, 0.5, 1]",
        ],
        [
            "Exercise 2.1 is not solved yet: `assert double(2) == 4` stops "
            "with TypeError: unsupported operand",
            "Exercise 2.2 is not solved yet: there is no `last`.",
            "Exercise 2.3 is not solved yet: `at` is not written yet.",
        ],
    ),
}


def said(cell):
    """What a check cell says, however it says it."""
    (output,) = cell.outputs
    if output.output_type == "error":
        assert output.ename == "Unsolved"
        assert output.traceback[-1] == output.evalue
        return output.evalue
    return output.text


@pytest.mark.parametrize("name", ANSWERS)
def test_checks_tell_right_answers_from_wrong_ones(page, name, tmp_path):
    answers, expected = ANSWERS[name]
    nb = lesson.notebook(page, work=True)
    for stub, answer in zip(tagged(nb, "stub"), answers, strict=True):
        stub.source += f"\n\n{answer}"
    lesson.run(nb, tmp_path)
    found = [said(cell) for cell in tagged(nb, "check")]
    assert [f[: len(e)] for f, e in zip(found, expected, strict=True)] == (
        expected
    )


def solved(nb, solutions):
    """After each stub's check the solution, and the check once more."""
    cells, rest = [], iter(solutions)
    for cell in nb.cells:
        cells.append(cell)
        if cell.cell_type == "code" and "check" in cell.metadata.get(
            "tags", []
        ):
            cells.append(nbformat.v4.new_code_cell(next(rest)))
            cells.append(copy.deepcopy(cell))
    nb.cells = cells
    return nb


def check_all(read, work, folder):
    """Stubs fail their checks, the book's own solutions pass them."""
    checked = [
        c.source
        for c in tagged(read, "solution")
        if re.search(r"^\s*(assert\b|.*\bassert_)", c.source, re.M)
    ]
    lesson.run(solved(work, checked), folder)
    found = [said(cell) for cell in tagged(work, "check")]
    assert len(found) == 2 * len(checked)
    assert all("is not solved yet: " in f for f in found[::2]), found
    assert all(f.endswith("is solved.\n") for f in found[1::2]), found


def test_solutions_pass_their_checks(page, tmp_path):
    read = lesson.notebook(page)
    check_all(read, lesson.notebook(page, work=True), tmp_path)


@every_page
def test_stubs_fail_and_solutions_pass_in_the_book(path, tmp_path):
    read, work = export(path, work=False), export(path, work=True)
    if tagged(work, "check"):
        check_all(read, work, tmp_path)


# What has no form


SOLUTION = "```{{solution-start}} a\n```\n\n{}\n```{{solution-end}}\n```"
EXERCISE = "```{exercise} a\n:stars: 1\n:minutes: 5\n:goal: b\nc\n```\n\n"
FAULTS = [  # text of a page, line, what is said
    ("```{nosuch} a\nb\n```", 4, "directive {nosuch} has no form"),
    (":::{note}\na\n\n```{nosuch}\n```\n:::", 7, "directive {nosuch} has"),
    ("a\nb {nosuch}`c`", 5, "role {nosuch} has no form"),
    ("```{note}\n:class: tip\na\n{nosuch}`c`\n```", 7, "role {nosuch} has"),
    ("- a\n  ```{note}\n  b\n  ```", 5, "indented directive {note} has no"),
    ("![a](b.png)", 4, "picture b.png has no form"),
    ("[a]{.b}", 4, "attribute ]{.b} has no form"),
    ("\\begin{align}\na\n\\end{align}", 4, "\\begin{align} (use $$ ... $$"),
    ("{eq}`nosuch`", 4, "no equation of this page has the label 'nosuch'"),
    ("{glue:text}`nosuch`", 4, "no cell of this page glued 'nosuch'"),
    ("```{glue:figure} nosuch\n```", 4, "no cell of this page glued"),
    ("{cite:t}`nosuch`", 4, "references.bib has no entry 'nosuch'"),
    ("[](nosuch.md)", 4, "_toc.yml has no page 'book/nosuch'"),
    ("```{reveal} nosuch\n```", 4, "no prediction is called 'nosuch'"),
    ("```{questionnaire}\na\n```", 4, "{questionnaire} without questions"),
    ("```{solution-end}\n```", 4, "{solution-end} without a start"),
    ("```{solution-start} b\n```", 4, "has the label 'exercise-b'"),
    (EXERCISE + "```{solution-start} a\n```", 11, "has no end"),
    (
        EXERCISE + SOLUTION.format(lesson.CELL.format("x = 1")),
        11,
        "this solution has no assertion",
    ),
    (
        EXERCISE + SOLUTION.format(lesson.CELL.format("assert 1")),
        11,
        "this solution leaves nothing to do",
    ),
]


@pytest.mark.parametrize(("text", "line", "words"), FAULTS)
def test_what_has_no_form_is_named_with_its_place(tmp_path, text, line, words):
    root = lesson.build(tmp_path / "house", f"# Title\n\nText.\n\n{text}\n")
    line += lesson.HEAD.count("\n") + 1
    with pytest.raises(ValueError, match=re.escape(words)) as found:
        lesson.notebook(lesson.page(root))
    assert str(found.value).startswith(f"book/lesson.md:{line}: ")
    assert isinstance(found.value, NoForm) is ("no form" in str(found.value))


def test_macros_are_written_out():
    macros = {r"\f": r"\max", r"\g": r"(#1 | #2)"}
    assert expand(r"\f x + \frac12", macros) == r"\max x + \frac12"
    assert expand(r"\g{\f{a}}{b} \g c d", macros) == (r"(\max{a} | b) (c | d)")
