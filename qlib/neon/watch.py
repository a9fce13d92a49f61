"""The overflow watch: where a sum wraps, and what it truly is.

An accumulate knows bounds of its register: [low, high] grows by the bounds
of what is added, which follow from the types alone.  While the type holds
[low, high], nothing is looked at.  Else a lane that wrapped lies within
the excess of the other end of the type: two reductions tell.

Chapter: neon
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.neon.interval import Interval, Unbounded
from qlib.neon.program import Instruction, Step
from qlib.neon.views import Decoded, Lanes, View, wide

SHOWN = 64  # lanes that one event keeps
LIMITS = {
    f"{kind}{n // 8}": (-(1 << n - 1), (1 << n - 1) - 1)
    if kind == "i"
    else (0, (1 << n) - 1)
    for kind in "iu"
    for n in (8, 16, 32, 64)
}
UNKNOWN = ("", 0, 0)  # of a register: dtype, low, high
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Overflow:
    """Lanes that wrapped in one execution of an instruction.

    `count` lanes; of the first 64 of them tile, lane, true value and the
    value kept.

    >>> one = np.array([3])
    >>> print(Overflow(4, "smlal2 ...", "v2.h", 1, one, one, 2**15 + 0 * one,
    ...                -(2**15) + 0 * one))
    line 4: smlal2 ...: v2.h[3] of tile 3 is 32768, kept as -32768; 1 lane
    """

    line: int
    text: str
    register: str
    count: int
    tiles: npt.NDArray[Any]
    lanes: npt.NDArray[Any]
    true: npt.NDArray[Any]
    kept: npt.NDArray[Any]

    def __str__(self) -> str:
        lanes = "1 lane" if self.count == 1 else f"{self.count} lanes"
        return (
            f"line {self.line}: {self.text}: {self.register}[{self.lanes[0]}] "
            f"of tile {self.tiles[0]} is {self.true[0]}, kept as "
            f"{self.kept[0]}; {lanes}"
        )


class Watch:
    """Bounds of the registers, and every overflow.

    >>> Watch().events
    []
    """

    def __init__(self) -> None:
        self.events: list[Overflow] = []
        self.bounds = [UNKNOWN] * 32

    def forget(self) -> None:
        """Nothing is known of any register."""
        self.bounds[:] = [UNKNOWN] * 32

    def forgets(self, step: Step, numbers: Sequence[int]) -> Step:
        """A step after which nothing is known of some registers."""

        def unknown() -> int | None:
            for number in numbers:
                self.bounds[number] = UNKNOWN
            return step()

        return unknown if numbers else step

    def step(self, at: Instruction, d: Decoded, plain: Step) -> Step | None:
        """The watched step; None where nothing can wrap or is known."""
        if d.target.dtype[0] == "f" or d.meaning.saturates:
            return None
        if d.meaning.wraps:
            return self._wraps(at, d)
        term = term_bounds(d)
        if d.meaning.into is not None:
            return self._adds(at, d, term) if term else self._wraps(at, d)
        if term and d.target.size == 16:
            return self._stores(d, term, plain)
        return None

    def _stores(self, d: Decoded, term: Pair, plain: Step) -> Step:
        """A step after which a register has known bounds."""
        known, number = self.bounds, d.target.number
        bounds = d.target.dtype, *term

        def step() -> None:
            plain()
            known[number] = bounds

        return step

    def _adds(self, at: Instruction, d: Decoded, term: Pair) -> Step:
        """A step that adds or subtracts terms of known bounds."""
        into, of, reads = d.meaning.into, d.meaning.of, d.reads
        dtype, known, number = d.target.dtype, self.bounds, d.target.number
        (least, most), whole = LIMITS[dtype], d.target.size == 16
        down, up = term if into is np.add else (-term[1], -term[0])
        assert into is not None

        def step() -> None:
            added, lanes = of(*[r() for r in reads]), d.read()
            was, low, high = known[number]
            if was != dtype:
                low, high = int(lanes.min()), int(lanes.max())
            low, high = low + down, high + up
            into(lanes, added, out=lanes, casting="unsafe")
            if low < least or high > most:
                if self._wrapped(at, d, added, lanes, (low, high)):
                    low, high = least, most
                low, high = max(low, least), min(high, most)
            known[number] = (dtype, low, high) if whole else UNKNOWN
            if not whole:
                d.write(lanes)

        return step

    def _wrapped(
        self,
        at: Instruction,
        d: Decoded,
        added: Lanes,
        lanes: Lanes,
        bounds: Pair,
    ) -> bool:
        """Whether a sum within bounds has wrapped in some lane."""
        (low, high), (least, most) = bounds, LIMITS[d.target.dtype]
        span = most - least + 1
        over = high > most and _least(lanes) <= high - span
        if not over and (low >= least or lanes.max() < low + span):
            return False
        into = d.meaning.into
        assert into is not None
        undo = np.subtract if into is np.add else np.add
        before = undo(lanes, added).astype(lanes.dtype)
        true = into(wide(before), wide(added))
        return self._compare(at, d.target, true, lanes)

    def _wraps(self, at: Instruction, d: Decoded) -> Step:
        """A step whose true result is computed too, in wide lanes."""
        into, of = d.meaning.into, d.meaning.of

        def step() -> None:
            self.bounds[d.target.number] = UNKNOWN
            xs = [r() for r in d.reads]
            arrays = (isinstance(x, np.ndarray) for x in xs)
            pairs = zip(xs, arrays, strict=True)
            true = of(*(wide(x) if array else x for x, array in pairs))
            kept = of(*xs)
            if into is not None:
                before = d.read()
                true, kept = into(wide(before), true), into(before, kept)
            kept = kept.astype(d.target.dtype)
            self._compare(at, d.target, true, kept)
            d.write(kept)

        return step

    def _compare(
        self, at: Instruction, target: View, true: Lanes, kept: Lanes
    ) -> bool:
        """Note the lanes that differ; whether there are any."""
        tiles, lanes = np.nonzero(true != kept)
        count, few = len(tiles), (tiles[:SHOWN], lanes[:SHOWN])
        if count:
            name = f"v{target.number}.{target.letter}"
            where = few[0], few[1] + target.first
            event = at.line, at.text, name, count, *where, true[few], kept[few]
            self.events.append(Overflow(*event))
        return count > 0


def _least(x: Lanes) -> int:
    """The least element; argmin is faster than min."""
    return int(x.reshape(-1)[x.argmin()])


def term_bounds(d: Decoded) -> Pair | None:
    """The bounds of what a meaning makes, from the types of its sources.

    >>> from qlib.neon.instructions.dot import dot
    >>> from qlib.neon.views import Meaning
    >>> x = View(0, "i1", 0, 16)
    >>> term_bounds(Decoded(Meaning(dot, "i"), x, [x, x], len, [], len))
    (-65024, 65536)
    """
    try:
        term = d.meaning.of(
            *(
                Interval.of_type(s.dtype, s.count * s.times)
                if isinstance(s, View)
                else s
                for s in d.sources
            )
        )
    except Unbounded:
        return None
    return int(term.low.min()), int(term.high.max())
