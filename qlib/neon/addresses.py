"""Addresses, and what loads and stores move between memory and registers.

    ldr q0, [x1, #16]     offset: a multiple of the size, or 9 bits signed
    ldr q0, [x1, #16]!    before: the base moves, then is used
    ldr q0, [x1], #16     after: the base is used, then moves

Source: Arm Architecture Reference Manual, section C1.3.3.   Chapter: neon
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from qlib.neon.machine import Machine, Scalar
from qlib.neon.memory import Bytes
from qlib.neon.operands import Address, Immediate, Operand, Register, Shift
from qlib.neon.registers import M64, signed, source, target
from qlib.neon.views import items

INDEXED = ("[X]", "[X, #]")
MOVING = ("[X, #]!", "[X], #")
REGISTER = (
    "[X, X]",
    "[X, X, lsl|sxtx #]",
    "[X, X, sxtx]",
    "[X, W, uxtw|sxtw #]",
    "[X, W, uxtw]",
    "[X, W, sxtw]",
)
Place = Callable[[], Scalar]


def place(
    machine: Machine, a: Address, size: int, legal: Callable[[int], bool]
) -> Place:
    """The pointer that an address means; moves the base as it says.

    >>> machine = Machine()
    >>> machine.x[1] = 100
    >>> at = place(machine, Address(1, (), Immediate(8), True), 8, bool)
    >>> at(), at(), machine.x[1]
    (100, 108, 116)
    """
    x, base = machine.x, a.base
    step = _offset(machine, (a.after,) if a.after else a.inner, size, legal)

    def offset() -> Scalar:
        return moved(x[base], step())

    def before() -> Scalar:
        x[base] = at = moved(x[base], step())
        return at

    def after() -> Scalar:
        at, x[base] = x[base], moved(x[base], step())
        return at

    if not a.inner and not a.after:
        return lambda: x[base]
    return after if a.after else before if a.writeback else offset


def put(machine: Machine, r: Register, sign: int = 0) -> Callable[..., None]:
    """Writes bytes, not its own, to a register; the rest becomes 0.

    `sign`: the bytes are a signed number.   Shapes: bytes (T or 1, size).

    >>> machine = Machine()
    >>> put(machine, Register("X", 0), sign=1)(np.uint8([[254, 255]]))
    >>> machine.x[0] == 2**64 - 2
    True
    """
    if r.form in ("W", "X"):
        write = target(machine, r)
        return lambda data: write(_number(machine.plain(data), sign))
    row = machine.v[r.number]

    def store(data: Bytes) -> None:
        if data.shape[1] < 16:
            row[...] = 0
        items(row[:, : data.shape[1]])[...] = items(data)

    return store


def get(machine: Machine, r: Register, size: int) -> Callable[[], Bytes]:
    """Reads the lowest bytes of a register.   Shapes: -> (T or 1, size).

    >>> machine = Machine()
    >>> machine.x[0] = 258
    >>> get(machine, Register("W", 0), 2)()
    array([[2, 1]], dtype=uint8)
    """
    if r.form in ("W", "X"):
        read = source(machine, r)
        return lambda: machine.cells(_little_endian(read())[:, :size])
    row = machine.v[r.number]
    return lambda: row[:, :size]


def moved(base: Scalar, offset: Scalar) -> Scalar:
    """A pointer moved, modulo 2^64.

    >>> moved(2**64 - 1, 3)
    2
    """
    total: Any = base + offset
    return total & M64 if isinstance(total, int) else total


def _little_endian(value: Scalar) -> Bytes:
    """The eight bytes of numbers.   Shapes: () or (T,) -> (1 or T, 8)."""
    return np.atleast_1d(np.asarray(value, "<u8"))[:, None].view(np.uint8)


def _number(data: Bytes, sign: int) -> Scalar:
    """The number of the bytes: int for one row, else uint64[T]."""
    if len(data) == 1:
        number = int.from_bytes(data.tobytes(), "little")
        return signed(number, 8 * data.shape[1]) & M64 if sign else number
    wide = np.ascontiguousarray(data).view(f"{'iu'[not sign]}{data.shape[1]}")
    return wide[:, 0].astype(np.int64).view(np.uint64)


def _offset(
    machine: Machine,
    parts: tuple[Operand, ...],
    size: int,
    legal: Callable[[int], bool],
) -> Callable[[], Any]:
    """Reads what is added to the base."""
    match parts:
        case ():
            return lambda: 0
        case (Immediate(value),):
            if int(value) != value or not legal(int(value)):
                raise ValueError(f"the offset must be in range, got {value}")
            number = int(value) & M64
            return lambda: number
        case (Register() as r, *rest):
            shift = rest[0] if rest else Shift("lsl", 0, "")
            assert isinstance(shift, Shift)
            return _extended(source(machine, r), shift, size)
    raise ValueError("an address must add a number or a register")


def _extended(read: Place, shift: Shift, size: int) -> Callable[[], Any]:
    """Reads an offset register, extended and shifted."""
    n, minus = shift.amount, 1 << 32 if shift.kind == "sxtw" else 0
    if n not in (0, size.bit_length() - 1):
        raise ValueError(f"a shift must be log2 of {size} bytes, got {n}")

    def offset() -> Any:
        value: Any = read()
        if minus:
            value = value - minus * (value >> 31 & 1)
        return (value << n) & M64

    return offset
