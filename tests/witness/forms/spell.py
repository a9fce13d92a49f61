"""Short hands with which the families are written."""


def form(text, pool, **add):
    """One form; x1=-16 adds -16 to x1, sp=16 to sp."""
    registers = {31 if k == "sp" else int(k[1:]): n for k, n in add.items()}
    return text, pool, registers


def each(template, **choices):
    """The template for every combination of the choices' words."""
    texts = [template]
    for name, words in choices.items():
        words = words.split() if isinstance(words, str) else words
        texts = [t.replace(f"<{name}>", str(w)) for t in texts for w in words]
    return list(dict.fromkeys(texts))


def same(template, names, arrangements, **choices):
    """Forms whose lanes are all of one size: <i> the name, <a> the lanes."""
    return [
        form(text, a[-1])
        for a in arrangements.split()
        for text in each(template, i=names, a=[a], **choices)
    ]


# narrow lanes, wide lanes, suffix of the name
LONG = [
    (n, w, s)
    for s, pairs in [
        ("", ["8b 8h", "4h 4s", "2s 2d"]),
        ("2", ["16b 8h", "8h 4s", "4s 2d"]),
    ]
    for n, w in map(str.split, pairs)
]


def long(template, names, only="bhs", **choices):
    """Forms with narrow <n> and wide <w> lanes; <2> is "" or "2"."""
    return [
        form(text, n[-1])
        for n, w, suffix in LONG
        if n[-1] in only
        for text in each(
            template, i=names, n=[n], w=[w], **{"2": [suffix]}, **choices
        )
    ]


def lane(template, names, sizes):
    """By-element forms: <e> the element, first and last lane of it."""
    ends = {"h": "v2.h[0] v2.h[7]", "s": "v2.s[0] v2.s[3]"}
    vectors = {"h": "4h 8h", "s": "2s 4s"}
    return [
        form(text, size)
        for size in sizes
        for text in each(template, i=names, a=vectors[size], e=ends[size])
    ]


def long_lane(template, names, sizes="hs"):
    """By-element forms that widen."""
    ends = {"h": "v2.h[0] v2.h[7]", "s": "v2.s[0] v2.s[3]"}
    return [f for s in sizes for f in long(template, names, s, e=ends[s])]
