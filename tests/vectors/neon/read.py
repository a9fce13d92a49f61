"""Reads the recorded states of A64 instructions: (text, before, after).

    for form in forms():
        form.text, form.code, form.census, form.before, form.after

A state is a dict of arrays over N states:

    v     uint8[N, 32, 16]   v0 to v31, little endian lanes
    x     uint64[N, 31]      x0 to x30
    sp    uint64[N]
    nzcv  uint8[N]           N is 8, Z 4, C 2, V 1
    qc    bool[N]            FPSR.QC
    fpsr  uint8[N]           cumulative flags: IOC 1 DZC 2 OFC 4 UFC 8 IXC 16
    mem   uint8[N, 256]      memory from address BASE

Needs numpy alone.  README.md here describes the files.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BASE = 0x2000_0000  # address of mem[0]
WINDOW = 256  # bytes of memory
V = 512  # bytes of the vector registers
PARTS = [  # name, dtype, shape of one state, in the order of a flat state
    ("v", "u1", (32, 16)),
    ("x", "<u8", (31,)),
    ("sp", "<u8", ()),
    ("nzcv", "u1", ()),
    ("qc", "u1", ()),
    ("fpsr", "u1", ()),
    ("mem", "u1", (WINDOW,)),
]


@dataclass(frozen=True)
class Form:
    """One instruction form, and what qemu made of its states."""

    family: str
    text: str
    code: bytes
    census: bool  # its mnemonic is one of the 105
    listing: str  # as census.txt spells it, without numbers
    pool: str
    add: dict[int, int]  # register -> what was added to the pool's value
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]


def flat(state):
    """A state as uint8[N, bytes], parts one after the other."""
    n = len(state["nzcv"])
    parts = [
        np.ascontiguousarray(state[name].astype(dtype)).view("u1")
        for name, dtype, _ in PARTS
    ]
    return np.concatenate([p.reshape(n, -1) for p in parts], axis=1)


def unflat(rows):
    """The inverse of flat."""
    state, at = {}, 0
    for name, dtype, shape in PARTS:
        size = np.dtype(dtype).itemsize * int(np.prod(shape, dtype=int))
        part = np.ascontiguousarray(rows[:, at : at + size]).view(dtype)
        state[name] = part.reshape(len(rows), *shape)
        at += size
    state["qc"] = state["qc"].astype(bool)
    return state


def pools(path=HERE / "pools.npz"):
    """Every pool of states, by its name."""
    with np.load(path) as stored:
        z = dict(stored)
    names = sorted({key[0] for key in z})
    made = {}
    for name in names:
        state = {n: z[f"{name}_{n}"] for n in ["x", "sp", "nzcv", "qc"]}
        state["v"] = z[f"{name}_rows"][z[f"{name}_index"]]
        n = len(state["nzcv"])
        state["mem"] = np.resize(z[f"{name}_mem"], (n, WINDOW))
        state["fpsr"] = np.zeros(n, "u1")
        made[name] = state
    return made


def shifted(state, add):
    """The pool's state with numbers added to x registers; 31 is sp."""
    state = {name: part.copy() for name, part in state.items()}
    for register, number in add.items():
        part = state["sp"] if register == 31 else state["x"][:, register]
        part += np.int64(number).view("u8") if number else np.uint64(0)
    return state


def first(state, count):
    """The first states of a pool."""
    return {name: part[:count] for name, part in state.items()}


def family(path, starts):
    """The forms of one file."""
    with np.load(path) as stored:
        z = dict(stored)
    parts = {
        name: np.split(z[name], np.cumsum(z[sizes], dtype=int)[:-1])
        for name, sizes in [
            ("code", "code_bytes"),
            ("place", "places"),
            ("result", "results"),
        ]
    }
    for k, text in enumerate(z["text"]):
        rows = z["add"][z["add"][:, 0] == k]
        add = {int(r): int(a) for _, r, a in rows}
        pool, census = str(z["pool"][k]), bool(z["census"][k])
        before = shifted(first(starts[pool], z["states"][k]), add)
        after, where = flat(before), parts["place"][k]
        shape = len(where), len(after)
        after[:, where] = parts["result"][k].reshape(shape).T
        names = path.stem, str(text), parts["code"][k].tobytes(), census
        states = before, unflat(after)
        yield Form(*names, str(z["listing"][k]), pool, add, *states)


def kernels(path=HERE / "kernels.npz"):
    """Whole kernels: name -> before, after; states of as many tiles.

    memory0, memory1, ... are arrays of all tiles, at 1 << 32, 2 << 32, ...
    """
    made = {}
    with np.load(path) as stored:
        for key in stored:
            name, part = key.split(".")
            before, after = made.setdefault(name, ({}, {}))
            side = after if part.endswith("_after") else before
            side[part.removesuffix("_after")] = stored[key]
    return made


def census(path=HERE / "census.txt"):
    """The operand forms of int8 kernels, as Form.listing spells them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#"]


def forms(folder=HERE):
    """Every recorded form, file by file."""
    starts = pools(folder / "pools.npz")
    for path in sorted(folder.glob("*.npz")):
        if path.stem not in ("pools", "harness", "kernels"):
            yield from family(path, starts)
