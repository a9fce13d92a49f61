"""The door of the fast path: the steps of a program, by other means.

    qlib.int8 step          here
    conv, dense             products of matrices: oneDNN or float32 BLAS
    depthwise               a loop of numba's
    centred, lookup, add    tables of all codes
    others                  as they are

A step is left as it is, too, if a tensor has no bytes for codes, or if its
rounding is none of `qlib.requant`.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from qlib.arrays import Code
from qlib.fast import conv as matrices
from qlib.fast.depthwise import depthwise, thirds
from qlib.fast.images import Window
from qlib.fast.scaling import scaled
from qlib.fast.selftest import product_of
from qlib.fast.tables import entries, lookup, lookup_pairs
from qlib.grid import Grid
from qlib.int8 import conv, pointwise
from qlib.int8 import program as readable
from qlib.int8.step import Program, Step
from qlib.net.quantized import QNet


def run(qnet: QNet, program: Program, q: Code) -> dict[str, Code]:
    """`qlib.int8.program.run`: the same arguments, the same codes, errors.

    One thread of torch's, whatever its number of threads is set to.  Images
    come back channels last in memory, and are faster if they come in so.

    >>> from qlib.grid import INT8
    >>> from qlib.int8.program import lower
    >>> from qlib.net.qlayers import QDense
    >>> from qlib.qparams import QParams
    >>> qp = QParams(0.5, 0, INT8)
    >>> op = QDense("x", "y", np.array([[64]]), qp, np.array([1.0]))
    >>> qnet = QNet((1,), (op,), {"x": qp, "y": qp})
    >>> run(qnet, lower(qnet), np.int8([[3], [-2]]))["y"]  # 32 q + 2
    array([[ 98],
           [-62]], dtype=int8)
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return readable.run(qnet, faster(qnet, program), q)
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=8)
def faster(qnet: QNet, program: Program) -> Program:
    """The same steps with faster kernels; the last few are remembered."""
    grids = {name: qp.grid for name, qp in qnet.qparams.items()}
    steps = []
    for step in program:
        if step.y not in grids and step.out is not None:  # "x -> y"
            grids[step.y] = Grid(step.out.qmin, step.out.qmax)
        steps.append(_faster(step, [grids[x] for x in step.xs]))
    return tuple(steps)


def _faster(step: Step, grids: list[Grid]) -> Step:
    """One step."""
    if any(grid.dtype.itemsize > 1 for grid in grids):
        return step
    match step.kernel:
        case pointwise.centred | pointwise.lookup:
            ints = {"table": entries(step, *grids)}
            return Step(lookup, step.xs, step.y, ints)
        case pointwise.add:
            ints = {"table": entries(step, *grids)}
            return Step(lookup_pairs, step.xs, step.y, ints)
        case conv.conv | conv.depthwise | conv.dense:
            return _layer(step, max(-grids[0].qmin, grids[0].qmax))
    return step


def _layer(step: Step, largest: int) -> Step:
    """A layer with weights; codes of x up to `largest` in absolute value."""
    w, ints = step.ints["w"], step.ints
    end = step.out and scaled(ints["b"], step.out)
    if end is None:
        return step
    given: dict[str, Any] = {"scaled": end}
    if step.kernel is conv.dense:
        given["product"] = product_of(w, largest)
        return Step(matrices.dense, step.xs, step.y, given)
    names = "stride", "pad", "dilation", "Z"
    where = {name: ints[name] for name in names}
    given["window"] = Window(w.shape[2:], **where)
    if step.kernel is conv.depthwise:
        given["w"] = thirds(w)
        return Step(depthwise, step.xs, step.y, given)
    rows = _ungrouped(w, ints["groups"]).transpose(0, 2, 3, 1)
    given["product"] = product_of(rows.reshape(len(w), -1), largest)
    return Step(matrices.conv, step.xs, step.y, given)


def _ungrouped(w: Code, groups: int) -> Code:
    """Filters of all channels: those of other groups have the weight 0.

    Shapes: w (K, C / groups, kh, kw) -> (K, C, kh, kw).
    """
    K, each, kh, kw = w.shape
    full = np.zeros((groups, K // groups, groups, each, kh, kw), w.dtype)
    for g, filters in enumerate(w.reshape(groups, -1, each, kh, kw)):
        full[g, :, g] = filters
    return full.reshape(K, groups * each, kh, kw)
