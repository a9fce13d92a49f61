"""Lanes copied between registers, and constants.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qlib.neon import operands as op
from qlib.neon.addresses import get, put
from qlib.neon.machine import Machine
from qlib.neon.memory import Bytes
from qlib.neon.operands import SIZES
from qlib.neon.table import Step, instruction
from qlib.neon.views import Meaning, View


def _source(machine: Machine, n: op.Operand) -> Callable[[], Bytes]:
    """Reads a register, a vector or a lane, as bytes."""
    match n:
        case op.Element():
            row, part = machine.v[n.number], _part(n)
            return lambda: row[:, part]
        case op.Register():
            return get(machine, n, SIZES[n.form])
        case op.Vector(number):
            row = machine.v[number]
            return lambda: row
    raise ValueError(f"a source must be a register, got {n.form}")


def _part(e: op.Element) -> slice:
    """The bytes of a lane."""
    size = SIZES[e.lanes]
    if e.index >= 16 // size:
        raise ValueError(f"a lane must be below {16 // size}, got {e.index}")
    return slice(e.index * size, (e.index + 1) * size)


def copy(sign: int, machine: Machine, d: op.Operand, n: op.Operand) -> Step:
    """Vd[i] or Rd = Vn[j] or Rn; a vector Vd has it in every lane."""
    read = _source(machine, n)
    match d:
        case op.Element():
            row, part = machine.v[d.number], _part(d)
            size = SIZES[d.lanes]

            def insert() -> None:
                row[:, part] = read()[:, :size]

            return insert
        case op.Vector(number, lanes):
            v, size = put(machine, op.Register("Q", number)), SIZES[lanes[-1]]
            count = int(lanes[:-1])
            if isinstance(n, op.Vector):
                return lambda: v(read()[:, : count * size].copy())
            return lambda: v(np.tile(read()[:, :size], count))
    assert isinstance(d, op.Register)
    write, size = put(machine, d, sign), SIZES[d.form]
    return lambda: write(read()[:, :size].copy())


_INSERT = ("V.b|V.h|V.s[i], W", "V.d[i], X")
_EXTRACT = [f"{t.upper()}, V.{t}[i]" for t in "bhsd"]
_LANES = {"b": "V.8b|V.16b", "h": "V.4h|V.8h", "s": "V.2s|V.4s", "d": "V.2d"}
_SAME = [f"V.{t}[i], V.{t}[i]" for t in "bhsd"]
_MOVE = [f"V.{t}, V.{t}" for t in ["8b", "16b", "4h", "8h", "2s", "4s", "2d"]]
_ROWS: list[tuple[str, int, Any]] = [
    ("dup", 0, [f"{v}, V.{t}[i]" for t, v in _LANES.items()]),
    ("dup", 0, [f"{v}, {'WX'[t == 'd']}" for t, v in _LANES.items()]),
    ("dup mov", 0, _EXTRACT),
    ("ins mov", 0, [*_INSERT, *_SAME]),
    ("mov", 0, [*_MOVE, "W, V.s[i]", "X, V.d[i]"]),
    ("umov", 0, ["W, V.b[i]", "W, V.h[i]", "W, V.s[i]", "X, V.d[i]"]),
    ("smov", 1, ["W|X, V.b[i]", "W|X, V.h[i]", "X, V.s[i]"]),
    ("fmov", 0, ["S, W", "W, S", "D, X", "X, D", "H, W|X", "W|X, H"]),
    ("fmov", 0, ["H, H", "S, S", "D, D"]),
]
for _names, _sign, _forms in _ROWS:
    instruction(_names, *_forms, cost="move")(partial(copy, _sign))


@instruction("fmov", "V.d[i], X", "X, V.d[i]", cost="move")
def upper(machine: Machine, d: op.Operand, n: op.Operand) -> Step:
    """Vd[1] = Xn, or Xd = Vn[1]."""
    for e in (d, n):
        if isinstance(e, op.Element) and e.index != 1:
            raise ValueError(f"the lane must be 1, got {e.index}")
    return copy(0, machine, d, n)


def constant(
    invert: bool,
    combine: Any,
    machine: Machine,
    d: op.Vector | op.Register,
    number: op.Immediate,
    *shift: op.Shift,
) -> Step:
    """Vd[i] = a number, shifted; MVNI inverts it, ORR and BIC combine."""
    size = SIZES[d.lanes[-1] if isinstance(d, op.Vector) else "d"]
    count = int(d.lanes[:-1]) if isinstance(d, op.Vector) else 1
    value = _number(number.value, size, *shift) ^ -int(invert)
    value &= (1 << 8 * size) - 1
    if combine is not None:
        meaning = Meaning(lambda lanes: combine(lanes, value), "u")
        view = View(d.number, f"u{size}", 0, count)
        return machine.lane_step(meaning, view, [view])
    row = np.tile(np.frombuffer(value.to_bytes(size, "little"), "u1"), count)
    write = put(machine, op.Register("Q", d.number))
    return lambda: write(machine.cells(row[None]))


def _number(value: float, size: int, *shift: op.Shift) -> int:
    """The lane of MOVI: 8 bits shifted; for 64 bits, bytes 0 or 255."""
    n, kind = (shift[0].amount, shift[0].kind) if shift else (0, "lsl")
    low, high = (-128 if size == 1 else 0), 255
    if size == 8:
        data = (int(value) & (1 << 64) - 1).to_bytes(8, "little")
        if set(data) <= {0, 255} and -1 <= value < 1 << 64:
            return int.from_bytes(data, "little")
        raise ValueError(f"bytes must be 0 or 255, got {value:#x}")
    if value != int(value) or not low <= value <= high:
        raise ValueError(f"the number must be {low} to 255, got {value}")
    if n not in ([8, 16] if kind == "msl" else range(0, 8 * size, 8)):
        raise ValueError(f"the shift must be of whole bytes, got {n}")
    return int(value) << n | ((1 << n) - 1 if kind == "msl" else 0)


_SHIFTED = ("V.4h|V.8h|V.2s|V.4s, #", "V.4h|V.8h|V.2s|V.4s, #, lsl #")
_ONES = "V.2s|V.4s, #, msl #"
_BYTES = "V.8b|V.16b|V.2d|D, #"
for _name, _invert, _combine, _forms in [
    ("movi", False, None, (*_SHIFTED, _ONES, _BYTES)),
    ("mvni", True, None, (*_SHIFTED, _ONES)),
    ("orr", False, np.bitwise_or, _SHIFTED),
    ("bic", True, np.bitwise_and, _SHIFTED),
]:
    instruction(_name, *_forms, cost="move")(
        partial(constant, _invert, _combine)
    )


@instruction("fmov", "V.4h|V.8h|V.2s|V.4s|V.2d|H|S|D, #", cost="move")
def fmov(
    machine: Machine, d: op.Vector | op.Register, number: op.Immediate
) -> Step:
    """Every lane of Vd = a float of 3 exponent and 4 fraction bits."""
    letter = d.lanes[-1] if isinstance(d, op.Vector) else d.form.lower()
    count = int(d.lanes[:-1]) if isinstance(d, op.Vector) else 1
    mantissa, exponent = np.frexp(float(number.value))
    if abs(mantissa) * 32 % 1 or not -2 <= exponent <= 5 or not mantissa:
        raise ValueError(f"the float must fit 8 bits, got {number.value}")
    lane = np.array([number.value], f"<f{SIZES[letter]}").view(np.uint8)
    write, row = put(machine, op.Register("Q", d.number)), np.tile(lane, count)
    return lambda: write(machine.cells(row[None]))
