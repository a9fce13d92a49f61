"""How the house is built: floors, lengths, docstrings.

Each rule is a function from a folder to a list of complaints.  The real
folder must give none; a folder with a planted fault must give that one.
"""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

QLIB = Path(__file__).parents[2] / "qlib"

# A module imports from floors above it in this list, from its own folder,
# or, being a single file, from another single file on its floor.
FLOORS = [
    ["arrays", "grid", "rounding"],
    ["qparams", "multiplier"],
    ["affine", "requant"],
    ["tensor", "error", "formats", "calibrate"],
    ["net"],
    ["int8", "neon", "compress", "zoo"],
    # numpy ends here
    ["data", "stats", "export", "plots"],
    ["train", "fast"],
    ["surface"],
    ["widgets"],
    ["site"],
]
CORE = FLOORS[:6]
CORE_IMPORTS = {"numpy", *sys.stdlib_module_names}
FILE_LINES, BODY_LINES, COLUMNS = 220, 25, 79
EXCEPTIONS = {}  # "path:function" or "path" -> why it may be longer


def sources(root):
    """Dotted name without "qlib" -> path; "" is the package itself."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def floor_of(name):
    """The floor of a dotted name, or None for a stranger."""
    room = name.split(".")[0]
    return next((i for i, f in enumerate(FLOORS) if room in f), None)


def in_core(name):
    return any(name.split(".")[0] in floor for floor in CORE)


def imports(name, path):
    """Every dotted name that a file imports, wherever it does so."""
    package = ["qlib", *filter(None, name.split("."))]
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = len(package) + 1 - node.level
            base = package[:up] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def inside(name, path, names):
    """The files of qlib that a file imports."""
    for target in imports(name, path):
        parts = target.split(".")
        if parts[0] == "qlib":
            known = (".".join(parts[1:n]) for n in range(len(parts), 0, -1))
            yield next((k for k in known if k in names), "")


def strangers(root):
    """Every file stands on a floor."""
    for name, path in sources(root):
        if name and floor_of(name) is None:
            yield f"{path.name}: {name} is on no floor"


def arrows(root):
    """Arrows point up the list, or stay in the folder."""
    files = dict(sources(root))
    for name, path in files.items():
        if not name:
            yield from (f"qlib imports {t}" for t in imports(name, path))
            continue
        for target in inside(name, path, files):
            here, there = floor_of(name), floor_of(target)
            same = name.split(".")[0] == target.split(".")[0]
            single = (root / f"{name}.py").exists() and (
                root / f"{target}.py"
            ).exists()
            if None in (here, there) or not (
                there < here or same or (there == here and single)
            ):
                yield f"{name} imports {target or 'qlib'}"


def cycles(root):
    """No file imports itself in the end."""
    files = dict(sources(root))
    graph = {n: set(inside(n, p, files)) - {n} for n, p in files.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield "cycle: " + " -> ".join(error.args[1])


def core_imports(root):
    """Floors 0 to 5 import numpy and the standard library."""
    for name, path in sources(root):
        for target in imports(name, path):
            top = target.split(".")[0]
            if in_core(name) and top not in CORE_IMPORTS | {"qlib"}:
                yield f"{name} imports {top}"


def long_files(root):
    """Files of about 200 lines, of 79 columns."""
    for _, path in sources(root):
        lines = path.read_text(encoding="utf-8").splitlines()
        where = path.relative_to(root).as_posix()
        if len(lines) > FILE_LINES and where not in EXCEPTIONS:
            yield f"{where} has {len(lines)} lines"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                yield f"{where}:{number} has {len(line)} columns"


def body_lines(node):
    """Lines of a body from its first statement to its last."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def long_functions(root):
    """Bodies of about 25 lines, the docstring not counted."""
    for _, path in sources(root):
        where = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place, n = f"{where}:{node.name}", body_lines(node)
                if n > BODY_LINES and place not in EXCEPTIONS:
                    yield f"{place} has {n} lines"


def doctests(root):
    """Public functions and classes of the core show an example.

    A row of the instruction table has recorded states instead.
    """
    for name, path in sources(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if in_core(name) and not ast.get_docstring(tree):
            yield f"{name} has no docstring"
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            words = ast.get_docstring(node) or ""
            row = name.startswith("neon.instructions.") and words
            shown = ">>> " in words or row
            if in_core(name) and not node.name.startswith("_") and not shown:
                yield f"{name}.{node.name} has no doctest"


RULES = [
    strangers,
    arrows,
    cycles,
    core_imports,
    long_files,
    long_functions,
    doctests,
]
LONG_BODY = "def f():\n    '''Words.'''\n" + "    x = 1\n" * 26
PLANTED = [  # rule, file, what it says, complaint
    (strangers, "utils.py", "", "utils is on no floor"),
    (strangers, "misc/tools.py", "", "misc.tools is on no floor"),
    (arrows, "grid.py", "import qlib.affine", "grid imports affine"),
    (arrows, "grid.py", "from qlib import affine", "grid imports affine"),
    (arrows, "grid.py", "from .affine import f", "grid imports affine"),
    (arrows, "net/a.py", "from ..int8 import b", "net.a imports int8.b"),
    (arrows, "neon/a.py", "import qlib.int8.b", "neon.a imports int8.b"),
    (arrows, "net/a.py", "def f():\n import qlib.int8", "net.a imports int8"),
    (arrows, "error.py", "import qlib.formats", "error imports formats"),
    (arrows, "grid.py", "import qlib", "grid imports qlib"),
    (arrows, "__init__.py", "import qlib.grid", "qlib imports qlib.grid"),
    (cycles, "arrays.py", "import qlib.rounding", "cycle: arrays -> "),
    (cycles, "int8/b.py", "from . import c", "cycle: int8.b -> int8.c"),
    (core_imports, "grid.py", "import scipy.stats", "grid imports scipy"),
    (core_imports, "zoo/a.py", "from torch import nn", "zoo.a imports torch"),
    (long_files, "grid.py", "\n" * 221, "grid.py has 221 lines"),
    (long_files, "site/a.py", "#" * 80, "site/a.py:1 has 80 columns"),
    (long_functions, "site/a.py", LONG_BODY, "site/a.py:f has 26 lines"),
    (doctests, "net/a.py", "'W.'\ndef f():\n  'W.'", "net.a.f has no doctest"),
    (
        doctests,
        "net/a.py",
        "'W.'\nclass C:\n  x = 1",
        "net.a.C has no doctest",
    ),
    (doctests, "net/a.py", "x = 1", "net.a has no docstring"),
    (doctests, "neon/instructions/a.py", "'W.'\ndef f(): 1", "has no doctest"),
]
SOUND = {
    "__init__.py": "'''The package.'''",
    "arrays.py": "'''Words.'''\nimport numpy as np",
    "rounding.py": "'''Words.'''\nfrom qlib.arrays import Real",
    "grid.py": "'''Words.'''\ndef f():\n    '''>>> f()'''\n" + "    #\n" * 30,
    "affine.py": "'''Words.'''\nimport qlib.grid\ndef _private(): x = 1",
    "formats/__init__.py": "'''Words.'''",
    "int8/__init__.py": "'''Words.'''",
    "int8/b.py": "'''Words.'''\nfrom qlib.affine import f",
    "neon/instructions/a.py": "'Rows.'\ndef smull(n, m):\n    'Words.'",
    "int8/c.py": "'''Words.'''\nfrom . import b\nfrom .b import f",
    "train/a.py": "import torch\nfrom qlib import int8, affine",
    "site/a.py": LONG_BODY.replace("    x = 1\n", "", 1) + "#" * 79,
}


def plant(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule):
    complaints = list(rule(QLIB))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_house_gives_no_complaint(rule, tmp_path):
    plant(tmp_path, SOUND)
    assert list(rule(tmp_path)) == []


@pytest.mark.parametrize(("rule", "file", "text", "complaint"), PLANTED)
def test_a_planted_fault_is_found(rule, file, text, complaint, tmp_path):
    plant(tmp_path, SOUND | {file: text})
    (found,) = rule(tmp_path)
    assert complaint in found
