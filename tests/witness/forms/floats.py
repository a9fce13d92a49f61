"""Floating point: requantization in float, conversions, rounding."""

from .spell import each, form

TYPES = [("2s", "f"), ("4s", "f"), ("2d", "e")]
HALVES = [("4h", "g"), ("8h", "g")]
INTEGERS = [("2s", "s"), ("4s", "s"), ("2d", "d")]
SCALAR = [("s", "s", "s"), ("d", "d", "d")]
SCALAR += [(d, n, "x") for d in "sd" for n in "wx"]
BITS = {"s": 32, "d": 64}
THREE = "fadd fsub fmul fmax fmin"
MORE = [
    "fmaxnm",
    "fminnm",
    "fdiv",
    "faddp",
    "fmaxp",
    "fminp",
    "fcmgt",
    "fcmge",
    "fcmeq",
]
TO_INT = [f"fcvt{r}{s}" for r in "nazmp" for s in "su"]
ROUND = [f"frint{r}" for r in "namzpix"]

FORMS = [
    *[
        form(f"{i} v0.{a}, v1.{a}, v2.{a}", p)
        for i in THREE.split()
        for a, p in TYPES + HALVES
    ],
    *[
        form(f"{i} v0.{a}, v1.{a}, v2.{a}", p)
        for i in [*MORE, "fmla", "fmls"]
        for a, p in TYPES
        if i[:3] != "fml" or p == "f"
    ],
    *[
        form(f"{i} v0.{a}, v1.{a}, v2.{e}", p)
        for i in ("fmul", "fmla", "fmls")
        for a, e, p in [
            ("2s", "s[0]", "f"),
            ("4s", "s[0]", "f"),
            ("4s", "s[3]", "f"),
            ("2d", "d[1]", "e"),
        ]
        if i == "fmul" or p == "f"
    ],
    form("fmul v2.4s, v1.4s, v2.s[1]", "f"),
    form("fmul v31.4s, v18.4s, v19.s[2]", "f"),
    *[
        form(text, p)
        for t, p in [("s", "f"), ("d", "e")]
        for text in each(
            "<i> <t>0, <t>1, <t>2", i=[*THREE.split(), "fdiv", "fmaxnm"], t=t
        )
    ],
    form("fmul s0, s1, v2.s[3]", "f"),
    *[
        form(f"{i} v0.{a}, v1.{a}", p)
        for i in ["fabs", "fneg", "fsqrt", *ROUND, *TO_INT]
        for a, p in TYPES
    ],
    form("fcvtas v1.4s, v1.4s", "f"),
    form("fcvtns v31.4s, v16.4s", "f"),
    *[
        form(f"{i} {d}0, {n}1", p)
        for i in TO_INT
        for d, n, p in [
            ("s", "s", "f"),
            ("d", "d", "e"),
            ("w", "s", "f"),
            ("x", "s", "f"),
            ("x", "d", "e"),
        ]
        if i[-2] in "na" or d != "x"
    ],
    *[
        form(f"{i} v0.{a}, v1.{a}", p)
        for i in ("scvtf", "ucvtf")
        for a, p in INTEGERS
    ],
    *[
        form(f"{i} v0.{a}, v1.{a}, #{k}", p)
        for i in ("scvtf", "ucvtf")
        for a, p in INTEGERS
        for k in (1, 8, BITS[p])
        if k != 8 or a == "4s"
    ],
    *[
        form(f"fcvtzs v0.{a}, v1.{a}, #{k}", p)
        for a, p in TYPES[1:]
        for k in (1, 31)
    ],
    form("scvtf v1.4s, v1.4s", "s"),
    *[
        form(f"{i} {d}0, {n}1", p)
        for i in ("scvtf", "ucvtf")
        for d, n, p in SCALAR
    ],
    form("fcvtn v0.4h, v1.4s", "f"),
    form("fcvtn2 v0.8h, v1.4s", "f"),
    form("fcvtn v1.4h, v1.4s", "f"),
    form("fcvtn v0.2s, v1.2d", "e"),
    form("fcvtn2 v0.4s, v1.2d", "e"),
    form("fcvtl v0.4s, v1.4h", "g"),
    form("fcvtl2 v0.4s, v1.8h", "g"),
    form("fcvtl v0.2d, v1.2s", "f"),
    form("fcvtl2 v0.2d, v1.4s", "f"),
    form("fcvt h0, s1", "f"),
    form("fcvt s0, h1", "g"),
    form("fcvt d0, s1", "f"),
    form("fcvt s0, d1", "e"),
    *[form(f"{i} s0, v1.4s", "f") for i in ("fmaxv", "fminv", "fmaxnmv")],
    form("faddp s0, v1.2s", "f"),
]
