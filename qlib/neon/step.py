"""Step mode: the same engine with one tile, forward and back.

Each step is logged as what it changed: registers, flags, memory, and the
lanes that wrapped, with their true values.   Chapter: neon
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qlib.neon.machine import Machine
from qlib.neon.table import Instruction, Program
from qlib.neon.text import AssemblyError
from qlib.neon.views import Lanes
from qlib.neon.watch import Overflow


@dataclass(frozen=True, eq=False)
class Change:
    """What one step made of a register or of bytes in memory.

    `where`: v0 to v31, x0 to x30, sp, nzcv, qc, or an address.

    >>> Change("x0", 2, 1).after
    1
    """

    where: str | int
    before: Any
    after: Any


@dataclass(frozen=True, eq=False)
class Moment:
    """One step: index of the instruction and of the next, what happened.

    >>> Moment(0, 1, (), ()).changes
    ()
    """

    at: int
    to: int
    changes: tuple[Change, ...]
    overflows: tuple[Overflow, ...]


class Stepper:
    """A program, stopped between two instructions.

    >>> from qlib.neon import parse
    >>> code = parse("movi v0.16b, #3\\nadd x0, x0, #1\\nret")
    >>> stepper = Stepper(Machine(), code)
    >>> [c.where for c in stepper.forward().changes]
    ['v0']
    >>> stepper.forward().changes[0].after, stepper.machine.x[0]
    (1, 1)
    >>> stepper.back(), stepper.machine.x[0], stepper.next.text
    (1, 0, 'add x0, x0, #1')
    """

    def __init__(self, machine: Machine, program: Program) -> None:
        if machine.tiles != 1:
            raise ValueError(
                f"step mode needs a machine of 1 tile, got {machine.tiles}"
            )
        self.machine, self.program = machine, program
        self.log: list[Moment] = []
        self.steps = machine.steps(program)
        self.at = 0

    @property
    def next(self) -> Instruction | None:
        """The instruction that `forward` runs; None at the end."""
        ended = self.at >= len(self.steps)
        return None if ended else self.program.instructions[self.at]

    def forward(self) -> Moment | None:
        """Run one instruction; None at the end.

        Raises: AssemblyError as `Machine.run`; then nothing has changed.
        """
        m, i, at = self.machine, self.next, self.at
        if i is None:
            return None
        before, seen = self._registers(), len(m.overflows)
        journal: list[tuple[int, Lanes]] = []
        m.memory.journal = journal
        try:
            with np.errstate(all="ignore"):
                to = self.steps[at]()
        except ValueError as error:
            m.memory.journal = None
            self._restore(before | dict(reversed(journal)))
            raise AssemblyError(i.line, i.text, str(error)) from error
        m.memory.journal = None
        self.at = at + 1 if to is None else to
        changes, events = self._changes(before, journal), m.overflows[seen:]
        self.log.append(Moment(at, self.at, changes, tuple(events)))
        return self.log[-1]

    def back(self) -> int:
        """Undo one step; the index of its instruction, 0 at the start."""
        if self.log:
            moment, m = self.log.pop(), self.machine
            self._restore({c.where: c.before for c in moment.changes})
            del m.overflows[len(m.overflows) - len(moment.overflows) :]
            self.at = moment.at
        return self.at

    def to_overflow(self) -> Moment | None:
        """Run up to the next lane that wraps; None if there is none."""
        while moment := self.forward():
            if moment.overflows:
                return moment
        return None

    def _changes(
        self, before: dict[str | int, Any], journal: list[tuple[int, Lanes]]
    ) -> tuple[Change, ...]:
        """What differs from before, and what was written to memory."""
        registers = (
            Change(k, before[k], now)
            for k, now in self._registers().items()
            if not np.array_equal(before[k], now)
        )
        read = self.machine.memory.read
        memory = (
            Change(at, old, read(at, old.shape[1]).copy())
            for at, old in journal
        )
        return (*registers, *memory)

    def _registers(self) -> dict[str | int, Any]:
        """Every register by name, vectors as bytes."""
        m = self.machine
        found: dict[str | int, Any] = {
            f"v{k}": row for k, row in enumerate(m.v[:, 0].copy())
        }
        found |= {f"x{k}": value for k, value in enumerate(m.x[:31])}
        found |= {"sp": m.x[31], "nzcv": m.nzcv, "qc": bool(m.qc[0])}
        return found

    def _restore(self, old: dict[str | int, Any]) -> None:
        """Put registers and bytes of memory back."""
        m = self.machine
        for where, value in old.items():
            if isinstance(where, int):
                m.memory.write(where, value)
            elif where == "nzcv":
                m.nzcv = value
            elif where == "qc":
                m.qc[0] = value
            else:
                registers: Any = m.v[:, 0] if where[0] == "v" else m.x
                registers[31 if where == "sp" else int(where[1:])] = value
        if m.watch:
            m.watch.forget()
