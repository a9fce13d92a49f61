"""The KL rule on 16 bins and 4 levels, as a hand works it, and two mistakes.

What each histogram shows (bins 1 wide, bin k holds k <= |r| < k + 1):

    tail     KL picks T = 8.5.  From i = 12 to 15 the last bin kept is empty
             and one value lies beyond it: KL is infinite
    gap      a second hill behind empty bins.  KL picks 13.5 and keeps it;
             spread over the empty bins too, Q does not look like P any
             more, and the rule picks 5.5 and cuts the hill off
    bounded  as a ReLU6 leaves it: no tail, and a heavy last bin.  The more
             is kept the better, and the full range, which would be best,
             is no candidate: KL picks 15.5.  No bin is empty, so spreading
             over empty bins changes nothing

With the clipped counts in Q too, i = 4 costs nothing in any of them: each
bin is a level, Q is P, and the rule picks 4.5.

The numbers are qlib.calibrate.kl's.   Chapter: calibration
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from qlib.arrays import Code, Real
from qlib.calibrate.kl import clip, divergence, kl_at, kl_threshold, share
from qlib.widgets.kit import fixed

LEVELS, BINS = 4, 16
SETS = {
    "tail": (40, 30, 20, 12, 8, 5, 3, 2, 1, 1, 1, 0, 0, 0, 0, 1),
    "gap": (38, 34, 30, 26, 22, 0, 0, 0, 0, 4, 8, 10, 6, 1, 0, 1),
    "bounded": (14, 13, 13, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 8, 7, 18),
}
CUTS = range(LEVELS, BINS + 1)


def levels(i: int) -> Code:
    """The level of each of the first i bins.

    >>> levels(6)
    array([0, 0, 1, 2, 2, 3])
    """
    return np.arange(i) * LEVELS // i


def kept_only(counts: Real, i: int) -> Real:
    """Q as the rule has it."""
    return share(counts[:i], LEVELS)


def clipped_too(counts: Real, i: int) -> Real:
    """The mistake to make Q of P."""
    return share(clip(counts, i), LEVELS)


def empty_too(counts: Real, i: int) -> Real:
    """The mistake to share a level among all its bins.

    >>> empty_too(np.array([4, 2, 2, 2, 3, 0]), 6)
    array([3. , 3. , 2. , 2.5, 2.5, 0. ])
    """
    level = levels(i)
    Q: Real = np.bincount(level, counts[:i]) / np.bincount(level)
    return Q[level]


MISTAKES: dict[str, Callable[[Real, int], Real]] = {
    "none": kept_only,
    "clipped": clipped_too,
    "empty": empty_too,
}


@dataclass(frozen=True)
class Hand:
    """P and Q of one histogram, i bins kept, with or without a mistake."""

    data: str
    i: int
    mistake: str = "none"

    @property
    def counts(self) -> Real:
        """All bins, shapes (16,)."""
        return np.array(SETS[self.data], float)

    @property
    def beyond(self) -> int:
        """How many values are clipped."""
        return int(self.counts[self.i :].sum())

    @property
    def P(self) -> Real:
        """As counts, shapes (i,)."""
        return clip(self.counts, self.i)

    @property
    def Q(self) -> Real:
        """As counts, shapes (i,)."""
        return MISTAKES[self.mistake](self.counts, self.i)

    @property
    def kl(self) -> float:
        """D(P || Q) in nats."""
        if self.mistake == "none":
            return kl_at(self.counts, self.i, LEVELS)
        return divergence(self.P, self.Q)

    @property
    def terms(self) -> Real:
        """P log(P / Q) of each bin, 0 where P is; shapes (i,)."""
        P, Q = self.P / self.P.sum(), self.Q / self.Q.sum()
        with np.errstate(divide="ignore"):
            ratio = np.divide(P, Q, out=np.ones_like(P), where=P > 0)
        terms: Real = P * np.log(ratio)
        return terms

    @property
    def filled(self) -> Code:
        """The empty bins that get a share; only a mistake gives them one."""
        kept = self.P if self.mistake == "clipped" else self.counts[: self.i]
        return np.flatnonzero((kept == 0) & (self.Q > 0))


@cache
def curve(data: str, mistake: str = "none") -> tuple[float, ...]:
    """KL for each cut from 4 to 16; the last one is no candidate."""
    return tuple(Hand(data, i, mistake).kl for i in CUTS)


@cache
def pick(data: str, mistake: str = "none") -> int:
    """The m that the rule takes, mistaken or not."""
    if mistake == "none":
        return kl_threshold(Hand(data, BINS).counts, 1.0, LEVELS)[0]
    return LEVELS + int(np.argmin(curve(data, mistake)[:-1]))


def nats(kl: float) -> str:
    """KL as a number, or the word."""
    return "infinite" if math.isinf(kl) else fixed(kl, 4) if kl else "0"


def values(n: int, verb: bool = False) -> str:
    """1 value is, 4 values are."""
    return (
        f"{n} value{'s' * (n != 1)}" + verb * f" {'is' if n == 1 else 'are'}"
    )


def fewer(x: float) -> str:
    """A count that may be a share: 6, 2.5, 0.67.

    >>> fewer(6.0), fewer(2.5), fewer(2 / 3)
    ('6', '2.5', '0.67')
    """
    places = (d for d in (0, 1) if abs(x * 10**d - round(x * 10**d)) < 1e-9)
    return fixed(x, next(places, 2))


def why(h: Hand) -> str:
    """What makes KL infinite."""
    first = int(np.flatnonzero(levels(h.i) == LEVELS - 1)[0])
    first = h.i - 1 if h.mistake == "none" else first
    bins = f"bin {first} is" if first == h.i - 1 else ""
    bins = bins or f"bins {first} to {h.i - 1} are"
    return f"{bins} empty, and {values(h.beyond, True)} clipped"


def largest(h: Hand) -> str:
    """The term that adds most."""
    if math.isinf(h.kl):
        there = "the last bin kept has P > 0 and Q = 0"
        return f"KL is infinite, for {there}: {why(h)}."
    k = int(np.argmax(h.terms))
    if h.terms[k] == 0:
        return "P and Q are the same, and every term is 0."
    P, Q = (f"{fewer(x[k])} of {fewer(x.sum())}" for x in (h.P, h.Q))
    return f"Bin {k} adds most, {fixed(h.terms[k], 4)}: P has {P}, Q has {Q}."
