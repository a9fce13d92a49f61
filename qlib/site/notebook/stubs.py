"""The reader's part of an exercise, made from its solution.

Up to the first assertion a cell is the solution: functions keep signature
and docstring, assigned names wait for values, imports stay, and so does a
line that ends in `# given`. From the first assertion on it is the check.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

TURN = 'raise NotImplementedError("your turn")'
Function = ast.FunctionDef | ast.AsyncFunctionDef
CHECK = """\
# Check of exercise {number}: run it when you have an answer.
from qlib.site.notebook.kernel import check

with check({names}):
{body}"""


@dataclass(frozen=True)
class Part:
    """What one cell of a solution becomes; "" where it becomes nothing."""

    stub: str
    check: str


def dotted(node: ast.expr) -> str:
    """np.testing.assert_allclose, as text."""
    names = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]
    names += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return ".".join(reversed(names))


def asserts(node: ast.stmt) -> bool:
    """Does a statement check something?"""
    if isinstance(node, Function | ast.ClassDef):
        return False
    calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    if any(isinstance(n, ast.Assert) for n in ast.walk(node)):
        return True
    return any(".assert_" in f".{dotted(f)}" for f in calls)


def stored(node: ast.AST) -> list[str]:
    """The names that a statement gives values to, loop variables left out."""
    loops = {
        name.id
        for loop in ast.walk(node)
        if isinstance(loop, ast.For | ast.comprehension)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    found = [n.id for n in names if isinstance(n.ctx, ast.Store)]
    return [name for name in dict.fromkeys(found) if name not in loops]


def loaded(nodes: list[ast.stmt]) -> set[str]:
    """The names that statements use."""
    return {
        name.id
        for node in nodes
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }


def first_line(node: ast.stmt) -> int:
    """A statement's first line, decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def outline(node: Function | ast.ClassDef, lines: list[str]) -> list[str]:
    """Signature and docstring; a class keeps the outlines of its methods."""
    body, margin = node.body, " " * (node.col_offset + 4)
    documented = ast.get_docstring(node) is not None
    end = body[0].end_lineno if documented else first_line(body[0]) - 1
    assert end is not None
    if end < node.lineno:  # all on one line
        node.body = ast.parse(TURN).body
        return ast.unparse(node).split("\n")
    kept = lines[first_line(node) - 1 : end]
    if isinstance(node, Function):
        return [*kept, f"{margin}{TURN}"]
    methods = [n for n in body if isinstance(n, Function | ast.ClassDef)]
    inner = [s for n in methods for s in ["", *outline(n, lines)]]
    return [*kept, *(inner or [f"{margin}..."])]


def values(node: ast.stmt, known: list[str]) -> list[str]:
    """`x = ...  # your turn` for what a statement gives a value to."""
    names = [name for name in stored(node) if name not in known]
    known.extend(names)
    if not names:
        return []
    if isinstance(node, ast.AnnAssign):
        kind = ast.unparse(node.annotation)
        return [f"{names[0]}: {kind} = ...  # your turn"]
    dots = ", ".join(["..."] * len(names))
    return [f"{', '.join(names)} = {dots}  # your turn"]


def pieces(
    nodes: list[ast.stmt], lines: list[str], known: list[str]
) -> Iterator[list[str]]:
    """The stub's lines, statement by statement."""
    for node in nodes:
        start, end = first_line(node) - 1, node.end_lineno or node.lineno
        given = lines[end - 1].rstrip().endswith("# given")
        if given or isinstance(node, ast.Import | ast.ImportFrom):
            yield lines[start:end]
        elif isinstance(node, Function | ast.ClassDef):
            yield ["", *outline(node, lines), ""]
        else:
            yield values(node, known)


def indented(text: str, nodes: list[ast.stmt]) -> str:
    """Statements one level deeper, and still the same statements."""
    deeper = textwrap.indent(text, "    ")
    plain = textwrap.indent("\n".join(map(ast.unparse, nodes)), "    ")
    try:
        trees = [ast.dump(ast.parse(f"if 1:\n{s}")) for s in (deeper, plain)]
    except SyntaxError:
        return plain
    return deeper if trees[0] == trees[1] else plain


def split(source: str, number: str, known: list[str]) -> Part:
    """One cell of a solution; known grows by the names that wait."""
    lines, nodes = source.split("\n"), ast.parse(source).body
    first = next((k for k, n in enumerate(nodes) if asserts(n)), len(nodes))
    mine, checks = nodes[:first], nodes[first:]
    stub = [s for part in pieces(mine, lines, known) for s in part]
    text = "\n".join(stub).strip().replace("\n\n\n\n", "\n\n\n")
    if text:
        text = f"# Exercise {number}\n{text}"
    if not checks:
        return Part(text, "")
    used = loaded(checks)
    waiting = [name for name in known if name in used]
    names = ", ".join(f'"{name}"' for name in [number, *waiting])
    after = "\n".join(lines[first_line(checks[0]) - 1 :])
    body = indented(after, checks)
    return Part(text, CHECK.format(number=number, names=names, body=body))
