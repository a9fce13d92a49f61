"""Jumps, and what only touches the pipeline.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from collections.abc import Callable
from functools import partial
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
from qlib.neon.registers import holds, source
from qlib.neon.table import Step, instruction


def _jump(label: Word, condition: Callable[[], Any]) -> Step:
    """Jump if a condition holds: for all tiles, or for none."""
    to = label.target
    if to < 0:
        raise ValueError(f"a label must be defined, got {label.text}")

    def step() -> int | None:
        holds = np.asarray(condition())
        if holds.any() != holds.all():
            raise ValueError(
                f"all tiles must take the same way, got a divergent branch: "
                f"{int(holds.sum())} of {holds.size} take it"
            )
        return to if holds.all() else None

    return step


@instruction("b", "L", cost="branch")
def b(machine: Machine, label: Word) -> Step:
    """Jump."""
    return _jump(label, lambda: True)


def b_cond(condition: str, machine: Machine, label: Word) -> Step:
    """Jump if the condition holds."""
    return _jump(label, lambda: holds(condition, machine.nzcv))


def compare(zero: bool, machine: Machine, r: Register, label: Word) -> Step:
    """Jump if a register is zero, or is not."""
    read = source(machine, r)
    return _jump(label, lambda: (read() == 0) == zero)


def test(
    zero: bool, machine: Machine, r: Register, bit: Immediate, label: Word
) -> Step:
    """Jump if a bit of a register is zero, or is not."""
    n, bits = int(bit.value), 32 if r.form == "W" else 64
    if not 0 <= n < bits:
        raise ValueError(f"a bit must be 0 to {bits - 1}, got {n}")
    read = source(machine, r)
    return _jump(label, lambda: (read() & (1 << n) == 0) == zero)


for _c in [*CONDITIONS.split(), *ALIASES]:
    instruction(f"b.{_c} b{_c}", "L", cost="branch")(
        partial(b_cond, ALIASES.get(_c, _c))
    )
for _z, _zero in {"z": True, "nz": False}.items():
    instruction(f"cb{_z}", "X|W, L", cost="branch")(partial(compare, _zero))
    instruction(f"tb{_z}", "X|W, #, L", cost="branch")(partial(test, _zero))


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
