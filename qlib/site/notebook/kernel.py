"""What a notebook of the book finds in its kernel.

The wheel beside the notebooks has this file, and nothing else of qlib.site.
`begin` is called by a notebook's first cell, `check` by the cells that look
at a reader's answers.
"""

from __future__ import annotations

import ast
import linecache
import sys
import traceback
from types import ModuleType, TracebackType
from typing import Any, Self

from IPython.core.getipython import get_ipython
from IPython.display import display

NOT_YET = "Exercise {} is not solved yet: {}"


def picture(shown: Any, **_: Any) -> dict[str, str]:
    """A figure without the page: no style sheet would choose its width."""
    data: dict[str, str] = shown._repr_mimebundle_()
    return {k: v for k, v in data.items() if k != "text/html"}


def glue(name: str, value: object, display: bool = True) -> None:
    """Show the figure here; the book would show it where it says so."""
    if hasattr(value, "_repr_mimebundle_"):
        show(value)


def show(value: object) -> None:
    display(value)  # type: ignore[no-untyped-call]


def begin() -> None:
    """Figures as pictures, glue that shows, and widgets in Colab."""
    module = ModuleType("myst_nb", glue.__doc__)
    vars(module)["glue"] = glue
    sys.modules["myst_nb"] = module
    shell: Any = get_ipython()
    bundle = shell.display_formatter.mimebundle_formatter
    bundle.for_type_by_name("qlib.plots.page", "Shown", picture)
    if colab := sys.modules.get("google.colab"):
        vars(colab)["output"].enable_custom_widget_manager()


class Unsolved(AssertionError):
    """Shown as its sentence, below the reader's own error if there is one."""

    def _render_traceback_(self) -> list[str]:
        cause = self.__cause__
        theirs = traceback.format_exception(cause) if cause else []
        return [*theirs, str(self)]


class check:
    """`with check("5.3", "x"):` says in a sentence what does not hold.

    The names are those that the reader gives values to. What is asserted
    inside holds for the reader's answer, however it was found.
    """

    def __init__(self, exercise: str, *names: str) -> None:
        self.exercise, self.names = exercise, names

    def __enter__(self) -> Self:
        have = sys._getframe(1).f_globals
        for name in self.names:
            if name not in have:
                raise self.unsolved(f"there is no `{name}`.")
            if have[name] is ...:
                raise self.unsolved(f"`{name}` is still `...`.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            print(f"Exercise {self.exercise} is solved.")
        elif isinstance(error, AssertionError | NotImplementedError):
            raise self.unsolved(why(error, trace)) from None
        elif isinstance(error, Exception):
            raise self.unsolved(why(error, trace)) from error

    def unsolved(self, reason: str) -> Unsolved:
        return Unsolved(NOT_YET.format(self.exercise, reason))


def why(error: Exception, trace: TracebackType | None) -> str:
    """What stopped a check, in one sentence or two."""
    assert trace is not None
    last = trace
    while last.tb_next:
        last = last.tb_next
    if isinstance(error, NotImplementedError):
        name = last.tb_frame.f_code.co_name
        return f"`{name}` is not written yet."
    here = statement(trace)
    message = str(error).strip()
    if not isinstance(error, AssertionError):
        said = f"{type(error).__name__}: {message}"
        return f"`{ast.unparse(here)}` stops with {said}"
    if last is trace and isinstance(here, ast.Assert):
        condition = ast.unparse(here.test)
        found = value(here.test, trace)
        said = f"`{condition}` does not hold{found}."
        return f"{said} {message}".strip()
    return f"{ast.unparse(here)}\n{message}"


def statement(trace: TracebackType) -> ast.stmt:
    """The innermost statement of the cell in which a check stopped."""
    name = trace.tb_frame.f_code.co_filename
    tree = ast.parse("".join(linecache.getlines(name)))
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and node.lineno <= trace.tb_lineno <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: (node.lineno, node.col_offset))


def value(test: ast.expr, trace: TracebackType) -> str:
    """What the left side of a comparison is, if that can be said."""
    if not isinstance(test, ast.Compare) or isinstance(
        test.left, ast.Constant
    ):
        return ""
    left, frame = ast.unparse(test.left), trace.tb_frame
    try:
        found = repr(eval(left, frame.f_globals, frame.f_locals))
    except Exception:  # said already, by the assertion
        return ""
    return f": `{left}` is {found}" if len(found) <= 60 else ""
