"""The loops that numba compiles: integers, channels last, flat images.

They stand in one file because numba looks for changes only in the file of
the function that it compiled.  Its numbers have 64 bits unless a cast says
otherwise; sums of 32 bits may wrap on their way, and `lower` has proven that
they arrive.

    Steps   Q, P Q, and how many codes lie between a window and the one at
            its right, the one below, and that of the next image
    Rows    P, and the last two of these
    Ends    r, Z, qmin - Z, qmax - Z of `scaling`
"""

from typing import Any, TypeAlias

import numpy as np

from qlib.arrays import Acc, Code
from qlib.fast.compiled import compiled

Int: TypeAlias = int | np.integer[Any]
Steps: TypeAlias = tuple[int, int, int, int, int]
Rows: TypeAlias = tuple[int, int, int]
Ends: TypeAlias = tuple[int, int, int, int]


@compiled
def code(x: Int, m: Int, c: Int, f: Int, s: Int, ends: Ends) -> Int:
    """The code of an accumulator, `scaling` eq. (1)."""
    r, Z, low, high = ends
    t = np.int64(x) * m
    scaled = np.int32((t + c + (((t + r) >> 63) & f)) >> s)
    within = min(max(scaled, np.int32(low)), np.int32(high))
    return np.int32(within + Z)


@compiled
def rescale(acc: Acc, b: Acc, table: Acc, ends: Ends, y: Code) -> None:
    """Accumulators to codes.

    Shapes: acc, y (n,), b (L,), table (4, L); L after L, as long as they go.
    """
    m, c, f, s = table[0], table[1], table[2], table[3]
    for at in range(0, acc.size, b.size):
        sums, to = acc[at:][: b.size], y[at:][: b.size]
        for k in range(sums.size):
            x = np.int32(sums[k] + b[k])
            to[k] = code(x, m[k], c[k], f[k], s[k], ends)


@compiled
def columns(
    x: Code, begin: Acc, steps: Steps, size: int, first: int, y: Code
) -> None:
    """im2col: the windows of the outputs from `first` on, as rows of y.

    A window is runs of `size` codes, which begin at `begin`.
    Shapes: x (all,), begin (T,), y (n, T size).
    """
    Q, outputs, right, below, image = steps
    for i in range(y.shape[0]):
        n, at = divmod(first + i, outputs)
        p, q = divmod(at, Q)
        corner = n * image + p * below + q * right
        for t in range(begin.size):
            run, to = x[corner + begin[t] :], y[i, t * size :]
            for c in range(size):
                to[c] = run[c]


@compiled
def depthwise(
    x: Code,
    begin: Acc,
    rows: Rows,
    w: Code,
    b: Acc,
    table: Acc,
    ends: Ends,
    y: Code,
) -> None:
    """Taps times channels, three taps at a time, and their codes.

    Outputs that are neighbours in a row read neighbours of x.
    Shapes: x (all,), begin (T,), w (T, L), b (L,), table (4, L), y (N P,
    Q C); L after L, as long as a row goes; T a multiple of 3.
    """
    m, c, f, s = table[0], table[1], table[2], table[3]
    (P, below, image), acc = rows, np.empty(b.size, np.int32)
    for i in range(y.shape[0]):
        row = i // P * image + i % P * below
        for q in range(0, y.shape[1], b.size):
            to, at = y[i, q:][: b.size], row + q
            for k in range(to.size):
                acc[k] = b[k]
            for t in range(0, begin.size, 3):
                x0 = x[at + begin[t] :][: to.size]
                x1 = x[at + begin[t + 1] :][: to.size]
                x2 = x[at + begin[t + 2] :][: to.size]
                w0, w1, w2 = w[t], w[t + 1], w[t + 2]
                for k in range(to.size):
                    a = np.int32(acc[k] + np.int32(x0[k] * w0[k]))
                    a = np.int32(a + np.int32(x1[k] * w1[k]))
                    acc[k] = np.int32(a + np.int32(x2[k] * w2[k]))
            for k in range(to.size):
                to[k] = code(acc[k], m[k], c[k], f[k], s[k], ends)


@compiled
def lookup(q: Code, table: Code, y: Code) -> None:
    """y = table[q].   Shapes: q, y (n,) uint8, table (256,)."""
    for i in range(q.size):
        y[i] = table[q[i]]


@compiled
def lookup_pairs(a: Code, b: Code, table: Code, y: Code) -> None:
    """y = table[a, b].   Shapes: a, b, y (n,) uint8, table (256, 256)."""
    for i in range(a.size):
        y[i] = table[a[i], b[i]]
