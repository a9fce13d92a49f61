"""The operands of A64 text, and the form that each one has.

    v3.8h  V.8h      v3.h[2]  V.h[i]     {v0.4s-v1.4s}  {V.4s x2}
    x4     X         #-8      #          [x1, #16]!     [X, #]!
    lsl #2  lsl #    eq       cc         1f             L

The forms of an instruction's operands, joined by commas, are the key under
which the table knows it.   Source: GNU as manual.   Chapter: neon
"""

from dataclasses import dataclass
from typing import TypeAlias

CONDITIONS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al"
SIZES = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16, "W": 4, "X": 8}
SIZES |= {k.upper(): size for k, size in SIZES.items()}
ALIASES = {"hs": "cs", "lo": "cc"}


@dataclass(frozen=True)
class Register:
    """A scalar register: X W SP WSP, or B H S D Q of the vector file.

    Number 31 is the stack pointer (SP, WSP) or zero (X, W).

    >>> Register("W", 31).form
    'W'
    """

    form: str
    number: int


@dataclass(frozen=True)
class Vector:
    """All lanes of a register, such as v3.8h.

    >>> Vector(3, "8h").form
    'V.8h'
    """

    number: int
    lanes: str

    @property
    def form(self) -> str:
        return f"V.{self.lanes}"


@dataclass(frozen=True)
class Element:
    """One lane, such as v3.h[2].

    >>> Element(3, "4b", 2).form
    'V.4b[i]'
    """

    number: int
    lanes: str
    index: int

    @property
    def form(self) -> str:
        return f"V.{self.lanes}[i]"


@dataclass(frozen=True)
class Vectors:
    """A list of registers, or one lane of each.

    >>> Vectors((31, 0), "s", index=3).form
    '{V.s x2}[i]'
    """

    numbers: tuple[int, ...]
    lanes: str
    index: int | None = None

    @property
    def form(self) -> str:
        lane = "" if self.index is None else "[i]"
        return f"{{V.{self.lanes} x{len(self.numbers)}}}{lane}"


@dataclass(frozen=True)
class Immediate:
    """A number; floats only where a `.` stands.

    >>> Immediate(64).form
    '#'
    """

    value: int | float
    form: str = "#"


@dataclass(frozen=True)
class Shift:
    """A shift or extension of the operand before it.

    >>> Shift("lsl", 3, "lsl #").amount
    3
    """

    kind: str
    amount: int
    form: str


@dataclass(frozen=True)
class Word:
    """A condition (cc), a prefetch (prfop) or a label (L) and its target.

    >>> Word("cs", "cc").target
    -1
    """

    text: str
    form: str
    target: int = -1


@dataclass(frozen=True)
class Address:
    """A base and what is added to it: before, or after (writeback).

    >>> Address(31, (Immediate(-16),), writeback=True).form
    '[X, #]!'
    """

    base: int
    inner: tuple["Operand", ...]
    after: "Operand | None" = None
    writeback: bool = False

    @property
    def form(self) -> str:
        inside = ", ".join(["X", *(o.form for o in self.inner)])
        after = f", {self.after.form}" if self.after else ""
        mark = "!" if self.writeback and not self.after else ""
        return f"[{inside}]{mark}{after}"


Operand: TypeAlias = (
    Register | Vector | Element | Vectors | Immediate | Shift | Word | Address
)
