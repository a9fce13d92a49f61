"""Relatives of the scalar instructions that int8 kernels use.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from qlib.neon.instructions.integer import (
    AMOUNT,
    CCMP,
    LOGIC,
    Pair,
    adds,
    amount,
    bitmask,
    compared,
    short,
    with_carry,
)
from qlib.neon.machine import Machine
from qlib.neon.operands import Immediate, Register, Shift
from qlib.neon.program import Step
from qlib.neon.registers import M64, signed, source, target
from qlib.neon.scalars import alias, scalar
from qlib.neon.table import instruction

IMMEDIATE = (*LOGIC, "P, R, #")
LONG, CHOICE, FIELD = "X, W, W, X", "R, R, R, cc", "R, R, #, #"
SLOW = "multiply-scalar"


def field(value: int, bits: int, k: int) -> bool:
    """A place, then a width of at least 1."""
    return (k == 3) <= value < bits + (k == 3)


def reverse(a: int, bits: int, group: int) -> int:
    """Bytes reversed within groups of bits."""
    size = group // 8
    data = a.to_bytes(bits // 8, "little")
    parts = [data[i : i + size][::-1] for i in range(0, len(data), size)]
    return int.from_bytes(b"".join(parts), "little")


@scalar("sdiv", "R, R, R", cost="divide")
def sdiv(a: int, b: int, bits: int) -> int:
    """Rd = Rn / Rm toward zero, signed; 0 where Rm is 0."""
    n, m = signed(a, bits), signed(b, bits)
    q = abs(n) // abs(m) if m else 0
    return q if (n < 0) == (m < 0) else -q


@scalar("ccmn", *CCMP, flags=True, silent=True, check=compared)
def ccmn(a: int, b: int, nzcv: int, yes: bool, bits: int) -> Pair:
    """NZCV of Rn + Rm if the condition holds, else as given."""
    return 0, adds(a, b, bits)[1] if yes else nzcv


@scalar("bfi", FIELD, reads=True, check=field)
def bfi(d: int, a: int, lsb: int, width: int, bits: int) -> int:
    """Rd = Rd with `width` bits of Rn at `lsb`."""
    ones = (1 << width) - 1
    return d & ~(ones << lsb) | (a & ones) << lsb


@scalar("bfxil", FIELD, reads=True, check=field)
def bfxil(d: int, a: int, lsb: int, width: int, bits: int) -> int:
    """Rd = Rd with its lowest `width` bits from Rn at `lsb`."""
    ones = (1 << width) - 1
    return d & ~ones | a >> lsb & ones


@instruction("movk", "X|W, #", "X|W, #, lsl #", cost="alu")
def movk(
    machine: Machine, d: Register, number: Immediate, *shift: Shift
) -> Step:
    """Rd = Rd with 16 bits replaced."""
    a, n = int(number.value), shift[0].amount if shift else 0
    if not 0 <= a < 1 << 16 or n not in range(
        0, 64 if d.form == "X" else 32, 16
    ):
        raise ValueError(f"movk must place 16 bits, got {a} at {n}")
    read, write, others = (
        source(machine, d),
        target(machine, d),
        M64 ^ 0xFFFF << n,
    )
    return lambda: write(read() & others | a << n)


scalar("orr", *IMMEDIATE, ring=True, check=bitmask)(lambda a, b, bits: a | b)
scalar("eor", *IMMEDIATE, ring=True, check=bitmask)(lambda a, b, bits: a ^ b)
scalar("bic", *IMMEDIATE, check=bitmask)(lambda a, b, bits: a & ~b)
scalar("orn", *LOGIC)(lambda a, b, bits: a | ~b)
scalar("eon", *LOGIC)(lambda a, b, bits: a ^ ~b)
scalar("bics", *LOGIC, flags=True)(
    lambda a, b, bits: with_carry(a & ~b, 0, 0, bits)
)
scalar("msub", "R, R, R, R", cost=SLOW, ring=True)(
    lambda a, b, c, bits: c - a * b
)
scalar("smaddl", LONG, cost=SLOW)(
    lambda a, b, c, bits: c + signed(a, 32) * signed(b, 32)
)
scalar("smsubl", LONG, cost=SLOW)(
    lambda a, b, c, bits: c - signed(a, 32) * signed(b, 32)
)
scalar("umaddl", LONG, cost=SLOW)(lambda a, b, c, bits: c + a * b)
scalar("umsubl", LONG, cost=SLOW)(lambda a, b, c, bits: c - a * b)
scalar("umulh", "X, X, X", cost=SLOW)(lambda a, b, bits: a * b >> 64)
scalar("smulh", "X, X, X", cost=SLOW)(
    lambda a, b, bits: signed(a, 64) * signed(b, 64) >> 64
)
scalar("udiv", "R, R, R", cost="divide")(lambda a, b, bits: a // b if b else 0)
scalar("csinc", CHOICE)(lambda a, b, yes, bits: a if yes else b + 1)
scalar("csinv", CHOICE)(lambda a, b, yes, bits: a if yes else ~b)
scalar("csneg", CHOICE)(lambda a, b, yes, bits: a if yes else -b)
scalar("(adc)", CHOICE)(lambda a, b, carry, bits: a + b + carry)
scalar("(sbc)", CHOICE)(lambda a, b, carry, bits: a + ~b + carry)
scalar("(adcs)", CHOICE, flags=True)(with_carry)
scalar("(sbcs)", CHOICE, flags=True)(
    lambda a, b, carry, bits: with_carry(a, ~b, carry, bits)
)
scalar("asr", *AMOUNT, check=amount)(
    lambda a, n, bits: signed(a, bits) >> n % bits
)
scalar("ror", *AMOUNT, check=amount)(
    lambda a, n, bits: a >> n % bits | a << -n % bits
)
scalar("extr", "R, R, R, #", check=amount)(
    lambda a, b, n, bits: (a << bits | b) >> n
)
scalar("movn", "R, #", "R, #, lsl #", check=short)(lambda a, bits: ~a)
scalar("ubfx", FIELD, check=field)(
    lambda a, lsb, width, bits: a >> lsb & (1 << width) - 1
)
scalar("sbfx", FIELD, check=field)(
    lambda a, lsb, width, bits: signed(a >> lsb, width)
)
scalar("ubfiz", FIELD, check=field)(
    lambda a, lsb, width, bits: (a & (1 << width) - 1) << lsb
)
scalar("sbfiz", FIELD, check=field)(
    lambda a, lsb, width, bits: signed(a, width) << lsb
)
scalar("sxtb", "R, W")(lambda a, bits: signed(a, 8))
scalar("sxth", "R, W")(lambda a, bits: signed(a, 16))
scalar("sxtw", "X, W")(lambda a, bits: signed(a, 32))
scalar("uxtb", "R, W")(lambda a, bits: a & 0xFF)
scalar("uxth", "R, W")(lambda a, bits: a & 0xFFFF)
scalar("uxtw", "R, W")(lambda a, bits: a)
scalar("rbit", "R, R")(lambda a, bits: int(f"{a:0{bits}b}"[::-1], 2))
scalar("clz", "R, R")(lambda a, bits: bits - a.bit_length())
scalar("cls", "R, R")(
    lambda a, bits: (
        bits
        - 1
        - (a ^ (signed(a, bits) >> bits - 1) & ((1 << bits) - 1)).bit_length()
    )
)
scalar("rev", "R, R")(lambda a, bits: reverse(a, bits, bits))
scalar("rev16", "R, R")(lambda a, bits: reverse(a, bits, 16))
scalar("rev32", "X, X")(lambda a, bits: reverse(a, bits, 32))

alias("asrv", "asr *", "R, R, R")
alias("rorv", "ror *", "R, R, R")
alias("mneg", "msub 0 1 2 z", "R, R, R")
alias("smull", "smaddl 0 1 2 z", "X, W, W")
alias("umull", "umaddl 0 1 2 z", "X, W, W")
alias("smnegl", "smsubl 0 1 2 z", "X, W, W")
alias("umnegl", "umsubl 0 1 2 z", "X, W, W")
for _name in ("adc", "adcs", "sbc", "sbcs"):
    alias(_name, f"({_name}) * cs", "R, R, R")
for _name in ("ngc", "ngcs"):
    alias(_name, f"({_name.replace('ng', 'sb')}) 0 z 1 cs", "R, R")
alias("neg", "sub 0 z 1", "R, R")
alias("neg", "sub 0 z 1 2", "R, R, lsl|lsr|asr #")
alias("negs", "subs 0 z 1", "R, R")
alias("negs", "subs 0 z 1 2", "R, R, lsl|lsr|asr #")
alias("mvn", "orn 0 z 1", "R, R")
alias("mvn", "orn 0 z 1 2", "R, R, lsl|lsr|asr|ror #")
alias("cset", "csinc 0 z z !1", "R, cc")
alias("csetm", "csinv 0 z z !1", "R, cc")
alias("cinc", "csinc 0 1 1 !2", "R, R, cc")
alias("cinv", "csinv 0 1 1 !2", "R, R, cc")
alias("cneg", "csneg 0 1 1 !2", "R, R, cc")
