"""Jumps, and what only touches the pipeline.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from typing import Any

import numpy as np

from qlib.neon.machine import END, Machine
from qlib.neon.operands import (
    ALIASES,
    CONDITIONS,
    Immediate,
    Operand,
    Register,
    Word,
)
from qlib.neon.program import Step
from qlib.neon.registers import holds, source
from qlib.neon.table import instruction


def _to(label: Operand) -> int:
    """The index that a label stands for."""
    assert isinstance(label, Word)
    if label.target < 0:
        raise ValueError(f"a label must be defined, got {label.text}")
    return label.target


def _taken(condition: Any) -> bool:
    """Whether all tiles jump, or none."""
    if isinstance(condition, np.ndarray):
        if condition.any() != condition.all():
            raise ValueError(
                f"all tiles must take the same way, got a divergent branch: "
                f"{int(condition.sum())} of {condition.size} take it"
            )
        return bool(condition.all())
    return bool(condition)


@instruction("b", "L", cost="branch")
def b(machine: Machine, label: Word) -> Step:
    """Jump."""
    to = _to(label)
    return lambda: to


def _b_cond(condition: str) -> None:
    """The rows of `b.ne` and `bne`: jump if the condition holds."""
    names = [condition] + [k for k, v in ALIASES.items() if v == condition]

    @instruction(" ".join(f"b.{c} b{c}" for c in names), "L", cost="branch")
    def b_cond(machine: Machine, label: Word) -> Step:
        to = _to(label)
        return lambda: to if _taken(holds(condition, machine.nzcv)) else None


for _condition in CONDITIONS.split():
    _b_cond(_condition)


@instruction("cbz", "X|W, L", cost="branch")
def cbz(machine: Machine, r: Register, label: Word) -> Step:
    """Jump if a register is zero."""
    read, to = source(machine, r), _to(label)
    return lambda: to if _taken(read() == 0) else None


@instruction("cbnz", "X|W, L", cost="branch")
def cbnz(machine: Machine, r: Register, label: Word) -> Step:
    """Jump if a register is not zero."""
    read, to = source(machine, r), _to(label)
    return lambda: to if _taken(read() != 0) else None


def _bit(machine: Machine, r: Register, bit: Immediate) -> Any:
    """Reads one bit of a register."""
    n, bits = int(bit.value), 32 if r.form == "W" else 64
    if not 0 <= n < bits:
        raise ValueError(f"a bit must be 0 to {bits - 1}, got {n}")
    read = source(machine, r)
    return lambda: (read() & (1 << n)) != 0


@instruction("tbz", "X|W, #, L", cost="branch")
def tbz(machine: Machine, r: Register, n: Immediate, label: Word) -> Step:
    """Jump if a bit is 0."""
    bit, to = _bit(machine, r, n), _to(label)
    return lambda: None if _taken(bit()) else to


@instruction("tbnz", "X|W, #, L", cost="branch")
def tbnz(machine: Machine, r: Register, n: Immediate, label: Word) -> Step:
    """Jump if a bit is 1."""
    bit, to = _bit(machine, r, n), _to(label)
    return lambda: to if _taken(bit()) else None


@instruction("ret", "", "X", cost="branch")
def ret(machine: Machine, *link: Register) -> Step:
    """End the program."""
    return lambda: END


@instruction("nop yield isb paciasp autiasp", "", cost="system")
@instruction("hint", "#", cost="system")
@instruction("bti", "", "L", cost="system")
@instruction("dmb dsb", "L", cost="system")
def nop(machine: Machine, *operands: Operand) -> Step:
    """Do nothing."""
    return lambda: None
