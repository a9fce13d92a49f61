"""A program is data: instructions in order, each with its row of the table.

    row = spelling, forms of its operands, meaning, cost class

`build` turns a row and its operands into a step: a function that changes
the machine, and returns the index of the next instruction if it jumps.

Chapter: neon
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

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
