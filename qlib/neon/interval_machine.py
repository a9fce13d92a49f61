"""Interval mode: lanes are [low, high], and a run is a proof.

Loops run as often as the pointers and counters say; where a result leaves
its lane, the lane may wrap: the run lists it and takes any value from
there.  What an instruction computes otherwise may be any value: sound.

Chapter: neon
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qlib.neon.interval import Interval, Unbounded
from qlib.neon.machine import Machine, Source
from qlib.neon.table import Instruction, Step
from qlib.neon.views import Lanes, Meaning, View


@dataclass(frozen=True)
class Wrap:
    """A lane that may leave its type: the interval of its true value.

    >>> print(Wrap(4, "smlal2 v2.8h, ...", "v2.h[3]", -32512, 32768))
    line 4: smlal2 v2.8h, ...: v2.h[3] may hold -32512 to 32768
    """

    line: int
    text: str
    lane: str
    low: int
    high: int

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.text}: {self.lane} may hold "
            f"{self.low} to {self.high}"
        )


class IntervalMachine(Machine):
    """A machine of one tile whose lanes and memory are intervals.

    A byte is a cell: its value, or 16 times the number of its lane plus
    its place in it; so bytes move as they always do.

    >>> from qlib.neon import parse
    >>> smlal2 = "smull v2.8h, v0.8b, v1.8b\\nsmlal2 v2.8h, v0.16b, v1.16b"
    >>> code = "ldr q0, [x0]\\nldr q1, [x1]\\n" + smlal2
    >>> for low in (-128, -127):
    ...     machine = IntervalMachine()
    ...     machine.x[0] = machine.range(16, "i1", -128, 127)
    ...     machine.x[1] = machine.range(16, "i1", low, 127)
    ...     count = machine.run(parse(code))
    ...     print(len(machine.wraps), *machine.wraps[:1])
    8 line 4: smlal2 v2.8h, v0.16b, v1.16b: v2.h[0] may hold -32512 to 32768
    0
    """

    def __init__(self) -> None:
        super().__init__(1)
        self.v = self.v.astype(np.int64)
        self.lanes: list[tuple[int, int, str]] = [(0, 0, "u1")] * 16
        self.wraps: list[Wrap] = []

    def bind(self, array: npt.NDArray[Any]) -> int:
        """The address of a copy of an array, every byte known."""
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return self.memory.hold(data.astype(np.int64))

    def range(self, count: int, dtype: str, low: int, high: int) -> int:
        """The address of `count` numbers of which each is in [low, high]."""
        cells = [self.of(low, high, dtype) for _ in range(count)]
        return self.memory.hold(np.concatenate(cells))

    def cells(self, data: Lanes) -> Lanes:
        """Bytes as cells."""
        return data.astype(np.int64)

    def plain(self, cells: Lanes) -> Lanes:
        """The bytes of cells.   Raises: ValueError where one is unknown."""
        if (cells > 255).any():
            raise ValueError("a scalar must be known, got an interval")
        return cells.astype(np.uint8)

    def lane_step(
        self, meaning: Meaning, target: View, sources: Sequence[Source]
    ) -> Step:
        """The step of an instruction that maps lanes to lanes."""
        at = self.at
        if meaning.moves:
            return self._moving(meaning, target, sources)

        def step() -> None:
            try:
                result = self._result(meaning, target, sources)
            except Unbounded:
                result = Interval.of_type(target.dtype, target.count)
            self._write(target, result, at)

        return step

    def _result(
        self, meaning: Meaning, target: View, views: Sequence[Source]
    ) -> Interval:
        """The true result; where it can wrap, in a dtype that holds it."""
        if "f" in meaning.kinds:
            raise Unbounded
        xs = [self.read(s) if isinstance(s, View) else s for s in views]
        if meaning.wraps:
            xs = [
                x.astype(object) if isinstance(x, Interval) else x for x in xs
            ]
        result = meaning.of(*xs)
        if meaning.into is not None:
            before = self.read(target).astype(object)
            result = meaning.into(before, result.astype(object))
        if not isinstance(result, Interval):
            raise Unbounded
        return result.clamped(target.dtype) if meaning.saturates else result

    def _moving(
        self, meaning: Meaning, target: View, sources: Sequence[Source]
    ) -> Step:
        """Lanes move as their numbers do."""
        numbers: list[Any] = []
        start = 0
        for s in sources:
            if isinstance(s, View):
                count = s.count * s.times
                numbers.append(np.arange(start, start + count)[None])
                start += count
            else:
                numbers.append(s)
        order = np.asarray(meaning.of(*numbers)).reshape(-1)
        parts = [self._part(s) for s in sources if isinstance(s, View)]

        def step() -> None:
            lanes = np.concatenate([p() for p in parts])[order]
            self._put(target, lanes.reshape(-1))

        return step

    def _part(self, view: View) -> Callable[[], Lanes]:
        """Reads the cells of a view.   Shapes: -> (lanes, bytes)."""
        size = int(view.dtype[1:])
        row = self.v[view.number, 0].reshape(-1, size)
        part = row[view.first : view.first + view.count]
        return lambda: np.tile(part, (view.times, 1))

    def _put(self, view: View, cells: Lanes) -> None:
        """Store cells to a view; the rest becomes 0 unless kept."""
        row, first = self.v[view.number, 0], view.first * int(view.dtype[1:])
        row[first : first + len(cells)] = cells
        if not view.keep:
            row[first + len(cells) :] = 0

    def read(self, view: View) -> Interval:
        """The intervals of the lanes of a view.   Shapes: -> (1, lanes)."""
        found = [self._lane(c, view.dtype) for c in self._part(view)()]
        low, high = zip(*found, strict=True)
        return Interval([low], [high], view.dtype)

    def _lane(self, cells: Lanes, dtype: str) -> tuple[int, int]:
        """The interval of one lane's cells, read as a type."""
        info = np.iinfo(dtype) if dtype[0] != "f" else np.iinfo("i8")
        size, whole = len(cells), (int(info.min), int(info.max))
        if (cells < 256).all():
            number = np.uint8(cells).view(f"{dtype[0]}{size}")[0]
            return int(number), int(number)
        first = int(cells[0])
        low, high, was = self.lanes[first >> 4]
        if not np.array_equal(cells, first + np.arange(size)) or (
            first & 15 or int(was[1:]) != size
        ):
            return whole
        for turn in (0, 1 << 8 * size, -1 << 8 * size):
            if whole[0] <= low + turn and high + turn <= whole[1]:
                return low + turn, high + turn
        return whole

    def of(self, low: int, high: int, dtype: str) -> Lanes:
        """The cells of a new lane.   Shapes: -> (bytes,)."""
        size = int(dtype[1:])
        if low == high:
            data = (low & (1 << 8 * size) - 1).to_bytes(size, "little")
            return np.frombuffer(data, np.uint8).astype(np.int64)
        self.lanes.append((low, high, dtype))
        return (len(self.lanes) - 1 << 4) + np.arange(size)

    def _write(self, view: View, x: Interval, at: Instruction) -> None:
        """Store intervals; list the lanes that may wrap."""
        dtype = view.dtype.replace("f", "u")
        info = np.iinfo(dtype)
        cells: list[Lanes] = []
        for k in range(view.count):
            low, high = (a[0, k % a.shape[1]] for a in (x.low, x.high))
            if low < info.min or high > info.max:
                name = f"v{view.number}.{view.letter}[{view.first + k}]"
                self.wraps.append(Wrap(at.line, at.text, name, low, high))
                low, high = int(info.min), int(info.max)
            cells.append(self.of(low, high, dtype))
        self._put(view, np.concatenate(cells))
