"""Floats of scalar registers: compared, chosen, converted.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qlib.neon.addresses import SIZES, get, put
from qlib.neon.instructions.convert import ROUNDINGS, fitted, precise
from qlib.neon.machine import Machine
from qlib.neon.operands import Immediate, Register, Word
from qlib.neon.program import Step
from qlib.neon.registers import holds
from qlib.neon.table import instruction
from qlib.neon.views import Lanes

THREE = ("H, H, H", "S, S, S", "D, D, D")
TWO = ("H, H", "S, S", "D, D", "H|S|D, #")


def read(machine: Machine, n: Register, kind: str) -> Callable[[], Lanes]:
    """Reads a register as one lane.   Shapes: -> (T or 1, 1)."""
    size = SIZES[n.form]
    data = get(machine, n, size)
    return lambda: machine.plain(data()).copy().view(f"{kind}{size}")


def convert(
    of: Callable[[Lanes, str], Lanes],
    kinds: str,
    machine: Machine,
    d: Register,
    n: Register,
) -> Step:
    """Rd = the number in Rn; `of` gets it and the dtype of Rd."""
    source, write = read(machine, n, kinds[1]), put(machine, d, 0)
    dtype = f"{kinds[0]}{SIZES[d.form]}"

    def step() -> None:
        x = of(source(), dtype).astype(dtype)
        write(machine.cells(x.view(np.uint8)))

    return step


def _whole(rounding: Callable[[Lanes], Lanes], n: Lanes, dtype: str) -> Lanes:
    return fitted(rounding(n.astype(np.float64)), dtype)


def _rows(name: str, of: Any, kinds: str, *forms: str) -> None:
    instruction(name, *forms, cost="convert")(partial(convert, of, kinds))


for _letter, _rounding in ROUNDINGS.items():
    for _kind, _sign in ("is", "uu"):
        _of, _name = partial(_whole, _rounding), f"fcvt{_letter}{_sign}"
        _rows(_name, _of, f"{_kind}f", "W|X, H|S|D")
for _kind, _sign in ("is", "uu"):
    _rows(f"{_sign}cvtf", np.ndarray.astype, f"f{_kind}", "H|S|D, W|X")
_rows("fcvt", precise, "ff", "H, S|D", "S, H|D", "D, H|S")


@instruction("fcmp fcmpe", *TWO, cost="float")
def fcmp(machine: Machine, n: Register, m: Register | Immediate) -> Step:
    """NZCV: 8 less, 6 equal, 2 greater, 3 one is NaN."""
    if isinstance(m, Immediate) and m.value != 0:
        raise ValueError(f"a float must be compared with 0, got {m.value}")
    x = read(machine, n, "f")
    y = read(machine, m, "f") if isinstance(m, Register) else lambda: 0.0

    def step() -> None:
        a, b = x(), y()
        ordered = 8 * (a < b) + 6 * (a == b) + 2 * (a > b)
        flags = np.where(ordered == 0, 3, ordered)[:, 0].astype(np.uint8)
        machine.nzcv = int(flags[0]) if len(flags) == 1 else flags

    return step


@instruction("fcsel", *(f"{form}, cc" for form in THREE), cost="float")
def fcsel(
    machine: Machine, d: Register, n: Register, m: Register, cc: Word
) -> Step:
    """Rd = Rn if the condition holds, else Rm."""
    size = SIZES[d.form]
    x, y, write = (
        get(machine, n, size),
        get(machine, m, size),
        put(machine, d, 0),
    )

    def step() -> None:
        chosen = np.atleast_1d(holds(cc.text, machine.nzcv))[:, None]
        write(np.where(chosen, x(), y()))

    return step
