"""The overflow watch: where a sum wraps, and what it truly is.

Bounds [low, high] of a register grow by those of what is added, which
follow from the types alone.  While the type holds them, nothing is looked
at.  Else a lane that wrapped lies within the excess of the other end of
the type: two reductions tell.  Sums of registers are bounded by what the
registers hold; they are computed in wide lanes only beyond that.

Chapter: neon
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.neon.interval import Held, bounds_of
from qlib.neon.table import Instruction, Step
from qlib.neon.views import Decoded, Lanes, View, wide

SHOWN = 64  # lanes that one event keeps
LIMITS = {
    t: (int(np.iinfo(t).min), int(np.iinfo(t).max))
    for t in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
}
UNKNOWN = ("", 0, 0)  # of a register: dtype, low, high
Pair = tuple[int, int]
Source = View | int | float


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
    """Bounds of the registers v, and every overflow.

    >>> watch = Watch(np.full((32, 1, 16), 255, np.uint8))
    >>> watch.held(View(0, "i1", 0, 8)), watch.events
    ((-1, -1), [])
    """

    def __init__(self, v: Lanes) -> None:
        self.v, self.events = v, list[Overflow]()
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

    def held(self, view: Source) -> Pair | None:
        """Bounds of all lanes of a register: known, or looked at now."""
        if not isinstance(view, View):
            return None
        was, low, high = self.bounds[view.number]
        if was != view.dtype:
            lanes = self.v[view.number].view(view.dtype)
            low, high = int(lanes.min()), int(lanes.max())
            self.bounds[view.number] = view.dtype, low, high
        return low, high

    def step(self, at: Instruction, d: Decoded, plain: Step) -> Step | None:
        """The watched step; None where nothing can wrap or is known."""
        if d.target.dtype[0] == "f" or d.meaning.saturates:
            return None
        added = bounds_of(d.meaning, len(d.sources), *map(_lanes, d.sources))
        adds = d.meaning.into and d.target.size == 16
        if added and adds and not d.meaning.wraps:
            return self._adds(at, d, added)
        if d.meaning.wraps or d.meaning.into:
            return self._wraps(at, d, plain)
        return self._stores(d, added, plain) if added else None

    def _stores(self, d: Decoded, bounds: Pair, plain: Step) -> Step:
        """A step after which a register has known bounds."""
        known, number = self.bounds, d.target.number
        new = (d.target.dtype, *bounds) if d.target.size == 16 else UNKNOWN

        def step() -> None:
            plain()
            known[number] = new

        return step

    def _adds(self, at: Instruction, d: Decoded, added: Pair) -> Step:
        """A step that adds or subtracts what has known bounds."""
        into, of, known = d.meaning.into, d.meaning.of, self.bounds
        dtype, number, lanes = d.target.dtype, d.target.number, d.read()
        down, up = added if into is np.add else (-added[1], -added[0])
        least, most = LIMITS[dtype]
        span = most - least + 1
        assert into is not None

        def step() -> None:
            was, low, high = known[number]
            if was != dtype:
                low, high = self.held(d.target) or (least, most)
            low, high = low + down, high + up
            term = of(*[r() for r in d.reads])
            into(lanes, term, out=lanes, casting="unsafe")
            over = high > most and lanes.item(lanes.argmin()) <= high - span
            if over or (
                low < least and lanes.item(lanes.argmax()) >= low + span
            ):
                low, high = self._undo(at, d, term, lanes)
            known[number] = dtype, max(low, least), min(high, most)

        return step

    def _undo(
        self, at: Instruction, d: Decoded, term: Lanes, sums: Lanes
    ) -> Pair:
        """Add again in wide lanes; the new bounds are those of the type."""
        into, dtype = d.meaning.into, d.target.dtype
        assert into is not None
        undo = np.subtract if into is np.add else np.add
        before = undo(sums, term).astype(dtype)
        self._compare(at, d.target, into(wide(before), wide(term)), sums)
        return LIMITS[dtype]

    def _wraps(self, at: Instruction, d: Decoded, plain: Step) -> Step:
        """A step in wide lanes, unless what the registers hold fits."""
        sources, count = (*d.sources, d.target), len(d.sources)
        dtype, (least, most) = d.target.dtype, LIMITS[d.target.dtype]

        def step() -> None:
            lanes = [_lanes(s, self.held(s)) for s in sources]
            bounds = bounds_of(d.meaning, count, *lanes)
            low, high = bounds or (least - 1, most)
            self.bounds[d.target.number] = UNKNOWN
            if least <= low and high <= most:
                plain()
                if d.target.size == 16:
                    self.bounds[d.target.number] = dtype, low, high
            else:
                self._exact(at, d)

        return step

    def _exact(self, at: Instruction, d: Decoded) -> None:
        """Compute the true result too, and compare."""
        into, of, xs = d.meaning.into, d.meaning.of, [r() for r in d.reads]
        kept = of(*xs)
        true = wide(kept)
        if d.meaning.wraps:
            arrays = (isinstance(x, np.ndarray) for x in xs)
            pairs = zip(xs, arrays, strict=True)
            true = of(*(wide(x) if array else x for x, array in pairs))
        if into is not None:
            before = d.read()
            true, kept = into(wide(before), true), into(before, kept)
        kept = kept.astype(d.target.dtype)
        self._compare(at, d.target, true, kept)
        d.write(kept)

    def _compare(
        self, at: Instruction, target: View, true: Lanes, kept: Lanes
    ) -> None:
        """Note the lanes that differ."""
        tiles, lanes = np.nonzero(true != kept)
        count, few = len(tiles), (tiles[:SHOWN], lanes[:SHOWN])
        if count:
            name = f"v{target.number}.{target.letter}"
            where = few[0], few[1] + target.first
            event = at.line, at.text, name, count, *where, true[few], kept[few]
            self.events.append(Overflow(*event))


def _lanes(s: Source, pair: Pair | None = None) -> Held | float:
    """What is known of a source: all of its type, or bounds widened to
    whole bits, so that few differ; a number is itself."""
    if not isinstance(s, View):
        return s
    dtype = s.dtype.replace("f", "u")
    least, most = LIMITS[dtype]
    if pair:
        ones = (1 << max(-pair[0], pair[1]).bit_length()) - 1
        least, most = max(least, -ones), min(most, ones)
    return dtype, s.count * s.times, least, most
