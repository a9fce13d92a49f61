"""Runs a whole kernel under qemu-aarch64, on memory that the caller places.

    state, memory = run(text, state, {address: array, ...})

The text is a function of GNU assembler source: it begins with its first
instruction or label and ends with `ret`, or falls out at its end.  A state is
one state of tests/vectors/neon/read.py, without its window; `start` makes one.
An address is a multiple of 4096; a kernel that writes behind an array, in
its last page, is an error.  It imports no qlib.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tests.vectors.neon.read import WINDOW
from tests.vectors.neon.records import RECORD, to_records, to_state
from tests.witness.runner import QEMU, build, part

PAGE = 4096
FILL = 0xA5  # what lies behind an array


def start(x, sp=0, v=None):
    """One state: x registers by number, the others 0."""
    state = {
        "v": np.zeros((1, 32, 16), "u1") if v is None else v.copy(),
        "x": np.zeros((1, 31), "<u8"),
        "sp": np.full(1, sp, "<u8"),
        "nzcv": np.zeros(1, "u1"),
        "qc": np.zeros(1, bool),
        "mem": np.zeros((1, WINDOW), "u1"),
    }
    for register, number in x.items():
        state["x"][0, register] = number
    return state


def pages(array):
    """The bytes of an array, filled up to whole pages."""
    data = np.ascontiguousarray(array).reshape(-1).view("u1")
    size = max(1, -(-len(data) // PAGE)) * PAGE
    return np.concatenate([data, np.full(size - len(data), FILL, "u1")])


def run(text, state, memory):
    """State and memory after, arrays as they came in."""
    held = {at: pages(array) for at, array in memory.items()}
    spans = [word for at, data in held.items() for word in (at, len(data))]
    head = np.zeros(32, "<u8")
    head[: 1 + len(spans)] = [len(held), *spans]
    body = b"".join(data.tobytes() for data in held.values())
    before = to_records(0, state).tobytes()
    out = np.frombuffer(emulate(text, head.tobytes() + body + before), "u1")
    record = out[: RECORD.itemsize].view(RECORD)
    after = to_state(record)
    back = out[792:800].view("<u8")
    after["x"][:, 30] = np.where(
        after["x"][:, 30] == back, state["x"][:, 30], after["x"][:, 30]
    )
    return after, split(out[RECORD.itemsize :], memory, held)


def split(data, memory, held):
    """The arrays in what came back; behind each nothing may be written."""
    at, arrays = 0, {}
    for address, array in memory.items():
        whole = data[at : at + len(held[address])]
        if (whole[array.nbytes :] != FILL).any():
            raise RuntimeError(f"the kernel wrote behind {address:#x}")
        bytes_ = whole[: array.nbytes].copy()
        arrays[address] = bytes_.view(array.dtype).reshape(array.shape)
        at += len(whole)
    return arrays


def emulate(text, stdin):
    """What the program with this kernel writes."""
    source = part("state.s") + part("kernel.s") + text + "\n    ret\n"
    with tempfile.TemporaryDirectory() as folder:
        program = build(source + '.section .spans, "a"\n', folder)[0]
        given = Path(folder) / "in"
        given.write_bytes(stdin)
        with given.open("rb") as stream:
            done = subprocess.run(
                [*QEMU, program], stdin=stream, capture_output=True
            )
    if done.returncode:
        raise RuntimeError(f"qemu ended with {done.returncode}")
    return done.stdout
