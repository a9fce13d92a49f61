"""What a small test set can tell: intervals, paired tests, pooled folds.

    center = (p + z^2 / 2n) / (1 + z^2 / n),      p = k / n      (1)
    half = z / (1 + z^2 / n) sqrt(p (1 - p) / n + z^2 / 4n^2)    (2)
    wilson = center - half, center + half                        (3)
    b = #(a right, b wrong),  c = #(a wrong, b right)            (4)
    mcnemar = min(1, 2 P(X <= min(b, c))),  X ~ B(b + c, 1/2)    (5)
    loss = (b - c) / (n + 2) + z sqrt(v) / (n + 2) [-1, 1],
           v = b + c + 1 - (b - c)^2 / (n + 2)                   (6)

k of n answers are right; z is the normal quantile of (1 + confidence) / 2,
1.96 for 0.95.

Source: Wilson 1927 (JASA 22, 209-212), in the form of Brown, Cai and
DasGupta 2001 (Statistical Science 16, 101-133); McNemar 1947
(Psychometrika 12, 153-157), with the exact binomial tail in place of its
chi-square; Agresti and Min 2005 (Statistics in Medicine 24, 729-740) for
(6), Wald's interval after one half is added to each of the four cells.
Chapter: measuring
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, norm

from qlib.arrays import Code, Real, as_code
from qlib.grid import as_index


def wilson(
    k: int | Code, n: int | Code, confidence: float = 0.95
) -> tuple[Real, Real]:
    """The interval of a rate of which k of n were seen, eq. (1)-(3).

    It stays within [0, 1]; k = 0 gives low = 0 and k = n high = 1, exactly.
    Shapes: k, n () or (...), broadcast -> low, high, as shares of 1.
    Raises: ValueError unless 0 <= k <= n and n >= 1 are integers, and
    0 < confidence < 1.

    >>> low, high = wilson(9, 10)
    >>> print(f"{low:.3f} {high:.3f}")
    0.596 0.982
    """
    k, n, z = *_counts(k, n), _quantile(confidence)
    p, w = k / n, z * z / n
    center = (p + w / 2) / (1 + w)
    half = np.sqrt(w * (p * (1 - p) + w / 4)) / (1 + w)
    low = center - half  # exactly 0 for k = 0, as the root of w w / 4 is w / 2
    high = np.where(k == n, 1.0, center + half)
    return low, high[()]


def _counts(k: int | Code, n: int | Code) -> tuple[Code, Code]:
    """k and n as integers with 0 <= k <= n, n >= 1."""
    k, n = as_code(k, "k"), as_code(n, "n")
    k, n = k.astype(np.int64), n.astype(np.int64)
    if ((n < 1) | (k < 0) | (k > n)).any():
        raise ValueError(f"0 <= k <= n and n >= 1 must hold, got {k} of {n}")
    return k, n


def _quantile(confidence: float) -> float:
    """z: a standard normal is within -z and z with this probability."""
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence must be between 0 and 1, got {confidence}"
        )
    return float(norm.isf((1 - confidence) / 2))


def discordant(
    a_right: npt.NDArray[np.bool], b_right: npt.NDArray[np.bool]
) -> tuple[int, int]:
    """On how many images only a is right, and only b: b and c of eq. (4).

    Shapes: both (images,), the same images in the same order.
    Raises: ValueError unless both are boolean, of one shape, not empty.

    >>> discordant(np.array([True, True]), np.array([True, False]))
    (1, 0)
    """
    a, b = np.asarray(a_right), np.asarray(b_right)
    if a.dtype != bool or b.dtype != bool:
        raise ValueError(
            f"right or wrong must be boolean, got {a.dtype} and {b.dtype}"
        )
    if a.shape != b.shape or a.size == 0:
        raise ValueError(
            "two arrays of one shape, not empty, are needed, "
            f"got shapes {a.shape} and {b.shape}"
        )
    return int(np.sum(a & ~b)), int(np.sum(~a & b))


def mcnemar(
    a_right: npt.NDArray[np.bool], b_right: npt.NDArray[np.bool]
) -> float:
    """How odd these disagreements are if a and b are equally good, eq. (5).

    The exact two-sided test: of the images on which a and b disagree, each is
    a fair coin.  Without a disagreement p = 1.
    Shapes: both (images,), the same images in the same order.
    Raises: ValueError as `discordant`.

    >>> a = np.array([True] * 6 + [False] * 4)
    >>> mcnemar(a, np.zeros(10, bool))  # 6 to 0: 2 / 2^6
    0.03125
    """
    b, c = discordant(a_right, b_right)
    return min(1.0, float(2 * binom.cdf(min(b, c), b + c, 0.5)))


def loss(
    a_right: npt.NDArray[np.bool],
    b_right: npt.NDArray[np.bool],
    confidence: float = 0.95,
) -> tuple[float, float]:
    """How much lower b's accuracy is than a's: the paired interval, eq. (6).

    Shapes: both (images,), the same images in the same order -> low, high,
    as shares of 1; negative where b is better.
    Raises: ValueError as `discordant`, and for a confidence not in (0, 1).

    >>> a = np.array([True] * 6 + [False] * 4)
    >>> low, high = loss(a, np.zeros(10, bool))
    >>> print(f"{low:.3f} {high:.3f}")
    0.173 0.827
    """
    (b, c), z = discordant(a_right, b_right), _quantile(confidence)
    n = np.size(a_right) + 2
    half = z * np.sqrt(b + c + 1 - (b - c) ** 2 / n) / n
    return float((b - c) / n - half), float((b - c) / n + half)


@dataclass(frozen=True)
class Rate:
    """k right of n, with its Wilson interval.

    k, n        counts of images
    confidence  of the interval

    Raises: ValueError as `wilson`.

    >>> rate = Rate(9, 10)
    >>> print(f"{rate.p:.0%} of {rate.n} [{rate.low:.3f}, {rate.high:.3f}]")
    90% of 10 [0.596, 0.982]
    """

    k: int
    n: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", as_index(self.k, "k"))
        object.__setattr__(self, "n", as_index(self.n, "n"))
        self._interval()

    def _interval(self) -> tuple[Real, Real]:
        return wilson(self.k, self.n, self.confidence)

    @property
    def p(self) -> float:
        """The share that is right, k / n."""
        return self.k / self.n

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return float(self._interval()[0])

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return float(self._interval()[1])


def pool(folds: Iterable[Rate]) -> Rate:
    """One rate over all folds: k = sum k_i, n = sum n_i.

    It assumes that each image is in one fold's test part, and that, given the
    networks, images are right or wrong independently of each other.  Then
    folds of unequal rates p_i only make the interval too wide, because with
    p = sum n_i p_i / n

        sum n_i p_i (1 - p_i) = n p (1 - p) - sum n_i (p_i - p)^2

    It speaks of these networks, averaged.  What other training images or
    seeds would give is not in it: the training parts overlap, and no unbiased
    estimate of that variance exists.  Source: Bengio and Grandvalet 2004
    (JMLR 5, 1089-1105), the main theorem.
    To pair two nets over all folds, join the folds' arrays for `mcnemar`.
    Raises: ValueError for no folds, or folds of several confidences.

    >>> pool([Rate(9, 10), Rate(10, 10)])
    Rate(k=19, n=20, confidence=0.95)
    """
    rates = list(folds)
    levels = {rate.confidence for rate in rates}
    if len(levels) != 1:
        raise ValueError(
            f"folds of one confidence are needed, got {sorted(levels)}"
        )
    k, n = sum(rate.k for rate in rates), sum(rate.n for rate in rates)
    return Rate(k, n, levels.pop())
