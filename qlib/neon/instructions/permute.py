"""Lanes in another order; tables of bytes.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from qlib.neon.instructions.arithmetic import joined
from qlib.neon.machine import Machine
from qlib.neon.operands import Vector, Vectors
from qlib.neon.table import Step, instruction
from qlib.neon.vector import INTEGERS, lanes
from qlib.neon.views import Lanes, Meaning, View

TWO = ("T T T", f"{INTEGERS} 2d")
moves = partial(lanes, kinds="u", cost="permute", moves=True)


def _woven(n: Lanes, m: Lanes) -> Lanes:
    """n[0], m[0], n[1], m[1], ..."""
    return np.stack((n, m), axis=2).reshape(n.shape[0], -1)


def _half(n: Lanes, k: int) -> Lanes:
    """The lower half of the lanes, or the upper with k = 1."""
    return n.reshape(len(n), 2, -1)[:, k]


def _turned(size: int) -> Callable[[Lanes], Lanes]:
    """Lanes in reverse within every group of this size."""
    return lambda n: n.reshape(len(n), -1, size)[:, :, ::-1].reshape(n.shape)


moves("zip1", *TWO)(lambda n, m: _woven(_half(n, 0), _half(m, 0)))
moves("zip2", *TWO)(lambda n, m: _woven(_half(n, 1), _half(m, 1)))
moves("trn1", *TWO)(lambda n, m: _woven(n[:, ::2], m[:, ::2]))
moves("trn2", *TWO)(lambda n, m: _woven(n[:, 1::2], m[:, 1::2]))
moves("uzp1", *TWO)(lambda n, m: joined(n[:, ::2], m[:, ::2]))
moves("uzp2", *TWO)(lambda n, m: joined(n[:, 1::2], m[:, 1::2]))
moves("ext", "T T T #<", "8b")(lambda n, m, k: joined(n, m)[:, k : 8 + k])
moves("ext", "T T T #16", "16b")(lambda n, m, k: joined(n, m)[:, k : 16 + k])
for _bits in (16, 32, 64):  # REV16, REV32, REV64: groups of as many bits
    for _size, _sizes in {8: "8b 16b", 16: "4h 8h", 32: "2s 4s"}.items():
        if _size < _bits:
            moves(f"rev{_bits}", "T T", _sizes)(_turned(_bits // _size))


TABLES = [
    f"V.{n}b, {{V.16b x{k}}}, V.{n}b" for n in (8, 16) for k in range(1, 5)
]


def _sources(d: Vector, table: Vectors, m: Vector) -> tuple[View, list[View]]:
    """Views of the destination; of it, the indices and the table."""
    count = int(d.lanes[:-1])
    target, index = (View(v.number, "u1", 0, count) for v in (d, m))
    rows = [View(k, "u1", 0, 16) for k in table.numbers]
    return target, [target, index, *rows]


def _looked_up(d: Lanes, m: Lanes, *table: Lanes) -> Lanes:
    """Byte Vm[i] of the table; Vd[i] where the table ends before it."""
    last = 16 * len(table) - 1
    rows = np.concatenate(table, axis=1)
    found = np.take_along_axis(rows, np.minimum(m, last), axis=1)
    return np.where(m > last, d, found)


@instruction("tbl", *TABLES, cost="permute")
def tbl(machine: Machine, d: Vector, table: Vectors, m: Vector) -> Step:
    """Vd[i] = byte Vm[i] of the table, 0 beyond it."""
    target, (_, *sources) = _sources(d, table, m)
    meaning = Meaning(lambda *x: _looked_up(np.zeros_like(x[0]), *x), "u")
    return machine.lane_step(meaning, target, sources)


@instruction("tbx", *TABLES, cost="permute")
def tbx(machine: Machine, d: Vector, table: Vectors, m: Vector) -> Step:
    """Vd[i] = byte Vm[i] of the table; beyond it, Vd[i] stays."""
    target, sources = _sources(d, table, m)
    return machine.lane_step(Meaning(_looked_up, "u"), target, sources)
