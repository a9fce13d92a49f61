"""Loads and stores of one register or a pair; prefetches.

Source: Arm Architecture Reference Manual, sections C6.2 and C7.2.
Chapter: neon
"""

from functools import partial

from qlib.neon.addresses import (
    INDEXED,
    MOVING,
    REGISTER,
    get,
    moved,
    place,
    put,
)
from qlib.neon.machine import Machine
from qlib.neon.operands import SIZES, Address, Register, Word
from qlib.neon.table import Step, instruction

ANY = (*INDEXED, *MOVING, *REGISTER)


def one(
    kind: str,
    size: int,
    sign: int,
    scales: bool,
    machine: Machine,
    t: Register,
    a: Address,
) -> Step:
    """LDR, STR: Rt and `size` bytes; a load clears or signs the rest."""

    def legal(n: int) -> bool:
        far = scales and not a.writeback and n % size == 0
        return -256 <= n < 256 or (far and 0 <= n < 4096 * size)

    at = place(machine, a, size, legal)
    if kind == "st":
        read = get(machine, t, size)
        return lambda: machine.store(at(), read())
    write, x = put(machine, t, sign), machine.x

    def load() -> None:
        data, base = machine.memory.read(at(), size), x[a.base]
        write(data)
        if a.writeback:  # also where Rt is the base, as qemu has it
            x[a.base] = base

    return load


def pair(
    kind: str,
    size: int,
    sign: int,
    machine: Machine,
    t: Register,
    u: Register,
    a: Address,
) -> Step:
    """LDP, STP: two registers, side by side in memory."""

    def legal(n: int) -> bool:
        return n % size == 0 and -64 * size <= n < 64 * size

    at = place(machine, a, size, legal)
    reads = get(machine, t, size), get(machine, u, size)
    writes, x = (put(machine, t, sign), put(machine, u, sign)), machine.x

    def load() -> None:
        data, base = machine.memory.read(at(), 2 * size), x[a.base]
        writes[0](data[:, :size])
        writes[1](data[:, size:])
        if a.writeback:
            x[a.base] = base

    def store() -> None:
        to = at()
        machine.store(to, reads[0]())
        machine.store(moved(to, size), reads[1]())

    return store if kind == "st" else load


def _rows(letter: str, registers: str, size: int, sign: int) -> None:
    """The rows of one width: LDR, LDUR, STR, STUR and a letter."""
    for kind in ["ld"] if sign else ["ld", "st"]:
        cost = "load" if kind == "ld" else "store"
        for mid, addresses in {"r": ANY, "ur": INDEXED}.items():
            forms = [f"{registers}, {a}" for a in addresses]
            build = partial(one, kind, size, sign, mid == "r")
            instruction(f"{kind}{mid}{letter}", *forms, cost=cost)(build)


for _form in "BHSDQWX":
    _size = SIZES[_form]
    _rows("", _form, _size, 0)
    if _form not in "BH":
        _pair = [f"{_form}, {_form}, {a}" for a in (*INDEXED, *MOVING)]
        instruction("ldp", *_pair, cost="load")(partial(pair, "ld", _size, 0))
        instruction("stp", *_pair, cost="store")(partial(pair, "st", _size, 0))
for _letter, _size in {"b": 1, "h": 2}.items():
    _rows(_letter, "W", _size, 0)
    _rows(f"s{_letter}", "W|X", _size, 1)
_rows("sw", "X", 4, 1)
_pair = [f"X, X, {a}" for a in (*INDEXED, *MOVING)]
instruction("ldpsw", *_pair, cost="load")(partial(pair, "ld", 4, 1))


def hint(scales: bool, machine: Machine, what: Word, a: Address) -> Step:
    """PRFM: nothing, as memory here has no cache."""
    one("ld", 8, 0, scales, machine, Register("X", 31), a)
    return lambda: None


for _name, _places in {
    "prfm": (*INDEXED, *REGISTER),
    "prfum": INDEXED,
}.items():
    instruction(_name, *(f"prfop, {a}" for a in _places), cost="system")(
        partial(hint, _name == "prfm")
    )
