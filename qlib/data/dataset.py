"""Images, their labels, and what the labels mean.

    r = byte / top,  top = 16 or 255,  so that 0 <= r <= 1    (1)

Chapter: measuring
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from qlib.arrays import Code, Real, as_code


@dataclass(frozen=True, eq=False)
class Dataset:
    """n labelled images.

    x      (n, C, H, W), float32, reals in [0, 1]
    y      (n,), int64, the class of each image
    names  what class 0, 1, ... is called

    Arrays are copied and locked.
    Raises: ValueError for other shapes or numbers of images, reals outside
    [0, 1] or NaN, and classes without a name.

    >>> data = Dataset(np.zeros((2, 1, 8, 8)), np.array([1, 0]), ("a", "b"))
    >>> len(data), data.x.dtype, data.names[data.y[0]]
    (2, dtype('float32'), 'b')
    """

    x: Real
    y: Code
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        x = np.array(self.x, np.float32)
        y = as_code(self.y, "y").astype(np.int64)
        if x.ndim != 4 or y.shape != x.shape[:1] or x.size == 0:
            raise ValueError(
                "x must be (n, C, H, W) and y (n,), not empty, "
                f"got shapes {x.shape} and {y.shape}"
            )
        if not (x.min() >= 0 and x.max() <= 1):  # NaN is neither
            raise ValueError(
                f"x must be in [0, 1], got [{x.min()}, {x.max()}]"
            )
        if y.min() < 0 or y.max() >= len(self.names):
            raise ValueError(
                f"y must be in [0, {len(self.names) - 1}], "
                f"got [{y.min()}, {y.max()}]"
            )
        x.flags.writeable = y.flags.writeable = False
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        object.__setattr__(self, "names", tuple(self.names))

    @classmethod
    def of_bytes(
        cls, pixels: Code, top: int, y: Code, names: tuple[str, ...]
    ) -> Self:
        """Scale pixels in 0 ... top to [0, 1], eq. (1).

        Shapes: pixels (n, C, H, W), y (n,).   Raises: as `Dataset`.

        >>> pixels = np.full((1, 1, 2, 2), 4, np.uint8)
        >>> float(Dataset.of_bytes(pixels, 16, np.array([0]), ("a",)).x.max())
        0.25
        """
        x = as_code(pixels, "pixels").astype(np.float32) / np.float32(top)
        return cls(x, y, names)

    def __len__(self) -> int:
        return len(self.y)

    def take(self, which: npt.NDArray[Any]) -> Self:
        """The images of these indices, in this order.

        Shapes: which (m,), integers, or (n,), booleans.
        Raises: IndexError for an index that is not there.

        >>> x, y = np.zeros((2, 1, 8, 8)), np.array([1, 0])
        >>> Dataset(x, y, ("a", "b")).take(np.array([1])).y
        array([0])
        """
        return type(self)(self.x[which], self.y[which], self.names)
