"""Arithmetic, logic and choice on x and w registers.

Source: Arm Architecture Reference Manual, section C6.2.   Chapter: neon
"""

from qlib.neon.scalars import alias, scalar

_KINDS = "uxtb|uxth|uxtw|sxtb|sxth|sxtw"
EXTENDED = (
    f"P, P, W, {_KINDS}",
    f"P, P, W, {_KINDS} #",
    f"X|SP, X|SP, X, {_KINDS}|uxtx|sxtx",
    f"X|SP, X|SP, X, {_KINDS}|uxtx|sxtx #",
)
SHIFTED = ("R, R, R", "R, R, R, lsl|lsr|asr #")
NUMBER = ("P, P, #", "P, P, #, lsl #")
POINTER = ("SP, X|SP, X", "X, SP, X", "WSP, W|WSP, W", "W, WSP, W")
ADD = (*SHIFTED, *NUMBER, *POINTER, *EXTENDED)
LOGIC = ("R, R, R", "R, R, R, lsl|lsr|asr|ror #")
AMOUNT = ("R, R, R", "R, R, #")
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


@scalar("add", *ADD, ring=True, check=arithmetic)
def add(a: int, b: int, bits: int) -> int:
    """Rd = Rn + Rm."""
    return a + b


@scalar("sub", *ADD, ring=True, check=arithmetic)
def sub(a: int, b: int, bits: int) -> int:
    """Rd = Rn - Rm."""
    return a - b


@scalar("adds", *ADD, flags=True, check=arithmetic)
def adds(a: int, b: int, bits: int) -> Pair:
    """Rd = Rn + Rm; sets NZCV."""
    return with_carry(a, b, 0, bits)


@scalar("subs", *ADD, flags=True, check=arithmetic)
def subs(a: int, b: int, bits: int) -> Pair:
    """Rd = Rn - Rm; sets NZCV."""
    return with_carry(a, ~b, 1, bits)


@scalar("and", *LOGIC, "P, R, #", ring=True, check=bitmask)
def and_(a: int, b: int, bits: int) -> int:
    """Rd = Rn AND Rm."""
    return a & b


@scalar("ands", *LOGIC, "R, R, #", flags=True, check=bitmask)
def ands(a: int, b: int, bits: int) -> Pair:
    """Rd = Rn AND Rm; sets N and Z, clears C and V."""
    return with_carry(a & b, 0, 0, bits)


@scalar("madd", "R, R, R, R", cost="multiply-scalar", ring=True)
def madd(a: int, b: int, c: int, bits: int) -> int:
    """Rd = Ra + Rn Rm."""
    return c + a * b


@scalar("lslv", "R, R, R")
@scalar("lsl", *AMOUNT, check=amount)
def lsl(a: int, n: int, bits: int) -> int:
    """Rd = Rn 2^n, n modulo the register's bits."""
    return a << n % bits


@scalar("lsrv", "R, R, R")
@scalar("lsr", *AMOUNT, check=amount)
def lsr(a: int, n: int, bits: int) -> int:
    """Rd = Rn / 2^n, rounded down."""
    return a >> n % bits


@scalar("csel", "R, R, R, cc")
def csel(a: int, b: int, yes: bool, bits: int) -> int:
    """Rd = Rn if the condition holds, else Rm."""
    return a if yes else b


@scalar("ccmp", *CCMP, flags=True, silent=True, check=compared)
def ccmp(a: int, b: int, nzcv: int, yes: bool, bits: int) -> Pair:
    """NZCV of Rn - Rm if the condition holds, else as given."""
    return 0, subs(a, b, bits)[1] if yes else nzcv


@scalar("mov", "P, P")
@scalar("mov", "R, #", check=movable)
@scalar("movz", "R, #", "R, #, lsl #", check=short)
def mov(a: int, bits: int) -> int:
    """Rd = Rn, or a number."""
    return a


_COMPARE = tuple(f.split(", ", 1)[1] for f in ADD if f[0] in "RPXW")
alias("cmp", "subs z *", *_COMPARE)
alias("cmn", "adds z *", *_COMPARE)
alias("tst", "ands z *", "R, R", "R, R, lsl|lsr|asr|ror #", "R, #")
alias("mul", "madd 0 1 2 z", "R, R, R")
