"""Products of matrices of codes, exact in int32.

    acc[n, k] = sum over c of a[n, c] w[k, c]                       (1)
    max over k of (sum over c of |w[k, c]|) max |a| <= 2^24         (2)

float32 holds all whole numbers up to 2^24.  Under (2) every partial sum is
one, in any order, so that float32 BLAS is exact; where (2) does not hold,
the columns are halved until it does, and the sums of the parts are added in
int32.

A back end makes a product of w (K, C) and max |a|: what reads a (n, C), int8
or uint8, and writes acc (n, K), int32.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from qlib.arrays import Code

Product: TypeAlias = Callable[[torch.Tensor, torch.Tensor], None]
BackEnd: TypeAlias = Callable[[Code, int], Product]

LARGEST = 2**24


def onednn(w: Code, largest: int) -> Product:
    """`torch._int_mm`: oneDNN.  Wrong without VNNI: see `selftest`."""
    held = torch.from_numpy(w.astype(np.int8)).T

    def product(a: torch.Tensor, acc: torch.Tensor) -> None:
        torch._int_mm(a, held, out=acc)

    return product


def blas(w: Code, largest: int) -> Product:
    """float32 BLAS, exact by (2)."""
    held = [
        (part, torch.from_numpy(w[:, part].astype(np.float32)).T)
        for part in parts(w, largest)
    ]

    def product(a: torch.Tensor, acc: torch.Tensor) -> None:
        acc.zero_()
        for part, reals in held:
            acc += (a[:, part].float() @ reals).int()

    return product


def parts(w: Code, largest: int, first: int = 0) -> list[slice]:
    """The fewest halvings of the columns of w that (2) asks for.

    Shapes: w (K, C) -> slices of range(C).

    >>> parts(np.full((1, 1032), 127), 128)
    [slice(0, 1032, None)]
    >>> parts(np.full((1, 1033), 127), 128)
    [slice(0, 516, None), slice(516, 1033, None)]
    """
    size = w.shape[1]
    if np.abs(w.astype(np.int64)).sum(1).max() * largest <= LARGEST:
        return [slice(first, first + size)]
    half = size // 2
    left = parts(w[:, :half], largest, first)
    return left + parts(w[:, half:], largest, first + half)
