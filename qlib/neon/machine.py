"""The machine: all tiles at once, one instruction at a time.

    v  uint8[32, T, 16]  vector registers      x  int, or uint64[T]
    nzcv  int, or uint8[T]                  qc  bool[T], saturated

Control flow is uniform: a branch that tiles take differently is an error.

Source: Arm Architecture Reference Manual for A-profile, chapter B1.
Chapter: neon
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from qlib.neon.memory import Memory
from qlib.neon.operands import Operand, Vectors
from qlib.neon.table import Instruction, Program, Step
from qlib.neon.text import AssemblyError
from qlib.neon.views import (
    Decoded,
    Lanes,
    Meaning,
    View,
    clamp,
    reader,
    wide,
    writer,
)
from qlib.neon.watch import Overflow, Watch

Scalar: TypeAlias = "int | npt.NDArray[np.uint64]"
Source: TypeAlias = View | int | float
Flags: TypeAlias = "int | npt.NDArray[np.uint8]"
END = 1 << 62  # jumping there ends the program


class Machine:
    """Registers, flags and memory of T tiles that run one program.

    >>> from qlib.neon import parse
    >>> machine = Machine()
    >>> machine.v[1].view(np.int8)[:] = 3
    >>> machine.run(parse("smull v0.8h, v1.8b, v1.8b"))
    1
    >>> machine.v[0].view(np.int16)
    array([[9, 9, 9, 9, 9, 9, 9, 9]], dtype=int16)
    """

    def __init__(self, tiles: int = 1, watch: bool = False) -> None:
        if tiles < 1:
            raise ValueError(f"tiles must be at least 1, got {tiles}")
        self.tiles = tiles
        self.v: Lanes = np.zeros((32, tiles, 16), np.uint8)
        self.x: list[Scalar] = [0] * 32
        self.nzcv: Flags = 0
        self.qc = np.zeros(tiles, bool)
        self.memory = Memory()
        self.watch = Watch(self.v) if watch else None

    def bind(self, array: npt.NDArray[Any]) -> int:
        """Make an array memory; its address."""
        return self.memory.bind(array)

    def stack(self, *values: Scalar, size: int = 4096) -> None:
        """Give every tile a stack; values lie from sp on, 8 bytes each."""
        room = -(-len(values) // 2) * 16
        array = np.zeros((self.tiles, size + room), np.uint8)
        tops = array[:, size:].view(np.uint64)
        for k, value in enumerate(values):
            tops[:, k] = value
        at = self.bind(array) + size
        steps = np.arange(self.tiles, dtype=np.uint64)
        self.x[31] = at + steps * np.uint64(size + room)
        if self.tiles == 1:
            self.x[31] = at

    @property
    def overflows(self) -> list[Overflow]:
        """What the watch saw: lanes that wrapped, in order."""
        return self.watch.events if self.watch else []

    def steps(self, program: Program) -> list[Step]:
        """Decode: every instruction as a function of no arguments."""
        if self.watch:
            self.watch.forget()
        return [self.step(i) for i in program.instructions]

    def step(self, i: Instruction) -> Step:
        """Decode one instruction."""
        self.at, self.known = i, False
        try:
            step = i.row.build(self, *i.operands)
        except ValueError as error:
            raise AssemblyError(i.line, i.text, str(error)) from error
        if self.watch and not self.known:
            return self.watch.forgets(step, _vectors(i.operands))
        return step

    def run(self, program: Program, budget: int = 10**7) -> int:
        """Run from the first instruction to `ret` or the end.

        The count of instructions executed.   Raises: AssemblyError with
        line and text for an access beyond the bound arrays, a divergent
        branch, and when the budget is spent.
        """
        steps, at, count = self.steps(program), 0, 0
        try:
            with np.errstate(all="ignore"):
                while at < len(steps):
                    if count == budget:
                        raise ValueError(f"must end within {budget} steps")
                    to = steps[at]()
                    at = at + 1 if to is None else to
                    count += 1
        except ValueError as error:
            i = program.instructions[at]
            raise AssemblyError(i.line, i.text, str(error)) from error
        return count

    def lane_step(
        self, meaning: Meaning, target: View, sources: Sequence[Source]
    ) -> Step:
        """The step of an instruction that maps lanes to lanes."""
        read, write = reader(self.v, target), writer(self.v, target)
        reads = [_reader(self.v, s) for s in sources]
        decoded = Decoded(meaning, target, sources, read, reads, write)
        plain = _step(self.qc, decoded)
        watched = self.watch and self.watch.step(self.at, decoded, plain)
        self.known = bool(watched)
        return watched or plain

    def store(self, at: Scalar, data: Lanes) -> None:
        """Store bytes; tiles that differ need an address each."""
        if isinstance(at, int) and len(data) > 1 and (data != data[0]).any():
            raise ValueError(
                f"tiles with different data must store to different "
                f"addresses, got one, {at:#x}"
            )
        self.memory.write(at, data)

    def cells(self, data: Lanes) -> Lanes:
        """Bytes as this machine stores them."""
        return data

    def plain(self, cells: Lanes) -> Lanes:
        """The bytes of what this machine stores."""
        return cells


def _reader(v: Lanes, source: Source) -> Callable[[], Any]:
    """Reads a view; a number is itself."""
    return reader(v, source) if isinstance(source, View) else lambda: source


def _step(qc: npt.NDArray[np.bool_], d: Decoded) -> Step:
    """Store, saturate or accumulate what the meaning makes of lanes."""
    of, into, reads, write = d.meaning.of, d.meaning.into, d.reads, d.write

    def store() -> None:
        write(of(*[r() for r in reads]))

    def saturate() -> None:
        kept, tiles = clamp(of(*[r() for r in reads]), d.target.dtype)
        np.logical_or(qc, tiles, out=qc)
        if into is not None:
            total = into(wide(d.read()), kept)
            kept, tiles = clamp(total, d.target.dtype)
            np.logical_or(qc, tiles, out=qc)
        write(kept)

    def accumulate() -> None:
        assert into is not None
        lanes, term = d.read(), of(*[r() for r in reads])
        into(lanes, term, out=lanes, casting="unsafe")
        if d.target.size < 16:
            write(lanes)

    if d.meaning.saturates:
        return saturate
    return store if into is None else accumulate


def _vectors(operands: Sequence[Operand]) -> list[int]:
    """The vector registers among operands."""
    numbers: list[int] = []
    for o in operands:
        if isinstance(o, Vectors):
            numbers += o.numbers
        elif o.form[0] in "VBHSDQ":  # or sp, which does no harm
            numbers.append(getattr(o, "number", 0))
    return numbers
