"""Our kernels as functions of matrices: pack, bind, run all tiles."""

from pathlib import Path

import numpy as np

import qlib.neon
from qlib.neon import Machine, parse

FOLDER = Path(qlib.neon.__file__).parent / "kernels"
TILES = {  # rows, columns, depth of a block
    "smull_4x4": (4, 4, 16),
    "sdot_4x16": (4, 16, 4),
    "sdot_4x16_requant": (4, 16, 4),
}


def program(name):
    return parse((FOLDER / f"{name}.s").read_text(encoding="utf-8"))


def pack(x, rows, depth):
    """(n, K) -> (n / rows, K / depth, rows, depth), in memory order."""
    n, k = x.shape
    parts = x.reshape(n // rows, rows, k // depth, depth)
    return np.ascontiguousarray(parts.transpose(0, 2, 1, 3))


def gemm(name, a, b, parameters=None, watch=False):
    """A machine that ran C = A B^T, and C.   Shapes: a (M, K), b (N, K).

    `parameters`: one block of bytes for each 16 columns.
    """
    rows, columns, depth = TILES[name]
    (m, k), n = a.shape, len(b)
    small = parameters is not None
    c = np.zeros((m, n), np.int8 if small else np.int32)
    i, j = np.divmod(np.arange(m // rows * (n // columns)), n // columns)
    i, j = i.astype(np.uint64), j.astype(np.uint64)
    machine = Machine(len(i), watch=watch)
    at = [
        machine.bind(pack(x, r, depth)) for x, r in ((a, rows), (b, columns))
    ]
    machine.x[0] = k // depth
    machine.x[1] = at[0] + i * np.uint64(k * rows)
    machine.x[2] = at[1] + j * np.uint64(k * columns)
    machine.x[3] = machine.bind(c) + (
        i * np.uint64(rows * n) + j * np.uint64(columns)
    ) * np.uint64(c.itemsize)
    machine.x[4] = n * c.itemsize
    if small:
        machine.x[5] = machine.bind(parameters) + j * np.uint64(
            parameters.shape[1]
        )
    machine.run(program(name))
    return machine, c
