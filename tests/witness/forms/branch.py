"""Branches, seen through a register written on either side."""

from .spell import form

CONDITIONS = [
    "eq",
    "ne",
    "cs",
    "hs",
    "cc",
    "lo",
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
    "al",
]
BITS = [("x1", 0), ("w1", 0), ("w1", 31), ("x1", 63), ("x2", 33)]
BITS += [("x2", 5), ("w4", 2)]
SIDES = "\nmov x0, #1\nb 2f\n1:\nmov x0, #2\n2:"
BACK = "b 1f\n0:\nmov x0, #2\nb 2f\n1:\nmov x0, #1\n"

FORMS = [
    *[form(f"b.{c} 1f{SIDES}", "x") for c in CONDITIONS],
    *[form(f"b{c} 1f{SIDES}", "x") for c in ("eq", "ne", "lo", "hs", "gt")],
    *[form(f"{BACK}b.{c} 0b\n2:", "x") for c in ("ne", "lt", "hi")],
    *[
        form(f"{i} {r}, 1f{SIDES}", "x")
        for i in ("cbz", "cbnz")
        for r in ("x1", "w1", "x2", "w2")
    ],
    *[
        form(f"{i} {r}, #{k}, 1f{SIDES}", "x")
        for i in ("tbz", "tbnz")
        for r, k in BITS
    ],
    form("b 1f\nmov x0, #3\n1:", "x"),
    form("cmp x1, x2\nb.lo 1f" + SIDES, "x"),
    form("subs x0, x1, x2\nb.ge 1f\nmov x3, #7\n1:", "x"),
    form("0:\nsubs x2, x2, #1\nadd x0, x0, x6\nb.ne 0b", "m", x2=1),
    form("0:\nadd x0, x0, #3\nsub x2, x2, #1\ncbnz x2, 0b", "m", x2=1),
    form(
        "0:\nldr d0, [x1], #8\nsubs w3, w3, #1\nsadalp v1.4h, v0.8b\nb.hi 0b",
        "m",
        x3=1,
    ),
]
