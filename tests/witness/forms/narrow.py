"""Narrower lanes out, with and without saturation."""

from .spell import LONG, form

NAMES = "sqxtn uqxtn sqxtun xtn"
SHIFTED = [
    "sqrshrn",
    "sqshrn",
    "uqrshrn",
    "uqshrn",
    "sqrshrun",
    "sqshrun",
    "rshrn",
    "shrn",
]
BITS = {"b": 8, "h": 16, "s": 32}
WIDE = {"b": "h", "h": "s", "s": "d"}

FORMS = [
    *[
        form(f"{i}{s} v0.{n}, v1.{w}", w[-1])
        for i in NAMES.split()
        for n, w, s in LONG
    ],
    *[
        form(f"{i}{s} v1.{n}, v1.{w}", w[-1])
        for i in NAMES.split()[:3]
        for n, w, s in LONG
        if n[-1] in "bh"
    ],
    *[
        form(f"{i} {n}0, {w}1", w)
        for i in NAMES.split()[:3]
        for n, w in WIDE.items()
    ],
    form("sqxtn2 v31.16b, v16.8h", "h"),
    form("sqxtun v16.8b, v31.8h", "h"),
    *[
        form(f"{i}{s} v0.{n}, v1.{w}, #{k}", w[-1])
        for i in SHIFTED
        for n, w, s in LONG
        for k in (1, BITS[n[-1]])
        if not (s and k == 1) or i in ("sqshrn", "uqshrn", "shrn")
    ],
]
