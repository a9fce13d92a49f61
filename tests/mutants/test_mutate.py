"""The mutants themselves: which mistakes are made, and that tests see them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutate import mutants

ROOT = Path(__file__).parents[2]
MISTAKES = [  # a line, and what it may become
    ("x = a + b", ["x = a - b"]),
    ("x = a >> b", ["x = a << b"]),
    ("x = a % b", ["x = a // b"]),
    ("x = a < b", ["x = a <= b", "x = a >= b"]),
    ("x = a == b", ["x = a != b"]),
    ("x = a and b", ["x = a or b"]),
    ("x = not a", ["x = a"]),
    ("x = -a", ["x = a"]),
    ("x = 3", ["x = 4", "x = 2"]),
    ("x = True", ["x = False"]),
    ("x = a if b else c", ["x = a if not b else c"]),
    (
        "x = a if b < c else d",
        ["x = a if b <= c else d", "x = a if b >= c else d"],
    ),
    ("x = min(a, b)", ["x = max(a, b)"]),
    ("x = f(a, b)", ["x = f(b, a)"]),
    ("x = f(a, key=b)", ["x = f(a)"]),
    ("x = a.astype(b)", ["x = a"]),
    ("x = np.abs(a)", ["x = a"]),
    ("x = np.int64", ["x = np.int32"]),
    ("x = g.qmin", ["x = g.qmax"]),
    ("x += a", ["pass", "x -= a"]),
    ("f(a)", ["pass"]),
    ("raise f", ["pass"]),
    ("x = (a + b) * c", ["x = (a + b) // c", "x = (a - b) * c"]),
    ("x = a * (b + c)", ["x = a // (b + c)", "x = a * (b - c)"]),
    ("x = 'é' + b  # é", ["x = 'é' - b # é"]),
]
SILENT = [
    "import numpy as np",
    "x = 'words'",
    "x: list[4]",
    "x = f'{a + 1}'",
    "def f(a: 4) -> 5: return a",
    "x = None",
]
PRODUCT = "def area(a, b):\n    return a * b\n"
STRONG = "from product import area\n\n\ndef test_it():\n    assert {} == 6\n"


@pytest.mark.parametrize(("line", "after"), MISTAKES)
def test_a_line_becomes_each_of_its_mistakes(line, after):
    assert [m.after for m in mutants(line + "\n")] == after


@pytest.mark.parametrize("line", SILENT)
def test_words_types_and_imports_are_left_alone(line):
    assert list(mutants(line + "\n")) == []


def test_a_mutant_is_the_source_with_one_change():
    source = "# one\nx = (\n    1 + y\n)\nz = 5 * x\n"
    found = {m.source: m for m in mutants(source)}
    changed = found["# one\nx = (\n    1 - y\n)\nz = 5 * x\n"]
    assert (changed.line, changed.before) == (3, "1 + y")
    assert len(found) == 6
    assert source not in found


def told(folder, *tests):
    """Exit status and words of a run on product.py."""
    ask = [sys.executable, "-m", "tests.mutants", "product.py", "--", *tests]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ask, cwd=folder, env=env, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path):
    """A folder with a product, a sharp test and three that are not."""
    files = {
        "product.py": PRODUCT,
        "test_sharp.py": STRONG.format("area(2, 3)"),
        "test_dull.py": STRONG.format("area(6, 1)"),
        "test_wrong.py": STRONG.format("area(2, 2)"),
        "test_elsewhere.py": "def test_it():\n    pass\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_sharp_test_kills_what_a_dull_one_lets_live(project):
    status, words = told(project, "test_sharp.py")
    assert (status, "1 failed" in words, "0 survived" in words) == (0, 1, 1)
    status, words = told(project, "test_dull.py")
    assert (status, "1 survived" in words) == (1, True)
    assert "product.py:2\n- `return a * b`\n  `return a // b`\n" in words
    assert (project / "product.py").read_text() == PRODUCT


def test_tests_that_fail_as_things_are_or_read_another_file_are_no_tests(
    project,
):
    status, words = told(project, "test_wrong.py")
    assert (status, "must pass as things are" in words) == (1, True)
    status, words = told(project, "test_elsewhere.py")
    assert (status, "must import product.py" in words) == (1, True)
