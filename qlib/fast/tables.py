"""A step on codes alone, evaluated on all of them, once.

    y = T[q]           256 entries, for a step that reads one tensor     (1)
    y = T[qa, qb]      65,536 entries, for a sum                         (2)

The entries are what the readable engine gives; a code is its own index, as
an unsigned byte.
"""

import numpy as np

from qlib.arrays import Code
from qlib.fast import kernels
from qlib.fast.images import first, last
from qlib.grid import Grid
from qlib.int8.step import Step, apply


def entries(step: Step, *grids: Grid) -> Code:
    """T of a step, with one axis per tensor that it reads.

    grids  of what it reads; bytes that are no codes have any entry

    >>> from qlib.grid import INT8
    >>> from qlib.int8.pointwise import centred
    >>> entries(Step(centred, ("x",), "y", {"Z": 3}), INT8)[[0, 127, 128]]
    array([  -3,  124, -131], dtype=int32)
    """
    bytes_ = np.arange(256, dtype=np.uint8)
    axes = [
        bytes_.view(grid.dtype).clip(grid.qmin, grid.qmax) for grid in grids
    ]
    return apply(step, *np.meshgrid(*axes, indexing="ij"))


def lookup(q: Code, table: Code) -> Code:
    """Eq. (1).   Shapes: q (N, C, ...) -> the same."""
    x = last(q)
    y = np.empty(x.shape, table.dtype)
    kernels.lookup(_bytes(x), table, y.reshape(-1))
    return first(y)


def lookup_pairs(a: Code, b: Code, table: Code) -> Code:
    """Eq. (2).   Shapes: a, b (N, C, ...) -> the same."""
    x = last(a)
    y = np.empty(x.shape, table.dtype)
    kernels.lookup_pairs(_bytes(x), _bytes(last(b)), table, y.reshape(-1))
    return first(y)


def _bytes(x: Code) -> Code:
    return x.reshape(-1).view(np.uint8)
