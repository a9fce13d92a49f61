"""The instruction table: spelling and forms -> meaning, cost; programs.

    TABLE["smull"]["V.8h, V.8b, V.8b"].meaning

`build` turns a row and its operands into a step: a function that changes
the machine, and returns the index of the next instruction if it jumps.
A row is written beside its meaning, by one of three decorators:
`instruction` for what acts on the whole machine, `vector.lanes` for what
maps lanes to lanes, `scalars.scalar` for x and w registers.

Chapter: neon
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, TypeVar

from qlib.neon.operands import Operand

Step: TypeAlias = Callable[[], int | None]


@dataclass(frozen=True)
class Row:
    """One row of the instruction table.

    >>> Row("nop", "", "system", lambda machine: lambda: None).form
    ''
    """

    mnemonic: str
    form: str
    cost: str
    build: Callable[..., Step]
    meaning: Callable[..., object] | None = None


@dataclass(frozen=True)
class Instruction:
    """One instruction of a text.

    >>> nop = Row("nop", "", "system", lambda machine: lambda: None)
    >>> Instruction(1, "nop", (), nop).row.cost
    'system'
    """

    line: int
    text: str
    operands: tuple[Operand, ...]
    row: Row


@dataclass(frozen=True)
class Program:
    """Instructions in the order of the text, and where its labels are.

    >>> Program(()).instructions
    ()
    """

    instructions: tuple[Instruction, ...]
    labels: tuple[tuple[str, int], ...] = ()


TABLE: dict[str, dict[str, Row]] = {}
Build = TypeVar("Build", bound=Callable[..., Step])


def instruction(
    names: str, *forms: str, cost: str
) -> Callable[[Build], Build]:
    """Rows for every name with every form; `a|b` in a form is either.

    The decorated function takes the machine and the operands, checks what
    a form does not say, and returns the step.

    >>> @instruction("hintx hint.w", "#", "X|W, #", cost="system")
    ... def hintx(machine, *operands):
    ...     return lambda: None
    >>> list(TABLE.pop("hintx")), list(TABLE.pop("hint.w"))[0]
    (['#', 'X, #', 'W, #'], '#')
    """

    def add(build: Build) -> Build:
        for name in names.split():
            for form in forms:
                for spelled in spellings(form):
                    enter(Row(name, spelled, cost, build))
        return build

    return add


def enter(row: Row) -> None:
    """Put a row into the table, where none may be.

    >>> import qlib.neon.instructions
    >>> enter(TABLE["smmla"]["V.4s, V.16b, V.16b"])
    Traceback (most recent call last):
    ValueError: a row must be new, got smmla 'V.4s, V.16b, V.16b' again
    """
    rows = TABLE.setdefault(row.mnemonic, {})
    if row.form in rows:
        raise ValueError(
            f"a row must be new, got {row.mnemonic} {row.form!r} again"
        )
    rows[row.form] = row


def spellings(form: str) -> list[str]:
    """Every form that alternatives allow.

    >>> spellings("X|SP, [X, lsl|lsr #]")[:3]
    ['X, [X, lsl #]', 'X, [X, lsr #]', 'SP, [X, lsl #]']
    """
    parts = re.split(r"([\w.]+(?:\|[\w.]+)+)", form)
    return ["".join(c) for c in product(*(p.split("|") for p in parts))]


def row_of(name: str, form: str) -> Row:
    """The row of a spelling.

    Raises: ValueError for an unknown mnemonic, and for operands that the
    mnemonic does not take.

    >>> row_of("vmull.s8", "Q, D, D")
    Traceback (most recent call last):
    ValueError: a mnemonic must be in the table, got 'vmull.s8'
    """
    if name not in TABLE:
        raise ValueError(f"a mnemonic must be in the table, got {name!r}")
    rows = TABLE[name]
    if form not in rows:
        some = "; ".join(list(rows)[:6]) + ("; ..." if len(rows) > 6 else "")
        raise ValueError(f"{name} must have operands {some}, got {form}")
    return rows[form]
