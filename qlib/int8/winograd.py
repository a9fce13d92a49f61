"""Winograd's convolution in integers, and when its accumulators overflow.

    V = B' q B,  U = G w G'                        one channel        (1)
    Y = A' (sum over channels of U V) A / divisor  U V elementwise    (2)
    |V| <= g^2 max|q|,  g the largest sum of |.| in a row of B'       (3)
    |U| <= h^2 max|w|,  h likewise of G                               (4)

A tile of m x m outputs of a 3 x 3 kernel takes (m + 2)^2 products instead
of 9 m^2: 16 for 36 in F(2, 3), 36 for 144 in F(4, 3).  G is scaled up to
integers, the divisor takes it back, exactly.  The price is range: in F(4, 3)
codes of 8 bits become V of 15 and U of 16, and a sum of 10 channels can
leave int32.  So ncnn gives such layers weights in [-31, 31], 6 bits: 37
channels are safe then, and random weights far beyond.

Source: Lavin and Gray 2015 (arXiv:1509.09308); Tencent/ncnn a4d2ea1d,
src/layer/arm/convolution_3x3_winograd_int8.h.   Chapter: int8-convolution
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qlib.arrays import Acc, Code
from qlib.grid import INT32


@dataclass(frozen=True, eq=False)
class Tile:
    """F(m, 3): B' (m + 2, m + 2), G (m + 2, 3), A' (m, m + 2), divisor.

    >>> F23.A.shape, F43.divisor
    ((2, 4), 576)
    """

    B: Acc
    G: Acc
    A: Acc
    divisor: int


F23 = Tile(
    np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]),
    np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]),
    np.array([[1, 1, 1, 0], [0, 1, -1, 1]]),
    4,
)
F43 = Tile(
    np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ]
    ),
    np.array(
        [
            [6, 0, 0],
            [-4, -4, -4],
            [-4, 4, -4],
            [1, 2, 4],
            [1, -2, 4],
            [0, 0, 6],
        ]
    ),
    np.array(
        [
            [1, 1, 1, 1, 1, 0],
            [0, 1, -1, 2, -2, 0],
            [0, 1, 1, 4, 4, 0],
            [0, 1, -1, 8, -8, 4],
        ]
    ),
    576,
)


def convolve(
    q: Code, w: Code, tile: Tile, accumulator: npt.DTypeLike = np.int64
) -> Acc:
    """One tile of outputs, eq. (1) and (2); the sum wraps in `accumulator`.

    Shapes: q (C, m + 2, m + 2), w (K, C, 3, 3) -> (K, m, m), int64.

    >>> convolve(np.ones((1, 4, 4), int), np.ones((1, 1, 3, 3), int), F23)
    array([[[9, 9],
            [9, 9]]])
    """
    B, G, A = tile.B, tile.G, tile.A
    V = (B @ q @ B.T).astype(accumulator)
    U = (G @ w @ G.T).astype(accumulator)
    M = np.einsum("kcij,cij->kij", U, V)
    Y: Acc = A @ M @ A.T // tile.divisor
    return Y


def bounds(tile: Tile, q: int, w: int) -> tuple[int, int, int]:
    """The largest |V| and |U|, and how many channels always fit int32.

    q, w  the largest |q| and |w|

    >>> bounds(F43, 127, 127)
    (12700, 18288, 9)
    >>> bounds(F43, 127, 31)
    (12700, 4464, 37)
    """
    V, U = (
        int(np.abs(matrix).sum(1).max()) ** 2 * most
        for matrix, most in ((tile.B, q), (tile.G, w))
    )
    return V, U, INT32.qmax // (V * U)


def adversary(tile: Tile, q: int, w: int) -> tuple[Code, Code]:
    """One channel whose product attains both bounds, in one place of (2).

    Shapes: -> (m + 2, m + 2), (3, 3).

    >>> codes, weights = adversary(F43, 127, 31)
    >>> int((F43.B @ codes @ F43.B.T).max()), weights[0].tolist()
    (12700, [31, 31, 31])
    """
    rows = tile.B[1], tile.G[1]  # no other has a larger sum of |.|
    signs, weights = (np.sign(np.outer(row, row)) for row in rows)
    return q * signs, w * weights
