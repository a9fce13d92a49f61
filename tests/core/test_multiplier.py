"""M as an integer and a shift: recorded states, and exact fractions."""

import json
import math
import sys
from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qlib.multiplier import Requant, requant_from_real

VECTORS = Path(__file__).parents[1] / "vectors"
TABLE = json.loads((VECTORS / "quantize_multiplier.json").read_text())
ROWS = TABLE["rows"]
FLOAT32 = TABLE["gemmlowp_float32_QuantizeMultiplierSmallerThanOne"]
SINGLE = 30  # the largest left shift of a build with one rounding
ROUND = [2.0**e for e in (-41, -34, -33, -32, -31, -1, 0, 1, 29, 30, 31, 62)]
ENDS = [0.0, 5e-324, sys.float_info.min, sys.float_info.max, 0.3, 1 / 3]


def by_fractions(M, bits=31):
    """M0 and n, looked for in exact arithmetic."""
    if M == 0:
        return 0, 0
    M, left = Fraction(float(M)), 0
    while M >= 1:
        M, left = M / 2, left + 1
    while 2 * M < 1:
        M, left = M * 2, left - 1
    m0 = math.floor(M * 2**bits + Fraction(1, 2))
    if m0 == 2**bits:
        m0, left = m0 // 2, left + 1
    return (m0, -left) if left >= -31 else (0, 0)


def near(x, bits):
    """x, its neighbours, and what lies half a step of M0 to both sides."""
    steps = [k * 2.0 ** -(bits + 1) for k in (-3, -2, -1, 0, 1, 2, 3)]
    around = [x * (1 + step) for step in steps]
    return [*around, *(math.nextafter(v, w) for v in around for w in (0, 9e9))]


def some_multipliers(bits=31):
    rng = np.random.default_rng(5)
    return np.concatenate(
        [
            *(near(x, bits) for x in ROUND),
            ENDS,
            2 ** rng.uniform(-36, 3, 500),
            2 ** rng.uniform(-40, 64, 200),
            (1 - 2.0 ** -rng.integers(bits, bits + 4, 50)),
        ]
    )


@pytest.mark.parametrize("row", ROWS, ids=[row["label"] for row in ROWS])
def test_a_row_of_tflites_quantize_multiplier_comes_out(row):
    M = float.fromhex(row["multiplier_hex"])
    for build, rq in [
        ("double_rounding", requant_from_real(M)),
        ("single_rounding", requant_from_real(M, max_left=SINGLE)),
    ]:
        theirs = row[build]["quantized_multiplier"], -row[build]["shift"]
        assert (rq.m0, rq.shift) == theirs, build
    assert requant_from_real(M).real == row["represented_value"]


@pytest.mark.parametrize("row", FLOAT32)
def test_gemmlowps_example_is_the_rule_applied_to_a_float32(row):
    rq = requant_from_real(np.float32(row["multiplier"]))
    assert rq.m0 == row["quantized_multiplier"]
    assert rq.shift == row["right_shift"]


def test_the_32_of_the_notes_is_31_fraction_bits_and_a_shift_of_one():
    """The shift of the 64-bit product; n itself stays 1."""
    said, rq = TABLE["seed_check"], requant_from_real(0.3)
    assert (rq.m0, rq.shift) == (said["q"], said["n_paper"])
    assert rq.shift == said["gemmlowp_right_shift"] == -said["tflite_shift"]
    assert rq.bits + rq.shift == said["total_shift_on_64bit_product"]
    assert rq.m0 == round(said["M0"] * 2**31)


@pytest.mark.parametrize("bits", [1, 2, 15, 24, 30, 31])
def test_m0_and_n_are_those_of_exact_arithmetic(bits):
    M = some_multipliers(bits)
    rq = requant_from_real(M, bits)
    ours = list(zip(rq.m0.tolist(), rq.shift.tolist(), strict=True))
    assert ours == [by_fractions(m, bits) for m in M]
    assert rq.bits == bits


@pytest.mark.parametrize("bits", [1, 15, 31])
def test_m0_has_its_highest_bit_and_costs_at_most_half_a_step(bits):
    M = some_multipliers(bits)
    M = M[(M >= 2.0**-32) & (M < 2.0**1000)]
    rq = requant_from_real(M, bits)
    assert (rq.m0 >= 2 ** (bits - 1)).all()
    assert (rq.m0 < 2**bits).all()
    worst = max(
        abs(Fraction(float(held)) / Fraction(float(m)) - 1)
        for held, m in zip(rq.real, M, strict=True)
    )
    assert worst <= Fraction(1, 2**bits)


def test_what_is_below_2_to_the_minus_32_becomes_zero():
    least = 2.0**-32
    kept = requant_from_real(least)
    assert (kept.m0, kept.shift) == (2**30, 31)
    below = least * (1 - 2.0**-31)
    gone = requant_from_real([below, least / 2, 5e-324, 0.0])
    assert not gone.m0.any()
    assert not gone.shift.any()
    rounded_up = requant_from_real(least * (1 - 2.0**-32))
    assert (rounded_up.m0, rounded_up.shift) == (2**30, 31)


def test_just_below_one_is_one_or_the_largest_m0():
    M = [1 - 2.0**-31, 1 - 2.0**-32, 1.0, 1 + 2.0**-52]
    rq = requant_from_real(M)
    assert rq.m0.tolist() == [2**31 - 1, 2**30, 2**30, 2**30]
    assert rq.shift.tolist() == [0, -1, -1, -1]


@pytest.mark.parametrize("max_left", [0, 1, 7, 30])
@pytest.mark.parametrize("bits", [15, 31])
def test_a_bound_on_the_left_shift_makes_larger_ones_the_largest(
    bits, max_left
):
    M = some_multipliers(bits)
    free, bound = (requant_from_real(M, bits, m) for m in (None, max_left))
    over = free.shift < -max_left
    assert over.any()
    assert not over.all()
    assert (bound.m0[over] == 2**bits - 1).all()
    assert (bound.shift[over] == -max_left).all()
    np.testing.assert_array_equal(bound.m0[~over], free.m0[~over])
    np.testing.assert_array_equal(bound.shift[~over], free.shift[~over])


def test_left_shifts_of_any_size_are_accepted_as_tflite_does():
    assert requant_from_real(2.0**30).shift == -31
    assert requant_from_real(2.0**31).shift == -32
    assert requant_from_real(2.0**40).shift == -41
    assert requant_from_real(sys.float_info.max).shift == -1025


@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (2, 5), (0,)])
def test_m0_and_n_have_the_shape_of_m(shape):
    rq = requant_from_real(np.full(shape, 0.3))
    assert np.shape(rq.m0) == np.shape(rq.shift) == shape
    assert np.shape(rq.real) == shape
    if shape == ():
        assert type(rq.m0) is type(rq.shift) is int
    else:
        assert rq.m0.dtype == rq.shift.dtype == np.int64


def test_real_is_the_exact_product_of_m0_and_its_power_of_two():
    m0 = np.array([0, 1, 3, 2**15 - 1])
    shift = np.array([31, -15, -40, 7])
    real = Requant(m0, shift, 15).real
    wanted = [
        Fraction(int(m), 2**15) * Fraction(2) ** -int(n)
        for m, n in zip(m0, shift, strict=True)
    ]
    assert [Fraction(float(x)) for x in real] == wanted


def test_what_it_was_made_from_and_what_it_holds_are_not_tied():
    m0, shift = np.array([1, 2]), np.array([3, 4])
    rq = Requant(m0, shift)
    m0[:], shift[:] = 9, 9
    assert (rq.m0.tolist(), rq.shift.tolist()) == ([1, 2], [3, 4])
    for held in (rq.m0, rq.shift):
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 1


def test_any_integers_may_come_in():
    rq = Requant(np.uint8([255]), np.int8([-3]), np.int64(8))
    assert (rq.m0.dtype, rq.shift.dtype) == (np.int64, np.int64)
    assert rq.m0[0] * 2**8 == 65280  # no uint8 left that would wrap
    assert type(rq.bits) is int
    assert rq.real == 255 / 256 * 8


def test_a_requant_has_31_fraction_bits_and_is_never_changed():
    rq = Requant(1, 2)
    assert rq.bits == 31
    for name in ("m0", "shift", "bits"):
        with pytest.raises(FrozenInstanceError):
            setattr(rq, name, 3)


def test_two_requants_are_equal_only_if_they_are_one():
    a, b = Requant(1, 2), Requant(1, 2)
    assert a == a
    assert a != b


@pytest.mark.parametrize(
    ("M", "said"),
    [
        (-0.25, "^M must not be negative, got -0.25$"),
        ([0.5, -5e-324], r"^M must not be negative, got \["),
        (math.inf, "^M must be finite, got inf$"),
        (-math.inf, "^M must be finite, got -inf$"),
        (math.nan, "^M must not be NaN, got nan$"),
        ("0.3", "^M must be real numbers, got dtype"),
        (True, "^M must be real numbers, got dtype bool$"),
    ],
)
def test_a_multiplier_that_is_none_is_refused(M, said):
    with pytest.raises(ValueError, match=said):
        requant_from_real(M)


def test_minus_zero_is_zero():
    rq = requant_from_real(-0.0)
    assert (rq.m0, rq.shift) == (0, 0)


@pytest.mark.parametrize("bits", [-1, 0, 32, 64, 2000])
def test_fraction_bits_outside_1_to_31_are_refused(bits):
    said = rf"^bits must be in \[1, 31\], got {bits}$"
    with pytest.raises(ValueError, match=said):
        Requant(0, 0, bits)
    with pytest.raises(ValueError, match=said):
        requant_from_real(0.3, bits)


@pytest.mark.parametrize("bits", [31.0, None, "31"])
def test_fraction_bits_that_are_not_an_integer_are_refused(bits):
    with pytest.raises(ValueError, match="^bits must be an integer, got"):
        Requant(0, 0, bits)
    with pytest.raises(ValueError, match="^bits must be an integer, got"):
        requant_from_real(0.3, bits)


@pytest.mark.parametrize("bits", [1, 15, 31])
def test_m0_is_refused_where_it_does_not_fit_its_bits(bits):
    assert Requant(2**bits - 1, 0, bits).m0 == 2**bits - 1
    assert Requant(0, 0, bits).m0 == 0
    for m0 in (-1, 2**bits):
        said = rf"^m0 must be in \[0, 2\^{bits}\), got {m0}$"
        with pytest.raises(ValueError, match=said):
            Requant(m0, 0, bits)
        with pytest.raises(ValueError, match="m0 must be in"):
            Requant([0, m0], [0, 0], bits)


def test_a_right_shift_of_31_is_the_largest():
    assert Requant(1, 31).shift == 31
    said = r"^shift must be 31 at most and .* got 32 for shape \(\)$"
    with pytest.raises(ValueError, match=said):
        Requant(1, 32)
    with pytest.raises(ValueError, match="^shift must be 31 at most"):
        Requant([1, 1], [31, 32])


@pytest.mark.parametrize("shift", [1, [1], [[1], [1]], [1, 1, 1]])
def test_m0_and_shift_of_two_shapes_are_refused(shift):
    said = r"(?s)^shift must .* the shape of m0, got .* for shape \(2,\)$"
    with pytest.raises(ValueError, match=said):
        Requant([1, 1], shift)


def test_m0_and_shift_that_are_not_integers_are_refused():
    with pytest.raises(ValueError, match="^m0 must be integers, got dtype"):
        Requant(0.5, 0)
    with pytest.raises(ValueError, match="^shift must be integers, got dtype"):
        Requant(0, 0.5)
