"""Shifts, by a register's lanes and by immediates at their extremes."""

from .spell import each, form, same

REGISTER = "<i> v0.<a>, v1.<a>, v6.<a>"
ALL = "8b 16b 4h 8h 2s 4s 2d"
PLAIN = "sshl ushl srshl urshl"
SATURATING = "sqshl uqshl sqrshl uqrshl"
BITS = {"b": 8, "h": 16, "s": 32, "d": 64}
LEFT = "shl sqshl uqshl sqshlu sli"
RIGHT = [
    "sshr",
    "ushr",
    "srshr",
    "urshr",
    "ssra",
    "usra",
    "srsra",
    "ursra",
    "sri",
]


def immediates(names, first):
    """Every arrangement, by the least, a middle and the largest count."""
    return [
        form(f"{i} v0.{a}, v1.{a}, #{k}", a[-1])
        for i in names
        for a in ALL.split()
        for k in counts(i, a, BITS[a[-1]], first)
    ]


def counts(name, arrangement, bits, first):
    """Fewer counts for the half registers."""
    last = bits - 1 + first
    whole = arrangement in ("16b", "8h", "4s", "2d")
    common = name in ("shl", "sshr", "ushr", "ssra")
    if not whole:
        return [last] if common else [bits // 2]
    return [first, bits // 2 - 1, last] if common else [first, last]


FORMS = [
    *same(REGISTER, PLAIN, ALL),
    *same(REGISTER, SATURATING, ALL),
    *same("<i> v1.<a>, v1.<a>, v6.<a>", "srshl sqshl", "8h 4s"),
    *same("<i> v6.<a>, v1.<a>, v6.<a>", "sshl sqrshl", "16b 4s"),
    *same("<i> v31.<a>, v16.<a>, v6.<a>", "srshl sshl ushl", "4s"),
    *[form(t, "d") for t in each("<i> d0, d1, d6", i=PLAIN)],
    *[
        form(text, t)
        for t in "bhsd"
        for text in each("<i> <t>0, <t>1, <t>6", i=SATURATING, t=t)
    ],
    *immediates(LEFT.split(), 0),
    *immediates(RIGHT, 1),
    *[
        form(f"{i} d0, d1, #{k}", "d")
        for i in LEFT.split()[:1]
        for k in (0, 63)
    ],
    *[
        form(f"{i} d0, d1, #{k}", "d")
        for i in ["sshr", "ushr", "ssra", "usra", "srshr"]
        for k in (1, 64)
    ],
    *[
        form(f"sqshl {t}0, {t}1, #{k}", t)
        for t, k in [("b", 7), ("h", 1), ("s", 31), ("d", 63)]
    ],
    form("ssra v1.4s, v1.4s, #31", "s"),
    form("shl v31.16b, v16.16b, #4", "b"),
]
