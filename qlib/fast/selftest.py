"""A back end must give known products before it is used.

`torch._int_mm` on x86 without VNNI adds pairs of products in 16 bits,
saturated, and says nothing; with one column (C = 1), torch 2.13 writes
nothing at all.  So each shape of weights is tried once, with codes that lie
at the ends of their range half of the time.
"""

from functools import cache

import numpy as np
import torch

from qlib.arrays import Code
from qlib.fast.product import BackEnd, Product, blas, onednn

BATCHES = 1, 37


def product_of(w: Code, largest: int) -> Product:
    """By oneDNN if it is right for this shape and w is int8; by BLAS else.

    Shapes: w (K, C).
    """
    right = w.dtype == np.int8 and is_right(onednn, *w.shape)
    return (onednn if right else blas)(w, largest)


@cache
def is_right(back_end: BackEnd, K: int, C: int) -> bool:
    """Whether a back end gives the known products of this shape.

    >>> is_right(blas, 8, 64)
    True
    >>> is_right(lambda w, largest: lambda a, acc: None, 8, 64)
    False
    """
    rng = np.random.default_rng(0)
    w = _codes(rng, np.int8, (K, C)).clip(-127, 127)
    return all(
        _agree(back_end, _codes(rng, dtype, (n, C)), w)
        for n in BATCHES
        for dtype in (np.int8, np.uint8)
    )


def _agree(back_end: BackEnd, a: Code, w: Code) -> bool:
    """One product beside that in float64, which is exact up to 2^53."""
    acc = torch.full((len(a), len(w)), -1, dtype=torch.int32)
    try:
        back_end(w, 255)(torch.from_numpy(a), acc)
    except (AttributeError, RuntimeError):
        return False
    want = a.astype(np.float64) @ w.astype(np.float64).T
    return np.array_equal(acc.numpy(), want)


def _codes(
    rng: np.random.Generator, dtype: type[np.integer], shape: tuple[int, int]
) -> Code:
    """Codes of all bits, each end of the range a quarter of the time."""
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    drawn = rng.integers(low - 128, high + 129, shape)
    return drawn.clip(low, high).astype(dtype)
