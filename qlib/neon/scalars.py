"""Instructions on x and w registers: forms, operands, flags.

The meaning takes Python integers, 0 <= a < 2^bits, and returns one (any;
it is cut to the register), or one and NZCV.  Where tiles differ it is
called for each tile, unless it is `ring`: right modulo 2^64.

Source: Arm Architecture Reference Manual, sections C6.2 and J1.1.3.
Chapter: neon
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from qlib.neon import operands as op
from qlib.neon.machine import Machine
from qlib.neon.registers import holds, shifted, source, target
from qlib.neon.table import TABLE, Row, Step, enter, row_of, spellings

Check = Callable[..., bool]
F = TypeVar("F", bound=Callable[..., Any])


def scalar(
    names: str,
    *forms: str,
    cost: str = "alu",
    flags: bool = False,
    ring: bool = False,
    silent: bool = False,
    reads: bool = False,
    check: Check = lambda value, bits, k: False,
) -> Callable[[F], F]:
    """Rows for every name and form, for x and for w registers.

    In a form R is X or W, P also the stack pointer.  `flags`: the meaning
    returns NZCV too.  `silent`: no operand is written.  `reads`: the first
    is a source too.  `check(immediate, bits, k)`: operand k is legal.

    >>> from qlib.neon.table import TABLE
    >>> @scalar("twice", "R, P")
    ... def twice(a, bits):
    ...     '''Rd = 2 Rn.'''
    ...     return 2 * a
    >>> list(TABLE.pop("twice"))
    ['X, X', 'X, SP', 'W, W', 'W, WSP']
    """

    def add(of: F) -> F:
        build = partial(_build, of, flags, ring, silent, reads, check)
        for name in names.split():
            for form in widths(forms):
                enter(Row(name, form, cost, build, of))
        return of

    return add


def alias(names: str, to: str, *forms: str) -> None:
    """Rows that are others: a name, then operands, as in "subs z 0:".

    In `to` `1` is an operand, `1:` all from it on, `z` the zero register, `!1`
    the inverse of condition 1.

    >>> alias("negx", "sub 0 z 1", "R, R")
    >>> from qlib.neon.table import TABLE
    >>> list(TABLE.pop("negx"))
    ['X, X', 'W, W']
    """
    real, *tokens = to.split()
    cost = next(iter(TABLE[real].values())).cost

    def build(machine: Machine, *operands: op.Operand) -> Step:
        chosen: list[op.Operand] = []
        for token in tokens:
            chosen += _chosen(token, operands)
        row = row_of(real, ", ".join(o.form for o in chosen))
        return row.build(machine, *chosen)

    for name in names.split():
        for form in widths(forms):
            enter(Row(name, form, cost, build))


def widths(forms: tuple[str, ...]) -> list[str]:
    """Forms with R and P replaced, for x registers and for w registers.

    >>> widths(("R, W",))
    ['X, W', 'W, W']
    """
    found = []
    for form in forms:
        for r in "XW":
            spelled = re.sub(r"\bP\b", "X|SP" if r == "X" else "W|WSP", form)
            found += spellings(re.sub(r"\bR\b", r, spelled))
    return list(dict.fromkeys(found))


def _build(
    of: Callable[..., Any],
    flags: bool,
    ring: bool,
    silent: bool,
    reads: bool,
    check: Check,
    machine: Machine,
    *operands: op.Operand,
) -> Step:
    """The step: read the sources, call the meaning, write."""
    first, zero = operands[0], op.Register("X", 31)
    assert isinstance(first, op.Register)
    bits = 32 if first.form[0] == "W" else 64
    sources = _sources(machine, operands, bits, check)
    if not (silent or reads):
        del sources[0]
    write = target(machine, zero if silent else first)

    def step() -> None:
        values = [read() for read in sources]
        if not any(isinstance(v, np.ndarray) for v in values):
            result = of(*values, bits)
        elif ring:
            result = of(*(np.asarray(v, np.uint64) for v in values), bits)
        else:
            each = np.frompyfunc(of, len(values) + 1, 2 if flags else 1)
            result = each(*(np.asarray(v, object) for v in values), bits)
        if flags:
            result, nzcv = result
            one = isinstance(nzcv, int)
            machine.nzcv = nzcv if one else nzcv.astype(np.uint8)
        write(result)

    return step


def _chosen(token: str, operands: tuple[op.Operand, ...]) -> list[op.Operand]:
    """The operands that a token of an alias means."""
    if token == "z":
        wide = operands[0].form in ("X", "SP")
        return [op.Register("X" if wide else "W", 31)]
    k = int(token.strip("!:"))
    o, words = operands[k], op.CONDITIONS.split()
    if token[0] == "!" and isinstance(o, op.Word):
        return [op.Word(words[words.index(o.text) ^ 1], "cc")]
    return list(operands[k:]) if token[-1] == ":" else [o]


def _sources(
    machine: Machine, operands: tuple[op.Operand, ...], bits: int, check: Check
) -> list[Callable[[], Any]]:
    """Reads of all operands; a shift is part of the one before it."""
    reads: list[Callable[[], Any]] = []
    for k, o in enumerate(operands):
        if not isinstance(o, op.Shift):
            if k == 3 and isinstance(o, op.Immediate):
                _field(operands[2], o, bits)
            reads.append(_read(machine, o, bits, partial(check, k=k)))
        elif isinstance(before := operands[k - 1], op.Immediate) and not (
            check(o.amount, bits, k=k) and (k != 3 or before.value < 4096)
        ):
            raise ValueError(f"the shift must be legal, got {o.amount}")
        else:
            reads[-1] = shifted(reads[-1], o, bits)
    return reads


def _field(first: op.Operand, width: op.Immediate, bits: int) -> None:
    """A bit field ends within the register."""
    if isinstance(first, op.Immediate) and first.value + width.value > bits:
        raise ValueError(
            f"a field must end by bit {bits}, got {first.value} + "
            f"{width.value}"
        )


def _read(
    machine: Machine, o: op.Operand, bits: int, check: Callable[..., bool]
) -> Callable[[], Any]:
    """Reads a register, a number or a condition."""
    match o:
        case op.Register():
            return source(machine, o)
        case op.Immediate(value):
            number = int(value)
            if number != value or not check(number, bits):
                raise ValueError(
                    f"the immediate must be one that the instruction can "
                    f"hold, got {value}"
                )
            return lambda: number & (1 << bits) - 1
        case op.Word(text):
            return lambda: holds(text, machine.nzcv)
    raise ValueError(f"an operand must be scalar, got {o.form}")
