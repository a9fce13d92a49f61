"""Lanes that move: permutations, copies, constants."""

from .spell import form, same

ALL = "8b 16b 4h 8h 2s 4s 2d"
LAST = {"b": 15, "h": 7, "s": 3, "d": 1}
FULL = {"b": "16b", "h": "8h", "s": "4s", "d": "2d"}
HALF = {"b": "8b", "h": "4h", "s": "2s"}
PERMUTE = "zip1 zip2 uzp1 uzp2 trn1 trn2"
LANES = [(t, k) for t in "bhsd" for k in (0, LAST[t])]

FORMS = [
    *same("<i> v0.<a>, v1.<a>, v2.<a>", PERMUTE, ALL),
    *same("<i> v1.<a>, v1.<a>, v2.<a>", PERMUTE, "16b 4s"),
    *same("<i> v2.<a>, v1.<a>, v2.<a>", PERMUTE, "8h 2d"),
    *same("<i> v31.<a>, v16.<a>, v17.<a>", "zip1 uzp2 trn2", "8b"),
    *same("<i> v0.<a>, v1.<a>", "rev64", "8b 16b 4h 8h 2s 4s"),
    *same("<i> v0.<a>, v1.<a>", "rev32", "8b 16b 4h 8h"),
    *same("<i> v0.<a>, v1.<a>", "rev16 rbit not", "8b 16b"),
    *same("<i> v1.<a>, v1.<a>", "rev64 rev32", "16b 8h"),
    *same("<i> v0.<a>, v1.<a>, v2.<a>, #<k>", "ext", "8b", k="0 1 4 7"),
    *same("<i> v0.<a>, v1.<a>, v2.<a>, #<k>", "ext", "16b", k="0 1 4 8 12 15"),
    form("ext v1.16b, v1.16b, v1.16b, #8", "b"),
    form("ext v2.16b, v1.16b, v2.16b, #3", "b"),
    *[
        form(f"dup v0.{a}, v1.{a[-1]}[{k}]", a[-1])
        for a in ALL.split()
        for k in (0, LAST[a[-1]])
    ],
    *[form(f"dup v0.{a}, w1", "x") for a in ALL.split()[:-1]],
    form("dup v0.2d, x1", "x"),
    form("dup v0.4s, wzr", "x"),
    form("dup v1.16b, v1.b[5]", "b"),
    *[form(f"dup {t}0, v1.{t}[{k}]", t) for t, k in LANES],
    *[form(f"mov {t}0, v1.{t}[{k}]", t) for t, k in LANES],
    form("mov d1, v1.d[1]", "d"),
    form("mov v0.16b, v1.16b", "b"),
    form("mov v0.8b, v1.8b", "b"),
    form("mov v31.16b, v30.16b", "b"),
    *[form(f"mov v0.{t}[{k}], w1", "x") for t, k in LANES if t != "d"],
    *[form(f"ins v0.{t}[{k}], w1", "x") for t, k in LANES if t != "d"],
    form("mov v0.d[0], x1", "x"),
    form("mov v0.d[1], x30", "x"),
    form("ins v0.d[1], x1", "x"),
    *[form(f"mov v0.{t}[{k}], v1.{t}[{LAST[t] - k}]", t) for t, k in LANES],
    form("mov v1.s[3], v1.s[1]", "s"),
    *[form(f"umov w0, v1.{t}[{k}]", t) for t, k in LANES if t != "d"],
    *[form(f"smov x0, v1.{t}[{k}]", t) for t, k in LANES if t != "d"],
    *[form(f"smov w0, v1.{t}[{k}]", t) for t, k in LANES if t in "bh"],
    *[form(f"mov x0, v1.d[{k}]", "d") for k in (0, 1)],
    form("umov x0, v1.d[1]", "d"),
    form("mov w30, v1.s[3]", "s"),
    *[form(f"fmov d0, {x}", "x") for x in ("x1", "xzr")],
    *[form(f"fmov s0, {x}", "x") for x in ("w1", "wzr")],
    *[form(t, "d") for t in ("fmov x0, d1", "fmov d0, d1")],
    *[form(t, "s") for t in ("fmov w0, s1", "fmov s0, s1")],
    form("fmov v0.d[1], x1", "x"),
    form("fmov x0, v1.d[1]", "d"),
    *[
        form(f"fmov {r}, #{n}", "s")
        for r in ("s0", "d0", "v0.4s", "v0.2s", "v0.2d")
        for n in ("1.0", "-0.125")
    ],
    *[
        form(f"movi v0.{a}, #{n}", "b")
        for a in ("8b", "16b")
        for n in (0, 1, 0x7F, 0x80, 0xFF)
    ],
    *[
        form(f"{i} v0.{a}, #{n}{s}", "b")
        for i in ("movi", "mvni")
        for a, n, s in [
            ("4h", 0x80, ""),
            ("8h", 0xFF, ", lsl #8"),
            ("8h", 0, ""),
            ("2s", 0x7F, ""),
            ("4s", 0, ""),
            ("4s", 0xFF, ""),
            ("4s", 0x80, ", lsl #8"),
            ("4s", 0x4B, ", lsl #16"),
            ("4s", 0x80, ", lsl #24"),
            ("2s", 0x7F, ", msl #8"),
            ("4s", 0x81, ", msl #16"),
        ]
    ],
    form("movi d0, #0", "b"),
    form("movi v0.2d, #0", "b"),
    form("movi v0.2d, #0xff00ff0000ffff00", "b"),
    form("movi d31, #0xffffffffffffffff", "b"),
    *[
        form(f"{i} v0.{a}, {{v16.16b{more}}}, v6.{a}", "b")
        for i in ("tbl", "tbx")
        for a in ("8b", "16b")
        for more in ("", ", v17.16b", "-v18.16b", "-v19.16b")
    ],
]
