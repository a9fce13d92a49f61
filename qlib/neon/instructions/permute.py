"""Lanes in another order; tables of bytes.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

import numpy as np

from qlib.neon.machine import Machine
from qlib.neon.operands import Vector, Vectors
from qlib.neon.program import Step
from qlib.neon.table import instruction
from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes, Meaning, View

TWO = ("T T T", f"{INTEGERS} 2d", "u", "permute")


def woven(n: Lanes, m: Lanes) -> Lanes:
    """n[0], m[0], n[1], m[1], ...

    >>> woven(np.array([[1, 2]]), np.array([[8, 9]]))
    array([[1, 8, 2, 9]])
    """
    return np.stack((n, m), axis=2).reshape(n.shape[0], -1)


@lanes("zip1", *TWO, moves=True)
def zip1(n: Lanes, m: Lanes) -> Lanes:
    """The lower halves, woven."""
    half = n.shape[1] // 2
    return woven(n[:, :half], m[:, :half])


@lanes("zip2", *TWO, moves=True)
def zip2(n: Lanes, m: Lanes) -> Lanes:
    """The upper halves, woven."""
    half = n.shape[1] // 2
    return woven(n[:, half:], m[:, half:])


@lanes("trn1", *TWO, moves=True)
def trn1(n: Lanes, m: Lanes) -> Lanes:
    """The even lanes, woven."""
    return woven(n[:, ::2], m[:, ::2])


@lanes("trn2", *TWO, moves=True)
def trn2(n: Lanes, m: Lanes) -> Lanes:
    """The odd lanes, woven."""
    return woven(n[:, 1::2], m[:, 1::2])


@lanes("uzp1", *TWO, moves=True)
def uzp1(n: Lanes, m: Lanes) -> Lanes:
    """The even lanes of Vn, then those of Vm."""
    return np.concatenate((n[:, ::2], m[:, ::2]), axis=1)


@lanes("uzp2", *TWO, moves=True)
def uzp2(n: Lanes, m: Lanes) -> Lanes:
    """The odd lanes of Vn, then those of Vm."""
    return np.concatenate((n[:, 1::2], m[:, 1::2]), axis=1)


@lanes("ext", "T T T #<", "8b", "u", "permute", moves=True)
@lanes("ext", "T T T #16", "16b", "u", "permute", moves=True)
def ext(n: Lanes, m: Lanes, k: int) -> Lanes:
    """Vn from byte k, then Vm up to byte k."""
    return np.concatenate((n[:, k:], m[:, :k]), axis=1)


def turned(n: Lanes, size: int) -> Lanes:
    """Lanes in reverse within every group of this size.

    >>> turned(np.array([[1, 2, 3, 4]]), 2)
    array([[2, 1, 4, 3]])
    """
    return n.reshape(n.shape[0], -1, size)[:, :, ::-1].reshape(n.shape)


@lanes("rev64", "T T", "8b 16b", "u", "permute", moves=True)
def by_8(n: Lanes) -> Lanes:
    """Groups of eight lanes, each in reverse."""
    return turned(n, 8)


@lanes("rev64", "T T", "4h 8h", "u", "permute", moves=True)
@lanes("rev32", "T T", "8b 16b", "u", "permute", moves=True)
def by_4(n: Lanes) -> Lanes:
    """Groups of four lanes, each in reverse."""
    return turned(n, 4)


@lanes("rev64", "T T", "2s 4s", "u", "permute", moves=True)
@lanes("rev32", "T T", "4h 8h", "u", "permute", moves=True)
@lanes("rev16", "T T", "8b 16b", "u", "permute", moves=True)
def by_2(n: Lanes) -> Lanes:
    """Pairs of lanes, swapped."""
    return turned(n, 2)


TABLES = [
    f"V.{n}b, {{V.16b x{k}}}, V.{n}b" for n in (8, 16) for k in range(1, 5)
]


def _sources(d: Vector, table: Vectors, m: Vector) -> tuple[View, list[View]]:
    """Views of the destination; of it, the indices and the table."""
    count = int(d.lanes[:-1])
    target, index = (View(v.number, "u1", 0, count) for v in (d, m))
    rows = [View(k, "u1", 0, 16) for k in table.numbers]
    return target, [target, index, *rows]


def looked_up(d: Lanes, m: Lanes, *table: Lanes) -> Lanes:
    """Byte Vm[i] of the table; Vd[i] where the table ends before it.

    >>> looked_up(*np.uint8([[[7, 8]], [[3, 16]]]), np.ones((1, 16), "u1"))
    array([[1, 8]], dtype=uint8)
    """
    last = 16 * len(table) - 1
    rows = np.concatenate(table, axis=1)
    found = np.take_along_axis(rows, np.minimum(m, last), axis=1)
    return np.where(m > last, d, found)


@instruction("tbl", *TABLES, cost="permute")
def tbl(machine: Machine, d: Vector, table: Vectors, m: Vector) -> Step:
    """Vd[i] = byte Vm[i] of the table, 0 beyond it."""
    target, (_, *sources) = _sources(d, table, m)
    meaning = Meaning(lambda *x: looked_up(np.zeros_like(x[0]), *x), "u")
    return machine.lane_step(meaning, target, sources)


@instruction("tbx", *TABLES, cost="permute")
def tbx(machine: Machine, d: Vector, table: Vectors, m: Vector) -> Step:
    """Vd[i] = byte Vm[i] of the table; beyond it, Vd[i] stays."""
    target, sources = _sources(d, table, m)
    return machine.lane_step(Meaning(looked_up, "u"), target, sources)
