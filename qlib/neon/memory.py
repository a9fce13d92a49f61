"""Memory is arrays: each is bound to an address, each access is checked.

A batch of tiles reads at one address per tile.  Addresses of different
arrays lie 2^32 apart, so a pointer that runs off its array finds nothing.

Chapter: neon
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[Any]
Pointer: TypeAlias = "int | npt.NDArray[np.uint64]"
_APART = 32


class Memory:
    """The bound arrays.

    >>> memory = Memory()
    >>> at = memory.bind(np.arange(4, dtype=np.int16))
    >>> memory.read(at + 2, 4)
    array([[1, 0, 2, 0]], dtype=uint8)
    >>> memory.read(at + 5, 4)
    Traceback (most recent call last):
    ValueError: reads must stay in a bound array, got bytes 5 to 8 of 8
    """

    def __init__(self) -> None:
        self.arrays: list[Bytes] = []
        self.journal: list[tuple[int, Bytes]] | None = None

    def bind(self, array: npt.NDArray[Any]) -> int:
        """The address of an array; stores change it in place.

        Raises: ValueError unless the array is contiguous.
        """
        if not array.flags.c_contiguous:
            raise ValueError(
                f"a bound array must be contiguous, got strides "
                f"{array.strides} of shape {array.shape}"
            )
        return self.hold(array.reshape(-1).view(np.uint8))

    def hold(self, cells: Bytes) -> int:
        """The address of cells, one for each byte."""
        self.arrays.append(cells)
        return len(self.arrays) << _APART

    def read(self, at: Pointer, size: int) -> Bytes:
        """The bytes at each pointer.   Shapes: at () or (T,) -> (T, size)."""
        if isinstance(at, int):
            array, i = self._place(at, at, size, "reads")
            return array[None, i : i + size]
        low, high = int(at.min()), int(at.max())
        if low >> _APART != high >> _APART:
            return np.stack([self.read(int(p), size)[0] for p in at])
        array, _ = self._place(low, high, size, "reads")
        offsets = at & np.uint64(2**_APART - 1)
        rows = _rows(array, size)[offsets.view(np.int64)]
        found: Bytes = rows.view(array.dtype).reshape(-1, size)
        return found

    def write(self, at: Pointer, data: Bytes) -> None:
        """Store bytes at each pointer, in the order of the tiles.

        Shapes: at () or (T,), data (T, size).   Raises: ValueError beyond
        the bound arrays, and for an array that is read-only.
        """
        size = data.shape[1]
        if isinstance(at, int):
            array, i = self._place(at, at, size, "writes")
            if self.journal is not None:
                self.journal.append((at, array[None, i : i + size].copy()))
            _writable(array)[i : i + size] = data[-1]
            return
        low, high = int(at.min()), int(at.max())
        if low >> _APART != high >> _APART or self.journal is not None:
            rows = np.broadcast_to(data, (len(at), size))
            for p, row in zip(at, rows, strict=True):
                self.write(int(p), row[None])
            return
        array, _ = self._place(low, high, size, "writes")
        rows = _rows(_writable(array), size)
        data = np.ascontiguousarray(np.broadcast_to(data, (len(at), size)))
        rows[at & np.uint64(2**_APART - 1)] = data.view(rows.dtype)[:, 0]

    def _place(
        self, low: int, high: int, size: int, what: str
    ) -> tuple[Bytes, int]:
        """The array that holds [low, high + size), and where low is in it."""
        number, i = divmod(low, 1 << _APART)
        end = high - low + i + size
        if not 1 <= number <= len(self.arrays):
            raise ValueError(
                f"{what} must stay in a bound array, got address {low:#x}"
            )
        array = self.arrays[number - 1]
        if end > len(array):
            raise ValueError(
                f"{what} must stay in a bound array, got bytes "
                f"{end - size} to {end - 1} of {len(array)}"
            )
        return array, i


def _writable(array: Bytes) -> Bytes:
    """The array, if stores may change it."""
    if not array.flags.writeable:
        raise ValueError("writes must go to a writable array, got read-only")
    return array


def _rows(array: Bytes, size: int) -> Bytes:
    """Every run of `size` bytes, as one item each."""
    dtype = np.dtype((np.void, size * array.dtype.itemsize))
    count = len(array) - size + 1
    step = array.dtype.itemsize
    return np.ndarray((count,), dtype, array.data, strides=(step,))
