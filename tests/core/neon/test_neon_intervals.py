"""Interval mode: what it proves, and that it never says too little."""

import re

import numpy as np
import pytest

from qlib.neon import AssemblyError, Machine, parse
from qlib.neon.interval import Interval, Unbounded
from qlib.neon.interval_machine import IntervalMachine
from qlib.neon.views import View
from tests.vectors.neon.read import forms

SEED = 1966
LOADS = "\n".join(f"ldr q{k}, [x{k}]" for k in range(4))
RULES = [  # products into one 16-bit lane, |a|, |b|, does it hold?
    (1, 128, 128, True),
    (2, 128, 128, False),
    (2, 127, 128, True),
    (4, 63, 127, True),
    (4, 64, 128, False),
    (8, 63, 64, True),
    (8, 64, 64, False),
]


@pytest.mark.parametrize(("products", "a", "b", "holds"), RULES)
def test_the_rules_of_the_kernels_are_results(products, a, b, holds):
    code = ["movi v2.8h, #0"] + ["smlal v2.8h, v0.8b, v1.8b"] * products
    machine = IntervalMachine()
    for k, most in enumerate((a, b)):
        machine.x[k] = machine.range(16, "i1", -most, min(most, 127))
    machine.run(parse("ldr q0, [x0]\nldr q1, [x1]\n" + "\n".join(code)))
    assert (not machine.wraps) == holds


def instructions():
    """Every recorded form that maps vector registers to vector registers."""
    for form in forms():
        text = form.text.lower()
        bare = re.sub(r"\.\w+(\[\d+\])?", "", text)
        if re.search(r"\bv\d+|\b[bhsd]\d+\b", bare) and not re.search(
            r"\b[xw]\d|\b[xw]zr|\[|\n|\bq\d|:", bare
        ):
            yield text


def draw(rng, text):
    """Intervals of lanes for all registers, and numbers in them."""
    letter = min(
        re.findall(r"\b([bhsd])\d|\.\d*([bhsd])", text), default=("b",)
    )
    size = {"b": 1, "h": 2, "s": 4, "d": 8}["".join(letter)]
    dtype = f"{'iu'[rng.integers(2)]}{size}"
    info, shape = np.iinfo(dtype), (32, 16 // size)
    ends = [
        rng.integers(info.min, info.max, shape, dtype, endpoint=True)
        >> rng.integers(0, info.bits, shape).astype(dtype)
        for _ in "ab"
    ]
    low, high = np.minimum(*ends), np.maximum(*ends)
    points = [
        rng.integers(low, high, dtype=dtype, endpoint=True) for _ in "ab"
    ]
    return dtype, low, high, [low, high, *points]


def outside(rng, text):
    """Lanes that ran out of their interval."""
    program, found = parse(text), []
    dtype, low, high, points = draw(rng, text)
    proof, machine = IntervalMachine(), Machine(len(points))
    numbers = {int(n) for n in re.findall(r"\b[vbhsd](\d+)", text)}
    for k in numbers:
        cells = zip(low[k].tolist(), high[k].tolist(), strict=True)
        proof.v[k, 0] = np.concatenate([proof.of(*c, dtype) for c in cells])
        for tile, lanes in enumerate(points):
            machine.v[k, tile] = lanes[k].view(np.uint8)
    proof.run(program)
    machine.run(program)
    for k in numbers:
        for t in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            may, got = (
                proof.read(View(k, t, 0, 16 // int(t[1:]))),
                machine.v[k],
            )
            if ((got.view(t) < may.low) | (got.view(t) > may.high)).any():
                found.append(f"{text}: v{k} {t}")
    return found[:1]


def known(text):
    """A float that becomes another scalar must be known."""
    return re.match(r"fc(mp|sel|vt)|[su]cvtf [hsd]|fccmp|fcvt", text)


ALL = [text for text in sorted(set(instructions())) if not known(text)]


@pytest.mark.parametrize("part", range(8))
def test_no_instruction_leaves_its_interval(part):
    rng = np.random.default_rng([SEED, part])
    wrong = [x for text in ALL[part::8] for x in outside(rng, text)]
    assert not wrong, "\n".join(wrong)


def test_an_interval_that_says_too_little_is_found(monkeypatch):
    monkeypatch.setattr(
        Interval, "of_type", lambda t, n: Interval([[0] * n], [[0] * n], t)
    )
    rng = np.random.default_rng(SEED)
    assert outside(rng, "cmgt v0.4s, v1.4s, v2.4s")


def test_data_in_a_scalar_register_must_be_known():
    machine = IntervalMachine()
    machine.x[0] = machine.range(8, "i1", -3, 3)
    with pytest.raises(AssemblyError, match="a scalar must be known"):
        machine.run(parse("ldr x1, [x0]"))


def test_pointers_and_constants_are_known():
    machine = IntervalMachine()
    machine.x[0] = machine.bind(np.uint64([7, 9]))
    machine.run(parse("ldp x1, x2, [x0]\ndup v0.4s, w2"))
    assert (machine.x[1], machine.x[2]) == (7, 9)
    found = machine.read(View(0, "i4", 0, 4))
    assert (found.low.tolist(), found.high.tolist()) == ([[9] * 4], [[9] * 4])


def test_what_intervals_do_not_follow_is_unbounded():
    x = Interval([[-1]], [[1]], "i1")
    for operation in (
        lambda: np.bitwise_and(x, x),
        lambda: np.where(x, 1, 2),
        lambda: np.asarray(x),
        lambda: np.multiply(x, 128),
        lambda: x.astype("u1"),
    ):
        with pytest.raises(Unbounded):
            operation()
