"""Relatives of the scalar instructions that int8 kernels use.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from qlib.neon.instructions import integer
from qlib.neon.instructions.integer import bitmask
from qlib.neon.machine import Machine
from qlib.neon.operands import Immediate, Register, Shift
from qlib.neon.registers import M64, signed, source, target
from qlib.neon.scalars import alias, scalar
from qlib.neon.table import Step, instruction

IMMEDIATE = (*integer.LOGIC, "P, R, #")
LONG, CHOICE, FIELD = "X, W, W, X", "R, R, R, cc", "R, R, #, #"
SLOW = "multiply-scalar"
Z = "lsl|lsr|asr"


def field(value: int, bits: int, k: int) -> bool:
    """A place, then a width of at least 1."""
    return (k == 3) <= value < bits + (k == 3)


@scalar("sdiv", "R, R, R", cost="divide")
def sdiv(a: int, b: int, bits: int) -> int:
    """Rd = Rn / Rm toward zero, signed; 0 where Rm is 0."""
    n, m = signed(a, bits), signed(b, bits)
    q = abs(n) // abs(m) if m else 0
    return q if (n < 0) == (m < 0) else -q


@scalar("bfi", FIELD, reads=True, check=field)
def bfi(d: int, a: int, lsb: int, width: int, bits: int) -> int:
    """Rd = Rd with `width` bits of Rn at `lsb`."""
    ones = (1 << width) - 1
    return d & ~(ones << lsb) | (a & ones) << lsb


@instruction("movk", "X|W, #", "X|W, #, lsl #", cost="alu")
def movk(
    machine: Machine, d: Register, number: Immediate, *shift: Shift
) -> Step:
    """Rd = Rd with 16 bits replaced."""
    a, n = int(number.value), shift[0].amount if shift else 0
    if not 0 <= a < 1 << 16 or n not in range(0, 32 << (d.form == "X"), 16):
        raise ValueError(f"movk must place 16 bits, got {a} at {n}")
    read, write = source(machine, d), target(machine, d)
    return lambda: write(read() & (M64 ^ 0xFFFF << n) | a << n)


scalar("orr", *IMMEDIATE, ring=True, check=bitmask)(lambda a, b, bits: a | b)
scalar("eor", *IMMEDIATE, ring=True, check=bitmask)(lambda a, b, bits: a ^ b)
scalar("bic", *IMMEDIATE, check=bitmask)(lambda a, b, bits: a & ~b)
scalar("orn", *integer.LOGIC)(lambda a, b, bits: a | ~b)
scalar("msub", "R, R, R, R", cost=SLOW, ring=True)(
    lambda a, b, c, bits: c - a * b
)
scalar("smaddl", LONG, cost=SLOW)(
    lambda a, b, c, bits: c + signed(a, 32) * signed(b, 32)
)
scalar("umaddl", LONG, cost=SLOW)(lambda a, b, c, bits: c + a * b)
scalar("udiv", "R, R, R", cost="divide")(lambda a, b, bits: a // b if b else 0)
scalar("csinc", CHOICE)(lambda a, b, yes, bits: a if yes else b + 1)
scalar("csinv", CHOICE)(lambda a, b, yes, bits: a if yes else ~b)
scalar("csneg", CHOICE)(lambda a, b, yes, bits: a if yes else -b)
scalar("movn", "R, #", "R, #, lsl #", check=integer.short)(lambda a, bits: ~a)
scalar("ubfx", FIELD, check=field)(
    lambda a, lsb, width, bits: a >> lsb & (1 << width) - 1
)
scalar("sbfx", FIELD, check=field)(
    lambda a, lsb, width, bits: signed(a >> lsb, width)
)
scalar("rbit", "R, R")(lambda a, bits: int(f"{a:0{bits}b}"[::-1], 2))
scalar("clz", "R, R")(lambda a, bits: bits - a.bit_length())
for _t, _n in {"b": 8, "h": 16, "w": 32}.items():
    scalar(f"sxt{_t}", "X, W" if _t == "w" else "R, W")(
        lambda a, bits, n=_n: signed(a, n)
    )
    scalar(f"uxt{_t}", "R, W")(lambda a, bits, n=_n: a & (1 << n) - 1)

alias("smull", "smaddl 0: z", "X, W, W")
alias("umull", "umaddl 0: z", "X, W, W")
alias("neg", "sub 0 z 1:", "R, R", f"R, R, {Z} #")
alias("negs", "subs 0 z 1:", "R, R", f"R, R, {Z} #")
alias("mvn", "orn 0 z 1:", "R, R", f"R, R, {Z}|ror #")
alias("cset", "csinc 0 z z !1", "R, cc")
alias("csetm", "csinv 0 z z !1", "R, cc")
alias("cinc", "csinc 0 1 1 !2", "R, R, cc")
alias("cinv", "csinv 0 1 1 !2", "R, R, cc")
alias("cneg", "csneg 0 1 1 !2", "R, R, cc")
