"""Instructions that map lanes to lanes: forms, views, and what is stored.

A shape names each operand's lanes by a letter, relative to T:

    T  as given: 8b 16b 4h 8h 2s 4s 2d, or a scalar b h s d
    W  twice as wide    N  half as wide       (both have the `2` forms)
    P  pairs, twice as wide        D  four bytes to a lane of 32 bits
    E  one element, broadcast      G  four bytes of one element, repeated
    S  a scalar of the same size   L  a scalar twice as wide
    #<  #>  #0  #=  #16            immediates: see `_LIMITS`

The meaning takes lanes of shape (T, lanes), or (T, 1) for E, and returns
lanes; storing them wraps, saturates or accumulates as the row says.
Bits beyond a 64-bit or scalar result become 0; a `2` form that narrows
keeps the lower half, one that widens reads the upper half.

Source: Arm Architecture Reference Manual, section C3.6.   Chapter: neon
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from qlib.neon.machine import Machine
from qlib.neon.operands import (
    SIZES,
    Element,
    Immediate,
    Operand,
    Register,
    Vector,
)
from qlib.neon.table import Row, Step, enter
from qlib.neon.views import Meaning, View, wide

__all__ = ["INTEGERS", "both", "lanes", "wide"]

INTEGERS = "8b 16b 4h 8h 2s 4s"
_LIMITS: dict[str, Callable[[int], tuple[int, int]]] = {
    "#<": lambda bits: (0, bits - 1),  # a left shift
    "#>": lambda bits: (1, bits),  # a right shift
    "#=": lambda bits: (bits, bits),  # SHLL
    "#0": lambda bits: (0, 0),  # a comparison with zero
    "#16": lambda bits: (0, 15),  # one of 16 bytes
}
F = TypeVar("F", bound=Callable[..., Any])


def lanes(
    names: str, shapes: str, sizes: str, kinds: str, cost: str, **how: Any
) -> Callable[[F], F]:
    """Rows for every name, shape (`a | b`) and size; `how`: see Meaning.

    kinds: i, u or f; one letter for all operands, or one for each.

    >>> import numpy as np
    >>> from qlib.neon.table import TABLE
    >>> @lanes("addx", "W T T | W T E", "8b 4h", "i", "multiply")
    ... def addx(n, m):
    ...     '''Vd[i] = Vn[i] + Vm[i], twice as wide.'''
    ...     return n.astype(np.int64) + m
    >>> list(TABLE.pop("addx"))
    ['V.8h, V.8b, V.8b', 'V.4s, V.4h, V.4h', 'V.4s, V.4h, V.h[i]']
    >>> list(TABLE.pop("addx2"))[0]
    'V.8h, V.16b, V.16b'
    """

    def add(of: F) -> F:
        for shape in shapes.split(" | "):
            roles = tuple(shape.split())
            meaning = Meaning(of, kinds.ljust(len(roles), kinds[-1]), **how)
            for name in names.split():
                for t in sizes.split():
                    for mark, operands in _arrangements(roles, t, kinds):
                        build = partial(_build, meaning, roles, operands, mark)
                        form = ", ".join(map(_form, roles, operands))
                        enter(Row(name + mark, form, cost, build, of))
        return of

    return add


def both(
    name: str, shapes: str, sizes: str, cost: str, **how: Any
) -> Callable[[F], F]:
    """Rows of s and the name for signed lanes, of u for unsigned ones.

    >>> from qlib.neon.table import TABLE
    >>> of = both("x", "T T", "8b", "simd")(abs)
    >>> len(TABLE.pop("sx")), len(TABLE.pop("ux"))
    (1, 1)
    """

    def add(of: F) -> F:
        lanes(f"u{name}", shapes, sizes, "u", cost, **how)(of)
        return lanes(f"s{name}", shapes, sizes, "i", cost, **how)(of)

    return add


def _arrangements(
    roles: tuple[str, ...], t: str, kinds: str
) -> Iterator[tuple[str, list[str]]]:
    """("" or "2", the lanes of each operand) for one size t."""
    size, halves = SIZES[t[-1]], {"W", "N"} & set(roles)
    element = t[-1] in ("hsd" if kinds[0] == "f" else "hs")
    if "E" in roles and not element:
        return
    yield "", [_lanes(role, t, False) for role in roles]
    if halves and t != t[-1]:
        t = f"{16 // size}{t[-1]}"
        yield "2", [_lanes(role, t, True) for role in roles]


def _lanes(role: str, t: str, upper: bool) -> str:
    """The lanes of an operand: "8h", a letter if scalar, "" if a number."""
    if role == "G" or role[0] == "#":
        return "4b" if role == "G" else ""
    shift = {"W": 1, "P": 1, "L": 1, "N": -1, "D": 2}.get(role, 0)
    letter, count = "bhsdq"["bhsd".index(t[-1]) + shift], t[:-1]
    if role in "ESL" or not count:
        return letter
    size = int(count) * SIZES[t[-1]]
    size = {"W": 16, "N": 16 if upper else 8}.get(role, size)
    return f"{size // SIZES[letter]}{letter}"


def _form(role: str, lanes: str) -> str:
    """The form of an operand, as the parser spells it."""
    if role in ("E", "G"):
        return f"V.{lanes}[i]"
    if not lanes:
        return "#"
    return f"V.{lanes}" if lanes[0].isdigit() else lanes.upper()


def _build(
    meaning: Meaning,
    roles: tuple[str, ...],
    lanes: list[str],
    mark: str,
    machine: Machine,
    *operands: Operand,
) -> Step:
    """Check the numbers, find the views, let the machine make the step."""
    bits = 8 * min(SIZES[x[-1]] for x in lanes if x)
    half = mark and ("T" if "W" in roles else "N")
    target, *sources = (
        _view(operand, role, x, kind, role == half, bits, lanes[0])
        for role, x, kind, operand in zip(
            roles, lanes, meaning.kinds, operands, strict=True
        )
    )
    assert isinstance(target, View)
    if meaning.reads:
        sources = [target, *sources]
    return machine.lane_step(meaning, target, sources)


def _view(
    operand: Operand,
    role: str,
    lanes: str,
    kind: str,
    upper: bool,
    bits: int,
    target: str,
) -> View | int | float:
    """The view of one operand; a number, if it is one."""
    match operand:
        case Immediate(value):
            low, high = _LIMITS[role](bits)
            if not low <= value <= high or value % 1:
                raise ValueError(
                    f"the immediate must be {low} to {high}, got {value}"
                )
            return int(value)
        case Element(number, letter, index):
            return _element(number, letter, index, kind, target)
        case Register(number=number) | Vector(number=number):
            size, count = SIZES[lanes[-1]], int(lanes[:-1] or 1)
            first, count = (count // 2,) * 2 if upper else (0, count)
            return View(number, f"{kind}{size}", first, count, keep=upper)
    raise ValueError(f"an operand must be a register, got {operand.form}")


def _element(
    number: int, letter: str, index: int, kind: str, target: str
) -> View:
    """One lane for all, or a group of four bytes for each lane."""
    size = 4 if letter == "4b" else SIZES[letter]
    if index >= 16 // size:
        raise ValueError(f"a lane must be below {16 // size}, got {index}")
    if letter == "h" and number > 15:
        raise ValueError(f"an element .h must be of v0-v15, got v{number}")
    if letter == "4b":
        return View(number, f"{kind}1", 4 * index, 4, int(target[:-1]))
    return View(number, f"{kind}{size}", index, 1)
