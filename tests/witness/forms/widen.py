"""Wider lanes out: products, sums of pairs, dot products."""

from .spell import each, form, long, long_lane

ACC = "<i><2> v3.<w>, v1.<n>, v2.<n>"
WIDE = "<i><2> v0.<w>, v3.<w>, v2.<n>"
PAIRS = [p.split() for p in ["8b 4h", "16b 8h", "4h 2s", "8h 4s"]]
PAIRS += [["2s", "1d"], ["4s", "2d"]]
DOT = [("2s", "8b"), ("4s", "16b")]

FORMS = [
    *long(ACC, "smull umull smlal umlal smlsl umlsl"),
    *long(ACC, "saddl uaddl ssubl usubl sabdl uabdl sabal uabal"),
    *long(WIDE, "saddw uaddw ssubw usubw"),
    *long(ACC, "sqdmull sqdmlal sqdmlsl", "hs"),
    *long_lane("<i><2> v3.<w>, v1.<n>, <e>", "smull umull smlal umlal"),
    *long_lane("<i><2> v3.<w>, v1.<n>, <e>", "smlsl umlsl"),
    *long_lane("<i><2> v3.<w>, v1.<n>, <e>", "sqdmull sqdmlal"),
    *long("<i><2> v1.<w>, v1.<n>, v2.<n>", "smull umlal", "bh"),
    *long("<i><2> v2.<w>, v1.<n>, v2.<n>", "smlal usubl", "bh"),
    *long("<i><2> v1.<w>, v1.<w>, v1.<n>", "saddw", "bh"),
    *long("<i><2> v1.<w>, v1.<n>, v2.<n>", "sqdmlal", "h"),
    *long("<i><2> v31.<w>, v16.<n>, v7.<n>", "smull smlal", "bh"),
    *long("<i><2> v31.<w>, v16.<n>, v15.h[5]", "smlal umull", "h"),
    *long("<i><2> v2.<w>, v1.<n>, v2.h[6]", "smlal smull", "h"),
    *[
        form(f"{i} v3.{w}, v1.{n}", n[-1])
        for i in ["sadalp", "uadalp", "saddlp", "uaddlp"]
        for n, w in PAIRS
    ],
    form("sadalp v1.4s, v1.8h", "h"),
    form("saddlp v1.8h, v1.16b", "b"),
    form("uadalp v31.4s, v16.8h", "h"),
    *long("<i><2> v0.<w>, v1.<n>", "sxtl uxtl"),
    *long("<i><2> v1.<w>, v1.<n>", "sxtl uxtl", "bh"),
    *long("<i><2> v0.<w>, v1.<n>, #<k>", "sshll ushll", "b", k="0 1 7"),
    *long("<i><2> v0.<w>, v1.<n>, #<k>", "sshll ushll", "h", k="1 15"),
    *long("<i><2> v0.<w>, v1.<n>, #<k>", "sshll ushll", "s", k="1 31"),
    *long("<i><2> v0.<w>, v1.<n>, #8", "shll", "b"),
    *long("<i><2> v0.<w>, v1.<n>, #16", "shll", "h"),
    *long("<i><2> v0.<w>, v1.<n>, #32", "shll", "s"),
    *[
        form(f"{i} v5.{w}, v1.{n}, v2.{n}", "b")
        for i in ["sdot", "udot", "usdot"]
        for w, n in DOT
    ],
    *[
        form(f"{i} v5.{w}, v1.{n}, v2.4b[{k}]", "b")
        for i in ["sdot", "udot", "usdot", "sudot"]
        for w, n in DOT
        for k in range(4)
        if k in (0, 3) or (i == "sdot" and n == "16b")
    ],
    form("sdot v2.4s, v1.16b, v2.4b[1]", "b"),
    form("udot v1.4s, v1.16b, v1.16b", "b"),
    form("sdot v31.4s, v18.16b, v19.4b[2]", "b"),
    *[
        form(text, "b")
        for text in each("<i> v5.4s, v1.16b, v2.16b", i="smmla ummla usmmla")
    ],
    form("smmla v1.4s, v1.16b, v2.16b", "b"),
    form("smmla v31.4s, v18.16b, v19.16b", "b"),
]
