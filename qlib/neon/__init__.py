"""A simulator of Arm's NEON instructions (A64), bit for bit.

    parse(text) -> Program        Machine(tiles).run(program)

Chapter: neon
"""

from qlib.neon.assembler import check, parse
from qlib.neon.interval_machine import IntervalMachine
from qlib.neon.machine import Machine
from qlib.neon.step import Stepper
from qlib.neon.table import Program
from qlib.neon.text import AssemblyError

__all__ = [
    "AssemblyError",
    "IntervalMachine",
    "Machine",
    "Program",
    "Stepper",
    "check",
    "parse",
]
