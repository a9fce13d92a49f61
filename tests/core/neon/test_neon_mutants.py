"""Mutants of the instruction table: which ones the recorded states let live.

A mutant is made by rule from a row (table_mutants.py).  Those listed here
survive; all do what the row does.
"""

from tests.core.neon.table_mutants import survivors

SIGNLESS = (  # bits move, or the result is taken modulo 2^n: no sign
    "add addhn addhn2 addp addv and bic bif bit bsl cmeq cmtst eor ext "
    "mla mls mul mvn neg not orn orr raddhn raddhn2 rev16 rev32 rev64 "
    "rshrn rshrn2 rsubhn rsubhn2 shl shll shll2 shrn shrn2 sli sub subhn "
    "subhn2 trn1 trn2 uzp1 uzp2 xtn xtn2 zip1 zip2 "
)
ROUNDED = (  # the rounding knows the type of the result by itself
    "fcmeq fcmge fcmgt fcmle fcmlt fcvtas fcvtau fcvtms fcvtmu fcvtns "
    "fcvtnu fcvtps fcvtpu fcvtzs fcvtzu "
)
COMMUTE = (
    "add addhn addhn2 and cmeq cmtst eor fcmeq mla mls mul orr raddhn "
    "raddhn2 saba sabal sabal2 sabd sabdl sabdl2 saddl saddl2 saddw "
    "saddw2 sdot shadd smax smin smlal smlal2 smlsl smlsl2 smull smull2 "
    "sqadd sqdmlal sqdmlal2 sqdmlsl sqdmlsl2 sqdmulh sqdmull sqdmull2 "
    "sqrdmlah sqrdmlsh sqrdmulh srhadd sudot suqadd uaba uabal uabal2 "
    "uabd uabdl uabdl2 uaddl uaddl2 uaddw uaddw2 udot uhadd umax umin "
    "umlal umlal2 umlsl umlsl2 umull umull2 uqadd urhadd usdot usqadd "
)
SINGLE = (  # one lane cannot be turned
    "addp addv faddp fmaxnmp fmaxnmv fmaxp fmaxv fminnmp fminnmv fminp "
    "fminv saddlv smaxv sminv uaddlv umaxv uminv "
)
FITS = (  # the upper half of a sum has the bits of the result
    "addhn addhn2 subhn subhn2 "
)
ODD = {  # a number that another one beside it makes idle
    ("ccmn", "0 is 1"),
    ("ccmp", "0 is 1"),
    ("faddp", "2 is 3"),
    ("fmaxnmp", "2 is 3"),
    ("fmaxp", "2 is 3"),
    ("fminnmp", "2 is 3"),
    ("fminp", "2 is 3"),
}


def expected():
    for names, what in [
        (SIGNLESS, "other signs"),
        (ROUNDED, "other signs"),
        (COMMUTE, "exchanged"),
        (SINGLE, "turned"),
        (FITS, "saturates"),
    ]:
        yield from ((name, what) for name in names.split())
    yield from ODD


def test_the_states_kill_every_mutant_but_these():
    count, alive = survivors()
    found = {(x.split(": ")[0], x.split(": ")[-1]) for x in alive}
    assert count > 1500
    assert not found - set(expected())
