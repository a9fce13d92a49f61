"""Lanes of one size in, lanes of the same size out."""

from .spell import each, form, lane, same

THREE = "<i> v0.<a>, v1.<a>, v2.<a>"
TWO = "<i> v0.<a>, v1.<a>"
ALIAS = ["<i> v1.<a>, v1.<a>, v2.<a>", "<i> v2.<a>, v1.<a>, v2.<a>"]
BHS = "8b 16b 4h 8h 2s 4s"
ALL = BHS + " 2d"
SATURATING = "sqadd uqadd sqsub uqsub"
COMPARE = "cmgt cmge cmhi cmhs cmeq cmtst"

FORMS = [
    *same(THREE, "add sub addp", ALL),
    *same(THREE, "mul mla mls smax smin umax umin", BHS),
    *same(THREE, SATURATING, ALL),
    *same(THREE, "sqdmulh sqrdmulh", "4h 8h 2s 4s"),
    *same(THREE, "and orr eor bic orn bsl bit bif", "8b 16b"),
    *same(THREE, "smaxp sminp umaxp uminp sabd uabd", BHS),
    *same(THREE, "saba uaba shadd uhadd srhadd urhadd shsub uhsub", BHS),
    *same(THREE, COMPARE, ALL),
    *same("<i> v0.<a>, v1.<a>, #0", "cmgt cmge cmeq cmle cmlt", ALL),
    *same(TWO, "abs neg sqabs sqneg", ALL),
    *same(TWO, "mvn cnt", "8b 16b"),
    *same(TWO, "cls clz", BHS),
    *same(THREE, "sqrdmlah sqrdmlsh", "4h 8h 2s 4s"),
    *lane("<i> v0.<a>, v1.<a>, <e>", "sqrdmlah sqrdmlsh", "hs"),
    *same("<i> v0.<a>, v0.<a>, v0.<a>", "add mla smax sqadd", "16b 4s"),
    *same(ALIAS[0], "sub mls mul sqrdmulh addp", "8h"),
    *same(ALIAS[1], "sub mla smin sqsub addp", "4s"),
    *same("<i> v31.<a>, v16.<a>, v7.<a>", "add mul umin", "16b 8h 4s"),
    *lane("<i> v0.<a>, v1.<a>, <e>", "mul mla mls sqdmulh sqrdmulh", "hs"),
    *lane("<i> v2.<a>, v1.<a>, <e>", "mul mls", "hs"),
    form("mul v0.8h, v1.8h, v7.h[3]", "h"),
    form("mla v31.4s, v18.4s, v19.s[2]", "s"),
    form("sqrdmulh v31.4s, v18.4s, v19.s[1]", "s"),
    *[form(t, "d") for t in each("<i> d0, d1, d2", i="add sub cmeq cmgt")],
    *[
        form(text, t)
        for t in "bhsd"
        for text in each("<i> <t>0, <t>1, <t>2", i=SATURATING, t=t)
    ],
    *[
        form(text, t)
        for t in "hs"
        for text in each("<i> <t>0, <t>1, <t>2", i="sqdmulh sqrdmulh", t=t)
    ],
    form("sqdmulh h0, h1, v2.h[7]", "h"),
    form("sqrdmulh s0, s1, v2.s[3]", "s"),
    form("addp d0, v1.2d", "d"),
    *[
        form(f"{i} {s}0, v1.{a}", a[-1])
        for s, a in [("b", "8b"), ("b", "16b"), ("h", "8h"), ("s", "4s")]
        for i in ["addv", "smaxv", "sminv", "umaxv", "uminv"]
    ],
    *[
        form(f"{i} {s}0, v1.{a}", a[-1])
        for s, a in [("h", "8b"), ("h", "16b"), ("s", "8h"), ("d", "4s")]
        for i in ["saddlv", "uaddlv"]
    ],
    *[
        form(f"{i} v0.{a}, #{n}{shift}", a[-1])
        for i in ["bic", "orr"]
        for a, n, shift in [
            ("4h", 0x80, ""),
            ("8h", 0xFF, ", lsl #8"),
            ("2s", 0x7F, ""),
            ("4s", 0xA5, ", lsl #24"),
            ("4s", 1, ", lsl #8"),
        ]
    ],
]
