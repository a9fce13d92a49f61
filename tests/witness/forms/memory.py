"""Loads and stores: sizes, register lists, lanes, addressing."""

from .spell import form

SIZE = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16, "w": 4, "x": 8}
WIDTH = {"8b": 8, "4h": 8, "2s": 8, "16b": 16, "8h": 16, "4s": 16, "2d": 16}
LAST = {"b": 15, "h": 7, "s": 3, "d": 1}
STEP = {"b": 1, "h": 2, "s": 4, "d": 8}
STRUCTURES = [(1, (1, 2, 3, 4)), (2, (2,)), (3, (3,)), (4, (4,))]


def names(count, arrangement, first=16):
    """{v16.8b, v17.8b}"""
    registers = [f"v{(first + k) % 32}.{arrangement}" for k in range(count)]
    return "{" + ", ".join(registers) + "}"


def structures():
    """ld1 to ld4 and st1 to st4 of whole registers."""
    for op in ("ld", "st"):
        for kind, counts in [
            (1, (1, 2, 3, 4)),
            (2, (2,)),
            (3, (3,)),
            (4, (4,)),
        ]:
            for count in counts:
                for a, width in [*WIDTH.items(), ("1d", 8)]:
                    if a == "1d" and kind > 1:
                        continue
                    listed = f"{op}{kind} {names(count, a)}, [x1]"
                    yield form(listed, "m")
                    yield form(f"{listed}, #{count * width}", "m")
                    if a in ("8b", "4s", "2d") or (kind == 1 and count == 1):
                        yield form(f"{listed}, x2", "m")


def lanes():
    """One lane of one to four registers, and one element to all lanes."""
    for op in ("ld", "st"):
        for kind in (1, 2, 3, 4):
            for t, last in LAST.items():
                for k in (0, last):
                    listed = f"{op}{kind} {names(kind, t)}[{k}], [x1]"
                    yield form(listed, "m")
                    if kind == 1 or k == last:
                        yield form(f"{listed}, #{kind * STEP[t]}", "m")
                    if kind == 1 and k == last:
                        yield form(f"{listed}, x2", "m")
    for kind in (1, 2, 3, 4):
        for a in [*WIDTH, "1d"]:
            listed = f"ld{kind}r {names(kind, a)}, [x1]"
            yield form(listed, "m")
            if kind < 3:
                yield form(f"{listed}, #{kind * STEP[a[-1]]}", "m")
            if kind == 1:
                yield form(f"{listed}, x2", "m")


def addressed(op, r, size):
    """One register, every way to address it."""
    top = 4095 * size
    yield form(f"{op} {r}, [x1]", "m")
    yield form(f"{op} {r}, [x1, #{2 * size}]", "m")
    yield form(f"{op} {r}, [x1, #{top}]", "m", x1=-top)
    yield form(f"{op} {r}, [x1], #{size}", "m")
    yield form(f"{op} {r}, [x1], #-256", "m")
    yield form(f"{op} {r}, [x1, #-{size}]!", "m")
    yield form(f"{op} {r}, [x1, #255]!", "m", x1=-240)
    unscaled = op.replace("ld", "ldu", 1).replace("st", "stu", 1)
    yield form(f"{unscaled} {r}, [x1, #-7]", "m")
    yield form(f"{unscaled} {r}, [x1, #-256]", "m", x1=256)
    yield form(f"{op} {r}, [x1, x2]", "m")
    yield form(f"{op} {r}, [x1, w3, uxtw]", "m")
    yield form(f"{op} {r}, [x1, w4, sxtw]", "m")
    if size > 1:
        k = size.bit_length() - 1
        yield form(f"{op} {r}, [x1, x2, lsl #{k}]", "m")
        yield form(f"{op} {r}, [x1, w3, uxtw #{k}]", "m")
        yield form(f"{op} {r}, [x1, w4, sxtw #{k}]", "m", x1=32)


def singles():
    """ldr, str and those of bytes and halves."""
    for op in ("ldr", "str"):
        for t, size in SIZE.items():
            yield from addressed(op, f"{t}0", size)
    for op, regs, size in [
        ("ldrb", "w", 1),
        ("ldrh", "w", 2),
        ("ldrsb", "wx", 1),
        ("ldrsh", "wx", 2),
        ("ldrsw", "x", 4),
        ("strb", "w", 1),
        ("strh", "w", 2),
    ]:
        for t in regs:
            yield from addressed(op, f"{t}0", size)


def pairs():
    """ldp and stp; ldpsw."""
    for op in ("ldp", "stp"):
        for t in "wxsdq":
            size = SIZE[t]
            low, high = -64 * size, 63 * size
            two = f"{t}6, {t}7"
            yield form(f"{op} {two}, [x1]", "m")
            yield form(f"{op} {two}, [x1, #{size}]", "m")
            yield form(f"{op} {two}, [x1, #{low}]", "m", x1=-low)
            yield form(f"{op} {two}, [x1, #{high}]", "m", x1=-high)
            yield form(f"{op} {two}, [x1], #{2 * size}", "m")
            yield form(f"{op} {two}, [x1, #-{2 * size}]!", "m")
            yield form(f"{op} {two}, [sp, #{2 * size}]", "m")
            yield form(f"{op} {two}, [sp, #-64]!", "m")
            yield form(f"{op} {two}, [sp], #64", "m")
    yield form("ldpsw x6, x7, [x1, #8]", "m")


FORMS = [
    *structures(),
    *lanes(),
    *singles(),
    *pairs(),
    form("ld1 {v31.4s, v0.4s, v1.4s}, [x1], #48", "m"),
    form("st1 {v30.16b-v31.16b}, [x1]", "m"),
    form("st4 {v28.8b-v31.8b}, [x5], #32", "m"),
    form("ldr q31, [x5], #16", "m"),
    form("ldr x1, [x1]", "m"),
    form("ldp x1, x5, [x1]", "m"),
    form("ldr x30, [x1, #8]", "m"),
    form("str xzr, [x1]", "m"),
    form("str wzr, [x1], #4", "m"),
    form("strb wzr, [x1]", "m"),
    form("stp xzr, xzr, [x1]", "m"),
    form("ld1 {v16.16b}, [sp]", "m"),
    form("st1 {v8.8b-v11.8b}, [sp], #32", "m"),
    form("ldr x0, [sp]", "m"),
    form("ldr x0, [sp, #8]", "m"),
    form("ldr w0, [sp, #16]", "m"),
    form("str d8, [sp, #-16]!", "m"),
    form("ldr d8, [sp], #16", "m"),
    form("str x19, [sp, #-16]!", "m"),
    form("sub sp, sp, #64", "m"),
    form("add sp, sp, #32", "m"),
    form("add x0, sp, #16", "m"),
    form("mov x0, sp", "m"),
    form("mov sp, x1", "m"),
    form("nop", "m"),
    form("bti c", "m"),
    *[
        form(f"prfm {hint}, [x1{at}]", "m")
        for hint in ("pldl1keep", "pldl1strm", "pldl2keep", "pstl1strm")
        for at in ("", ", #64", ", x2")
    ],
    form("prfm pldl1keep, [sp, #128]", "m"),
    form("prfum pldl1keep, [x1, #-64]", "m"),
]
