"""Count where an engine and each rule of `qlib.int8.rescale` differ."""

from collections import Counter

import numpy as np

from qlib.int8.rescale import (
    float32_half_away,
    float32_half_even,
    float32_half_even_after_z,
    float32_reciprocal,
    float64_half_away,
    one_rounding,
    two_roundings,
    two_roundings_ties_up,
)
from qlib.int8.tables import clamp
from tests.oracles.single_op import accumulator, codes_for, scales

RULES = (
    two_roundings,
    two_roundings_ties_up,
    one_rounding,
    float64_half_away,
    float32_half_even,
    float32_reciprocal,
    float32_half_even_after_z,
    float32_half_away,
)


def differing(engine, nets, seed=0, rules=RULES):
    """{rule: how many outputs differ}, over networks of one operation.

    engine(net, x) -> codes; x is drawn for each network
    """
    rng, count = np.random.default_rng(seed), Counter(dict.fromkeys(rules, 0))
    for net in nets:
        x = codes_for(rng, net)
        y, acc = engine(net, x), accumulator(net, x)
        qp = net.qparams[net.output]
        low, high = clamp(net.ops[0].fused, qp)
        for rule in rules:
            q = rule(acc, *scales(net), qp).clip(low, high)
            count[rule] += int((q != y).sum())
    return count


def only(rule, count):
    """Whether an engine follows this rule, and shows to follow no other."""
    return {r for r, n in count.items() if n == 0} == {rule}
