"""Arithmetic, logic and choice on x and w registers.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from qlib.neon.registers import signed
from qlib.neon.scalars import alias, scalar

_KINDS = "uxtb|uxth|uxtw|sxtb|sxth|sxtw"
COMPARED = (
    "R, R",
    "R, R, lsl|lsr|asr #",
    "P, #",
    "P, #, lsl #",
    "SP, X",
    "WSP, W",
    f"P, W, {_KINDS}",
    f"P, W, {_KINDS} #",
    f"X|SP, X, {_KINDS}|uxtx|sxtx",
    f"X|SP, X, {_KINDS}|uxtx|sxtx #",
)
# by the first letter: the destination that sets flags, and the other
_TO = {"R": "R R", "P": "R P", "S": "X X|SP", "X": "X X|SP", "W": "W W|WSP"}
SET, ADD = ([f"{_TO[c[0]].split()[k]}, {c}" for c in COMPARED] for k in (0, 1))
ADD += ["SP, X, X", "WSP, W, W"]
LOGIC = ("R, R, R", "R, R, R, lsl|lsr|asr|ror #")
CCMP = ("R, R, #, cc", "R, #, #, cc")
Pair = tuple[int, int]


def arithmetic(value: int, bits: int, k: int) -> bool:
    """12 bits, or 12 bits shifted left by 12, of either sign."""
    if k == 3:
        return value in (0, 12)
    size = abs(value)
    return size < 4096 or (size < 1 << 24 and size % 4096 == 0)


def bitmask(value: int, bits: int, k: int) -> bool:
    """A rotated run of ones, repeated: what AND, ORR and EOR encode."""
    ones = (1 << bits) - 1
    for size in (64, 32, 16, 8, 4, 2):
        cut = (1 << min(size, bits)) - 1
        part = value & cut
        if size <= bits and value & ones == part * (ones // cut):
            turned = (part >> 1 | part << size - 1) & cut
            if (part ^ turned).bit_count() == 2:
                return -ones <= value <= ones
    return False


def amount(value: int, bits: int, k: int) -> bool:
    """A shift."""
    return 0 <= value < bits


def short(value: int, bits: int, k: int) -> bool:
    """What one MOVZ or MOVN holds, and where."""
    if k == 2:
        return value in range(0, bits, 16)
    return 0 <= value < 1 << 16


def movable(value: int, bits: int, k: int) -> bool:
    """What MOVZ, MOVN or ORR hold."""
    ones = (1 << bits) - 1
    if not -ones <= value <= ones:
        return False
    halves = [0xFFFF << s for s in range(0, bits, 16)]
    return bitmask(value, bits, k) or any(
        v & ones == v & h
        for v in (value & ones, ~value & ones)
        for h in halves
    )


def compared(value: int, bits: int, k: int) -> bool:
    """5 bits, then NZCV."""
    return 0 <= value < (32 if k == 1 else 16)


def with_carry(a: int, b: int, carry: int, bits: int) -> Pair:
    """AddWithCarry: a + b + carry cut to the register, and NZCV."""
    ones = (1 << bits) - 1
    a, b = a & ones, b & ones
    total = a + b + carry
    value = total & ones
    v = ((a ^ value) & (b ^ value)) >> bits - 1
    n, z, c = value >> bits - 1, value == 0, total >> bits
    return value, n << 3 | z << 2 | c << 1 | v


@scalar("adds", *SET, flags=True, check=arithmetic)
def adds(a: int, b: int, bits: int) -> Pair:
    """Rd = Rn + Rm; sets NZCV."""
    return with_carry(a, b, 0, bits)


@scalar("subs", *SET, flags=True, check=arithmetic)
def subs(a: int, b: int, bits: int) -> Pair:
    """Rd = Rn - Rm; sets NZCV."""
    return with_carry(a, ~b, 1, bits)


@scalar("ccmp", *CCMP, flags=True, silent=True, check=compared)
def ccmp(a: int, b: int, nzcv: int, yes: bool, bits: int) -> Pair:
    """NZCV of Rn - Rm if the condition holds, else as given."""
    return 0, subs(a, b, bits)[1] if yes else nzcv


scalar("add", *ADD, ring=True, check=arithmetic)(lambda a, b, bits: a + b)
scalar("sub", *ADD, ring=True, check=arithmetic)(lambda a, b, bits: a - b)
scalar("and", *LOGIC, "P, R, #", ring=True, check=bitmask)(
    lambda a, b, bits: a & b
)
scalar("ands", *LOGIC, "R, R, #", flags=True, check=bitmask)(
    lambda a, b, bits: with_carry(a & b, 0, 0, bits)
)
scalar("madd", "R, R, R, R", cost="multiply-scalar", ring=True)(
    lambda a, b, c, bits: c + a * b
)
for _name, _of in [
    ("lsl", lambda a, n, bits: a << n % bits),
    ("lsr", lambda a, n, bits: a >> n % bits),
    ("asr", lambda a, n, bits: signed(a, bits) >> n % bits),
    ("ror", lambda a, n, bits: a >> n % bits | a << -n % bits),
]:
    scalar(_name, "R, R, #", check=amount)(_of)
    scalar(f"{_name} {_name}v", "R, R, R")(_of)
scalar("csel", "R, R, R, cc")(lambda a, b, yes, bits: a if yes else b)
scalar("mov", "P, P")(lambda a, bits: a)
scalar("mov", "R, #", check=movable)(lambda a, bits: a)
scalar("movz", "R, #", "R, #, lsl #", check=short)(lambda a, bits: a)

alias("cmp", "subs z 0:", *COMPARED)
alias("cmn", "adds z 0:", *COMPARED)
alias("tst", "ands z 0:", "R, R", "R, R, lsl|lsr|asr|ror #", "R, #")
alias("mul", "madd 0: z", "R, R, R")
