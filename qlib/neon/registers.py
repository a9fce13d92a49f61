"""Reading and writing x and w registers, flags and shifted operands.

Source: Arm Architecture Reference Manual, sections C1.2.4 and J1.1.3.
Chapter: neon
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qlib.neon.machine import Flags, Machine
from qlib.neon.operands import CONDITIONS, Register, Shift

M64 = (1 << 64) - 1


def signed(a: int, bits: int) -> int:
    """The number that two's complement means.

    >>> signed(255, 8)
    -1
    """
    return (a & (1 << bits) - 1) - ((a >> bits - 1 & 1) << bits)


def source(machine: Machine, r: Register) -> Callable[[], Any]:
    """Reads an x or w register; number 31 is zero unless it is SP.

    >>> source(Machine(), Register("X", 31))()
    0
    """
    x, k = machine.x, r.number
    if r.form in ("X", "W") and k == 31:
        return lambda: 0
    if r.form in ("X", "SP"):
        return lambda: x[k]
    return lambda: x[k] & 0xFFFF_FFFF


def target(machine: Machine, r: Register) -> Callable[[Any], None]:
    """Writes an x or w register, cut to its width.

    >>> machine = Machine()
    >>> target(machine, Register("W", 3))(-1)
    >>> machine.x[3] == 2**32 - 1
    True
    """
    x, k = machine.x, r.number
    mask = 0xFFFF_FFFF if r.form[0] == "W" else M64

    def put(value: Any) -> None:
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                value = value & mask
            value = value.astype(np.uint64) & np.uint64(mask)
        else:
            value &= mask
        x[k] = value

    silent = r.form in ("X", "W") and k == 31
    return (lambda value: None) if silent else put


def holds(condition: str, nzcv: Flags) -> Any:
    """Whether a condition holds: bool, or bool of every tile.

    >>> holds("ge", 0b1001), holds("hi", np.uint8([2, 6]))
    (True, array([ True, False]))
    """
    n, z, c, v = ((nzcv & bit) != 0 for bit in (8, 4, 2, 1))
    k = CONDITIONS.split().index(condition)
    base = (z, c, n, v, c & (z ^ True), n == v, (n == v) & (z ^ True), True)
    return base[k >> 1] ^ (k & 1 == 1)


def shifted(
    read: Callable[[], Any], shift: Shift, bits: int
) -> Callable[[], Any]:
    """Reads an operand, shifted or extended.

    >>> shifted(lambda: 0x1FF, Shift("sxtb", 2, "sxtb #"), 64)() == 2**64 - 4
    True
    """
    kind, n = shift.kind, shift.amount
    most = 4 if kind[1:3] == "xt" else bits - 1
    if not 0 <= n <= most:
        raise ValueError(f"a shift must be 0 to {most}, got {n}")
    one = partial(_shift, kind, n, bits)

    def step() -> Any:
        a = read()
        if not isinstance(a, np.ndarray):
            return one(a)
        if kind == "lsl" and bits == 64:
            return a << np.uint64(n)
        return np.frompyfunc(one, 1, 1)(a.astype(object)).astype(np.uint64)

    return step


def _shift(kind: str, n: int, bits: int, a: int) -> int:
    """One number, shifted or extended then shifted."""
    ones = (1 << bits) - 1
    match kind:
        case "ror":
            return (a >> n | a << bits - n) & ones
        case "lsr":
            return a >> n
        case "asr":
            return signed(a, bits) >> n & ones
        case "lsl":
            return a << n & ones
    width = {"b": 8, "h": 16, "w": 32, "x": 64}[kind[-1]]
    a = signed(a, width) if kind[0] == "s" else a & (1 << width) - 1
    return a << n & ones
