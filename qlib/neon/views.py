"""Lanes of a register, as data; how they are read and stored.

    View(2, "i2", first=4, count=4)     v2.h[4] to v2.h[7]

A view that fills its register is read without a copy; half a register is
copied, because numpy is fast only where lanes lie side by side.

Chapter: neon
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Lanes: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Meaning:
    """What an instruction does to lanes.

    `of` maps sources to a result; `into` adds it to, or subtracts it from,
    the destination; `reads`: the destination is its first source;
    `saturates`: `of` is exact, storing clamps and sets QC; `wraps`: `of`
    may leave the lane, and the overflow watch looks; `moves`: `of` only
    moves lanes.

    >>> Meaning(np.add, "iii").into is None
    True
    """

    of: Callable[..., Any]
    kinds: str
    into: np.ufunc | None = None
    reads: bool = False
    saturates: bool = False
    wraps: bool = False
    moves: bool = False


@dataclass(frozen=True)
class View:
    """`count` lanes from `first`, `times` over; stores zero the rest,
    unless they `keep` it.

    >>> View(2, "i2", 4, 4).size
    8
    """

    number: int
    dtype: str
    first: int
    count: int
    times: int = 1
    keep: bool = False

    @property
    def size(self) -> int:
        """Bytes of the lanes."""
        return self.count * int(self.dtype[1:])

    @property
    def letter(self) -> str:
        """b, h, s or d."""
        return {"1": "b", "2": "h", "4": "s", "8": "d"}[self.dtype[1:]]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A meaning with its lanes found: what is read, what is written.

    >>> Decoded(Meaning(np.add, "iii"), View(0, "i1", 0, 16), (), len, (), len)
    ... # doctest: +ELLIPSIS
    Decoded(meaning=Meaning(of=<ufunc 'add'>, ...
    """

    meaning: Meaning
    target: View
    sources: Sequence[View | int | float]
    read: Callable[[], Any]
    reads: Sequence[Callable[[], Any]]
    write: Callable[[Lanes], None]


def wide(x: Lanes) -> Lanes:
    """Lanes in twice the bits, exactly; Python's integers beyond 64.

    >>> wide(np.int8([-1])).dtype, wide(np.uint64([2**64 - 1]))[0] + 1
    (dtype('int16'), 18446744073709551616)
    """
    if x.dtype.itemsize == 8:
        return x.astype(object)
    return x.astype(f"{x.dtype.kind}{2 * x.dtype.itemsize}")


def items(x: Lanes) -> Lanes:
    """Bytes as one item per row, where numpy has such: it copies fast.

    Shapes: uint8 (T, 1, 2, 4, 8 or 16) -> (T,).

    >>> items(np.uint8([[1, 1], [2, 0]]))
    array([257,   2], dtype=uint16)
    """
    kind = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}.get(x.shape[-1])
    if kind is None or x.dtype != np.uint8:
        return x
    return x.view(kind)[..., 0]


def reader(v: Lanes, view: View) -> Callable[[], Lanes]:
    """Reads a view.   Shapes: v uint8 (32, T, 16) -> (T, count * times).

    >>> v = np.arange(16, dtype=np.uint8).reshape(1, 1, 16)
    >>> reader(v, View(0, "u1", 4, 4, times=2))()
    array([[4, 5, 6, 7, 4, 5, 6, 7]], dtype=uint8)
    """
    register, end = v[view.number], view.first + view.count
    tiles, dtype, times = v.shape[1], view.dtype, view.times
    if view.size in (4, 8) and view.count > 1:
        unit = view.first * int(dtype[1:]) // view.size
        part = register.view(f"u{view.size}")[:, unit]
        if times == 1:
            return lambda: part.copy().view(dtype).reshape(tiles, -1)
        return lambda: part.repeat(times).view(dtype).reshape(tiles, -1)
    whole = register.view(dtype)[:, view.first : end]
    return lambda: whole


def writer(v: Lanes, view: View) -> Callable[[Lanes], None]:
    """Stores to a view.

    >>> v = np.full((1, 1, 16), 7, np.uint8)
    >>> writer(v, View(0, "u2", 0, 4))(np.array([[258, 0, 0, 0]]))
    >>> v
    array([[[2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]], dtype=uint8)
    """
    register, end = v[view.number], view.first + view.count
    lanes = register.view(view.dtype)[:, view.first : end]
    rest = register[:, view.size :]

    def store(x: Lanes) -> None:
        lanes[...] = x

    def store_and_clear(x: Lanes) -> None:
        lanes[...] = x
        rest[...] = 0

    return store if view.keep or view.size == 16 else store_and_clear


def clamp(exact: Lanes, dtype: str) -> tuple[Lanes, Lanes]:
    """Exact lanes clamped to a type; which tiles had to be.

    >>> clamp(np.int16([[3, 300], [4, 5]]), "i1")
    (array([[  3, 127],
           [  4,   5]], dtype=int16), array([ True, False]))
    """
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if exact.dtype != object:
        low = max(low, np.iinfo(exact.dtype).min)
        high = min(high, np.iinfo(exact.dtype).max)
    kept = np.clip(exact, low, high)
    return kept, (kept != exact).any(axis=1)


def product(n: Lanes, m: Lanes) -> Lanes:
    """Products, twice as wide; signed if either factor is.

    >>> product(np.uint8([255]), np.int8([-128]))
    array([-32640], dtype=int16)
    """
    kind = "i" if "i" in n.dtype.kind + m.dtype.kind else "u"
    dtype = f"{kind}{2 * n.dtype.itemsize}"
    return np.multiply(n, m, dtype=dtype, casting="unsafe")


def pairs(x: Lanes, wider: bool = True) -> Lanes:
    """Sums of neighbouring lanes, twice as wide or in the same width.

    >>> pairs(np.int8([[127, 127, 1, 2]]))
    array([[254,   3]], dtype=int16)
    """
    bits = 8 * x.dtype.itemsize
    dtype = f"{x.dtype.kind}{bits // 4 if wider else bits // 8}"
    if wider and bits < 64 and type(x) is np.ndarray:
        both = np.ascontiguousarray(x).view(dtype)
        low = both << bits
        low >>= bits
        low += both >> bits
        return low
    return np.add(x[..., ::2], x[..., 1::2], dtype=dtype)
