"""A histogram: how often the values of a tensor fall into equal bins.

    width = (rmax - rmin) / bins                                   (1)
    i = min(floor((r - rmin) / (rmax - rmin) bins), bins - 1)      (2)

Bin i holds rmin + i width <= r < rmin + (i + 1) width, and the last bin
also rmax.  Where rmin = rmax, every value is in bin 0 and the width is 0.
(2) is computed in float64, for each value by itself, so that the histograms
of two batches over one range add up exactly to the histogram of both.

Chapter: calibration
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from qlib.arrays import Code, Range, Real, as_array, as_code, as_finite
from qlib.grid import as_index

CHUNK = 1 << 14  # values that are placed at a time: they stay in the cache


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of values in equal bins over [rmin, rmax].

    counts  (bins,), int64, copied and locked
    rmin    the lower end of the first bin, in units of r
    rmax    the upper end of the last bin

    Raises: ValueError unless counts are whole, not negative, at least one of
    them positive, less than 2^53 in all, so that their sums are exact in
    float64, and rmin <= rmax are finite, as is rmax - rmin.

    >>> Histogram(np.array([1, 0, 2]), -1.0, 2.0).width
    1.0
    """

    counts: Code
    rmin: float
    rmax: float

    def __post_init__(self) -> None:
        given = as_code(self.counts, "counts")
        total = given.sum(dtype=np.float64)
        if given.ndim != 1 or (given < 0).any() or not 0 < total < 2**53:
            raise ValueError(
                "counts must be (bins,), none negative, not all 0, and less "
                f"than 2^53 in all, got {given}"
            )
        counts = given.astype(np.int64)
        counts.flags.writeable = False
        rmin, rmax = _checked_range(self.rmin, self.rmax)
        for name, value in (
            ("counts", counts),
            ("rmin", rmin),
            ("rmax", rmax),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of(
        cls,
        r: Real,
        bins: int = 2048,
        over: Range | None = None,
    ) -> Self:
        """Count the values of r, eq. (2).

        over  the range of the bins, (rmin, rmax); None: the extremes of r.
              A criterion that works on |r| needs bins from 0 on:
              `Histogram.of(abs(r), over=(0, abs(r).max()))`.

        Shapes: r (...), one value at least.
        Raises: ValueError as `extremes`, for values outside `over`, and for
        bins < 1.

        >>> Histogram.of(np.array([0.0, 1.0, 1.9, 4.0]), bins=4).counts
        array([1, 2, 0, 1])
        """
        n = as_index(bins, "bins")
        if n < 1:
            raise ValueError(f"bins must be at least 1, got {n}")
        low, high = extremes(r)
        rmin, rmax = (low, high) if over is None else over
        rmin, rmax = _checked_range(rmin, rmax)
        if low < rmin or high > rmax:
            raise ValueError(
                f"r must be in [{rmin}, {rmax}], got values in [{low}, {high}]"
            )
        return cls(_counts(np.ravel(r), n, rmin, rmax), rmin, rmax)

    @property
    def width(self) -> float:
        """The width of a bin, eq. (1), in units of r.

        >>> Histogram(np.array([1, 0, 2, 1]), 0.0, 1.0).width
        0.25
        """
        return (self.rmax - self.rmin) / len(self.counts)

    @property
    def absmax(self) -> float:
        """max |r|, in units of r.

        >>> Histogram(np.array([1, 0, 2, 1]), -3.0, 1.0).absmax
        3.0
        """
        return max(-self.rmin, self.rmax)

    @property
    def centres(self) -> Real:
        """The middle of each bin, in units of r.

        Shapes: (bins,).

        >>> Histogram(np.array([1, 2]), 0.0, 1.0).centres
        array([0.25, 0.75])
        """
        return self.rmin + self.width * (np.arange(len(self.counts)) + 0.5)

    def merge(self, other: Self) -> Self:
        """The histogram of both sets of values, over both ranges.

        Exact where the ranges agree.  Where they do not, the counts of a bin
        go where its centre falls: no count is lost, rmin and rmax are exact,
        and a value is at most half a width of its old bin from where it is
        counted.  To be exact throughout, find the range first and then count
        `over` it, as `qlib.net.collect` does.

        Raises: ValueError for another number of bins.

        >>> a = Histogram.of(np.array([0.0, 1.0]), bins=2)
        >>> b = Histogram.of(np.array([3.0, 4.0]), bins=2)
        >>> a.merge(b).counts, a.merge(b).rmax
        (array([2, 2]), 4.0)
        """
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"merging needs {len(self.counts)} bins in both histograms, "
                f"got {len(other.counts)}"
            )
        rmin = min(self.rmin, other.rmin)
        rmax = max(self.rmax, other.rmax)
        counts = _over(self, rmin, rmax) + _over(other, rmin, rmax)
        return type(self)(counts, rmin, rmax)


def extremes(r: Real) -> Range:
    """The smallest and the largest value.

    Shapes: r (...), one value at least.
    Raises: ValueError for no values, NaN, infinities, what is not real, a
    mask, and extremes that float64 cannot hold.

    >>> extremes(np.array([2.0, -1.0]))
    (-1.0, 2.0)
    """
    a = as_array(r, "r")
    if a.dtype.kind not in "iuf" or a.size == 0:
        raise ValueError(
            "r must be real numbers, one at least, "
            f"got {a.size} of dtype {a.dtype}"
        )
    ends = a.min().item(), a.max().item()
    low, high = map(float, ends)
    if not np.isfinite((low, high)).all():
        raise ValueError(f"r must be finite, got values in [{low}, {high}]")
    if (low, high) != ends:
        raise ValueError(f"float64 must hold the extremes of r, got {ends}")
    return low, high


def _checked_range(rmin: float, rmax: float) -> Range:
    """Two finite numbers in order, not too far apart for a float64."""
    low, high = as_finite(rmin, "rmin"), as_finite(rmax, "rmax")
    with np.errstate(over="ignore"):
        right = low.ndim == high.ndim == 0 and 0 <= high - low < np.inf
    if not right:
        raise ValueError(
            "rmin <= rmax must be two numbers with a finite difference, "
            f"got {rmin} and {rmax}"
        )
    return float(low), float(high)


def _bin(r: Real, bins: int, rmin: float, rmax: float) -> Code:
    """Eq. (2) before min: rmax falls into bin `bins`."""
    if rmin == rmax:
        return np.zeros(r.size, np.intp)
    t = r.astype(np.float64)
    t -= rmin  # in place: a copy each would take twice the time
    t /= rmax - rmin
    t *= bins
    return t.astype(np.intp)


def _counts(r: Real, bins: int, rmin: float, rmax: float) -> Code:
    """How many values each bin holds; min of eq. (2) at the end, once."""
    counts = np.zeros(bins + 1, np.int64)
    for start in range(0, r.size, CHUNK):
        i = _bin(r[start : start + CHUNK], bins, rmin, rmax)
        counts += np.bincount(i, minlength=bins + 1)
    counts[-2] += counts[-1]
    return counts[:-1]


def _over(h: Histogram, rmin: float, rmax: float) -> Code:
    """The counts of h in bins over a range that holds its own."""
    if (h.rmin, h.rmax) == (rmin, rmax):
        return h.counts
    counts = np.zeros(len(h.counts), np.int64)
    i = np.minimum(_bin(h.centres, len(counts), rmin, rmax), len(counts) - 1)
    np.add.at(counts, i, h.counts)
    return counts
