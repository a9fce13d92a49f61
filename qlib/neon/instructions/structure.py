"""Loads and stores of lists: LD1 to LD4, one lane, one for all lanes.

LDn and STn interleave: element k of a structure belongs to register k.

Source: Arm Architecture Reference Manual, section C7.2.   Chapter: neon
"""

from functools import partial

import numpy as np

from qlib.neon.addresses import Place, place
from qlib.neon.machine import Machine
from qlib.neon.memory import Bytes
from qlib.neon.operands import SIZES, Address, Vectors
from qlib.neon.table import Step, instruction
from qlib.neon.views import items

ADDRESSES = ("[X]", "[X], #", "[X], X")


def whole(n: int, kind: str, machine: Machine, t: Vectors, a: Address) -> Step:
    """LDn, STn of all lanes; LD1 and ST1 go register by register."""
    count, size = int(t.lanes[:-1]), SIZES[t.lanes[-1]]
    each, registers = count * size, len(t.numbers)
    at = _place(machine, a, each * registers)

    def load() -> None:
        data = machine.memory.read(at(), each * registers)
        lanes = data.reshape(-1, count, n, size)
        for k, number in enumerate(t.numbers):
            if n == 1:
                part = data[:, k * each : (k + 1) * each]
            else:
                part = lanes[:, :, k].reshape(-1, each).copy()
            row = machine.v[number]
            row[:, each:] = 0
            items(row[:, :each])[...] = items(part)

    def store() -> None:
        rows = machine.v[list(t.numbers), :, :each]
        if n == 1:
            data = rows.transpose(1, 0, 2)
        else:
            data = rows.reshape(n, -1, count, size).transpose(1, 2, 0, 3)
        machine.store(at(), data.reshape(-1, each * registers))

    return load if kind == "ld" else store


def lane(n: int, kind: str, machine: Machine, t: Vectors, a: Address) -> Step:
    """LDn, STn of one lane of each register."""
    size, i = SIZES[t.lanes], t.index or 0
    if i >= 16 // size:
        raise ValueError(f"a lane must be below {16 // size}, got {i}")
    at, part = _place(machine, a, n * size), slice(i * size, (i + 1) * size)

    def load() -> None:
        data = machine.memory.read(at(), n * size)
        for k, number in enumerate(t.numbers):
            machine.v[number, :, part] = data[:, k * size : (k + 1) * size]

    def store() -> None:
        rows = [machine.v[number, :, part] for number in t.numbers]
        machine.store(at(), np.concatenate(rows, axis=1))

    return load if kind == "ld" else store


def replicate(n: int, machine: Machine, t: Vectors, a: Address) -> Step:
    """LDnR: one element for all lanes of each register."""
    count, size = int(t.lanes[:-1]), SIZES[t.lanes[-1]]
    at = _place(machine, a, n * size)

    def load() -> None:
        data = machine.memory.read(at(), n * size)
        for k, number in enumerate(t.numbers):
            part: Bytes = np.tile(data[:, k * size : (k + 1) * size], count)
            machine.v[number, :, : count * size] = part
            machine.v[number, :, count * size :] = 0

    return load


def _place(machine: Machine, a: Address, size: int) -> Place:
    """The pointer; a number after it must be the size."""
    return place(machine, a, 1, lambda number: number == size)


def _forms(lists: list[str]) -> list[str]:
    return [f"{x}, {a}" for x in lists for a in ADDRESSES]


_LANES = ("8b", "16b", "4h", "8h", "2s", "4s", "2d", "1d")
for _n in range(1, 5):
    _counts = range(1, 5) if _n == 1 else [_n]
    _all = [
        f"{{V.{t} x{c}}}"
        for t in _LANES[: 8 if _n == 1 else 7]
        for c in _counts
    ]
    _one = [f"{{V.{t} x{_n}}}[i]" for t in "bhsd"]
    for _kind, _cost in {"ld": "load", "st": "store"}.items():
        _name = f"{_kind}{_n}"
        instruction(_name, *_forms(_all), cost=_cost)(
            partial(whole, _n, _kind)
        )
        instruction(_name, *_forms(_one), cost=_cost)(partial(lane, _n, _kind))
    _all = [f"{{V.{t} x{_n}}}" for t in _LANES]
    instruction(f"ld{_n}r", *_forms(_all), cost="load")(partial(replicate, _n))
