"""x and w registers: arithmetic, logic, shifts, flags, selection."""

from .spell import each, form

WX = "wx"
TOP = {"w": 31, "x": 63}
CONDITIONS = [
    "eq",
    "ne",
    "cs",
    "cc",
    "mi",
    "pl",
    "vs",
    "vc",
    "hi",
    "ls",
    "ge",
    "lt",
    "gt",
    "le",
]
EXTENDS = "uxtb uxth uxtw sxtb sxth sxtw"


def arithmetic(t):
    """add, sub and their kin on one width."""
    top = TOP[t]
    for i in ("add", "sub", "adds", "subs"):
        yield f"{i} {t}0, {t}1, {t}2"
        for n in ("#0", "#1", "#16", "#4095", "#1, lsl #12"):
            yield f"{i} {t}0, {t}1, {n}"
        for shift in ("lsl", "lsr", "asr"):
            for k in (1, 4, top):
                yield f"{i} {t}0, {t}1, {t}2, {shift} #{k}"
        for e in EXTENDS.split():
            yield f"{i} {t}0, {t}1, w2, {e}"
        yield f"{i} {t}0, {t}1, w2, uxtb #4"
        yield f"{i} {t}0, {t}1, w2, sxtw #3"
        yield f"{i} {t}1, {t}1, #1"
    yield "add x0, x1, x2, sxtx #2"


def comparisons(t):
    """cmp, cmn; neg and the carry on one width."""
    top = TOP[t]
    for i in ("cmp", "cmn"):
        yield f"{i} {t}1, {t}2"
        for n in (0, 1, 2, 8, 4095):
            yield f"{i} {t}1, #{n}"
        yield f"{i} {t}1, {t}2, lsl #2"
        yield f"{i} {t}1, {t}2, asr #{top}"
    yield f"cmp {t}1, w2, uxtb"
    for i in ("neg", "negs", "mvn"):
        yield f"{i} {t}0, {t}1"
        yield f"{i} {t}0, {t}1, lsl #3"
    yield f"add {t}0, {t}1, {t}zr"
    yield f"sub {t}0, {t}zr, {t}2"
    yield f"subs {t}zr, {t}1, {t}2"


def logic(t):
    """and, orr, eor and their kin on one width."""
    top = TOP[t]
    for i in ("and", "orr", "eor", "ands"):
        for n in ("1", "7", "15", "0xff", "-16", "0x55555555", "0x7fffffff"):
            wide = n == "0x55555555" and t == "x"
            number = "0x5555555555555555" if wide else n
            yield f"{i} {t}0, {t}1, #{number}"
    for i in ["and", "orr", "eor", "ands", "bic", "orn"]:
        yield f"{i} {t}0, {t}1, {t}2"
        yield f"{i} {t}0, {t}1, {t}2, lsl #4"
        yield f"{i} {t}0, {t}1, {t}2, ror #{top}"
    for i in ("and", "orr"):
        yield f"{i} {t}0, {t}1, {t}2, lsr #7"
        yield f"{i} {t}0, {t}1, {t}2, asr #{top}"
    for operand in ("#1", "#3", "#4", "#8", "#0xf0", f"{t}2", f"{t}2, lsl #1"):
        yield f"tst {t}1, {operand}"


def moves(t):
    """mov and its constants."""
    yield f"mov {t}0, {t}1"
    yield f"mov {t}0, {t}zr"
    yield f"mov {t}30, {t}29"
    for n in (0, 1, 255, 65535, -1, -128, 0x10000, -65537, 0x55555555):
        wide = n == 0x55555555 and t == "x"
        yield f"mov {t}0, #{n | n << 32 if wide else n}"
    shifts = (0, 16) if t == "w" else (0, 16, 32, 48)
    for i in ("movz", "movn", "movk"):
        for k in shifts:
            yield f"{i} {t}0, #0x8001, lsl #{k}"
        yield f"{i} {t}0, #65535"


def fields(t):
    """Shifts, bit fields, extensions, counts of bits."""
    top = TOP[t]
    for i in ("lsl", "lsr", "asr", "ror"):
        for k in (0, 1, 4, 31, top):
            yield f"{i} {t}0, {t}1, #{k}"
        yield f"{i} {t}0, {t}1, {t}4"
        yield f"{i} {t}0, {t}1, {t}2"
        yield f"{i}v {t}0, {t}1, {t}2"
    for i in ("ubfx", "sbfx", "bfi"):
        for at, n in ((0, 1), (3, 5), (top, 1), (0, top), (8, 8)):
            yield f"{i} {t}0, {t}1, #{at}, #{n}"
    for i in ("uxtb", "uxth"):
        yield f"{i} w0, w1"
    for i in ("sxtb", "sxth"):
        yield f"{i} {t}0, w1"
    for i in ("clz", "rbit"):
        yield f"{i} {t}0, {t}1"


def products(t):
    """Products and quotients."""
    for i in ("mul", "sdiv", "udiv"):
        yield f"{i} {t}0, {t}1, {t}2"
    for i in ("madd", "msub"):
        yield f"{i} {t}0, {t}1, {t}2, {t}3"
    yield f"madd {t}1, {t}1, {t}2, {t}1"


def selections(t):
    """csel and its kin; ccmp."""
    for c in CONDITIONS:
        yield f"csel {t}0, {t}1, {t}2, {c}"
        yield f"cset {t}0, {c}"
    for c in ("eq", "lt", "hi"):
        for i in ("csinc", "csinv", "csneg"):
            yield f"{i} {t}0, {t}1, {t}2, {c}"
        for i in ("cinc", "cinv", "cneg"):
            yield f"{i} {t}0, {t}1, {c}"
        yield f"csetm {t}0, {c}"
    for c in CONDITIONS:
        yield f"ccmp {t}1, {t}2, #{CONDITIONS.index(c) + 1}, {c}"
    for c in ("eq", "ne", "lt", "hs"):
        yield f"ccmp {t}1, #31, #0, {c}"
        yield f"ccmp {t}1, #0, #4, {c}"


WIDE = [
    *each("<i> x0, w1, w2", i="smull umull"),
    *each("<i> x0, w1, w2, x3", i="smaddl umaddl"),
    *["sxtw x0, w1", "uxtw x0, w1"],
]
GROUPS = [arithmetic, comparisons, logic, moves, fields, products, selections]
FORMS = [
    form(text, "x")
    for text in dict.fromkeys(
        [text for group in GROUPS for t in WX for text in group(t)] + WIDE
    )
]
