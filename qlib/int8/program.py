"""The door of the engine: make a program once, run it without a float.

    program = lower(qnet)           OFFLINE: reals become integers
    codes = run(qnet, program, q)   ON DEVICE: integers only

`lower` proves that nothing in `run` overflows.

Chapter: int8-convolution
"""

from qlib.arrays import Code, as_code
from qlib.int8.lower import lower
from qlib.int8.step import Program, Step, apply
from qlib.net.quantized import QNet

__all__ = ["Program", "Step", "apply", "lower", "run"]


def run(qnet: QNet, program: Program, q: Code) -> dict[str, Code]:
    """Every tensor of the network, the input included, in order.

    A concat that requantizes its input x adds a tensor "x -> y".
    Shapes: q (N, *qnet.shape) -> name: (N, *shapes(qnet)[name]).
    Raises: ValueError for q of another shape, empty, or off the grid.

    >>> import numpy as np
    >>> from qlib.grid import INT8
    >>> from qlib.net.qlayers import QDense
    >>> from qlib.qparams import QParams
    >>> qp = QParams(0.5, 0, INT8)
    >>> op = QDense("x", "y", np.array([[64]]), qp, np.array([1.0]))
    >>> qnet = QNet((1,), (op,), {"x": qp, "y": qp})
    >>> run(qnet, lower(qnet), np.int8([[3], [-2]]))["y"]  # 32 q + 2
    array([[ 98],
           [-62]], dtype=int8)
    """
    at, grid = f"input {qnet.input}", qnet.qparams[qnet.input].grid
    q = as_code(q, at)
    if q.shape[1:] != qnet.shape or q.size == 0:
        want = ", ".join(map(str, ("N", *qnet.shape)))
        raise ValueError(
            f"{at} must have shape ({want}), N > 0, got {q.shape}"
        )
    if q.min() < grid.qmin or q.max() > grid.qmax:
        raise ValueError(
            f"{at} must be in [{grid.qmin}, {grid.qmax}], "
            f"got {q.min()} to {q.max()}"
        )
    known = {qnet.input: q.astype(grid.dtype)}
    for step in program:
        known[step.y] = apply(step, *(known[x] for x in step.xs))
    return known
