"""Scaling by integers: recorded states, and exact fractions."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qlib.grid import INT8, INT16, INT32, UINT8, Grid
from qlib.qparams import QParams
from qlib.requant import (
    Requant,
    multiply,
    multiply_single_rounding,
    multiply_ties_up,
    requant_from_real,
    requantize,
    rounding_shift_right,
    rounding_shift_right_up,
    saturating_rounding_doubling_high_mul,
)

VECTORS = Path(__file__).parents[1] / "vectors"
TABLE = json.loads((VECTORS / "quantize_multiplier.json").read_text())
LOW, HIGH, HALF = -(2**31), 2**31 - 1, Fraction(1, 2)
TWO_ROUNDINGS = [multiply, multiply_ties_up]
WAYS = [*TWO_ROUNDINGS, multiply_single_rounding]
EDGES = sorted(
    {0, 1, -1, 2, -2, 3, -3, LOW, LOW + 1, HIGH, HIGH - 1}
    | {
        s * (2**k + d)
        for k in (7, 15, 29, 30)
        for d in (-1, 0, 1)
        for s in (-1, 1)
    }
)


def ties_up(x):
    return math.floor(x + HALF)


def ties_away(x):
    return ties_up(x) if x >= 0 else -ties_up(-x)


def exact_high(a, b, bits=31):
    return min(ties_up(Fraction(a * b, 2**bits)), HIGH)


def exactly(x, m0, n, bits, way):
    """M x in exact arithmetic, rounded as the way says."""
    if way is multiply_single_rounding:
        return ties_up(Fraction(x * m0) / Fraction(2) ** (bits + n))
    high = exact_high(x * 2 ** max(-n, 0), m0, bits)
    last = ties_away if way is multiply else ties_up
    return last(Fraction(high, 2 ** max(n, 0)))


def accumulators(rng, n):
    """int32 values of every size, and the edges."""
    magnitudes = 2 ** rng.uniform(0, 31, n)
    signed = magnitudes.astype(np.int64) * rng.choice([-1, 1], n)
    return np.concatenate([signed, EDGES])


def multipliers(rng, k, bits, left):
    """m0 and n at random, the ends of both included."""
    low = 2 ** (bits - 1)
    m0 = [low, 2**bits - 1, 0, 1, *rng.integers(low, 2**bits, k).tolist()]
    n = [-left, 31, 0, 1, *rng.integers(-left, 32, k).tolist()]
    return list(zip(m0, n, strict=True))


@pytest.mark.parametrize("row", TABLE["srdhm"])
def test_a_row_of_gemmlowps_doubling_high_multiply_comes_out(row):
    a, b = row["a"], row["b"]
    high = saturating_rounding_doubling_high_mul
    assert high(a, b) == high(b, a) == row["result"]
    assert Fraction(row["exact"]) == Fraction(a * b, 2**31)


@pytest.mark.parametrize("row", TABLE["rounding_divide_by_pot"])
def test_a_row_of_gemmlowps_rounding_shift_comes_out(row):
    x, n = row["x"], row["exponent"]
    assert rounding_shift_right(x, n) == row["gemmlowp_ties_away"]
    assert rounding_shift_right_up(x, n) == row["neon_rshl_ties_up"]


def test_every_recorded_product_comes_out_both_ways():
    rows = TABLE["multiply_by_quantized_multiplier"]
    assert len(rows) == 150
    for row in rows:
        rq = requant_from_real(row["multiplier"])
        assert (rq.m0, rq.shift) == (row["q"], -row["shift"])
        assert multiply(row["x"], rq) == row["double_rounding"], row
        one = multiply_single_rounding(row["x"], rq)
        assert one == row["single_rounding"], row


@pytest.mark.parametrize("row", TABLE["smallest_abs_x_where_they_differ"])
def test_the_two_ways_part_first_where_it_is_recorded(row):
    rq, first = requant_from_real(row["multiplier"]), row["x"]
    x = np.arange(-first, first + 1)
    two, one = multiply(x, rq), multiply_single_rounding(x, rq)
    assert (two[-1], one[-1]) == (row["double"], row["single"])
    assert x[two != one][-1] == first
    assert (two == one)[1:-1].all() or first == 1


def test_the_high_multiply_is_that_of_fractions_on_all_pairs_of_edges():
    a = np.array(EDGES)
    ours = saturating_rounding_doubling_high_mul(a[:, None], a)
    assert ours.tolist() == [[exact_high(x, y) for y in EDGES] for x in EDGES]
    assert ours.dtype == np.int32


def test_the_high_multiply_is_that_of_fractions_on_random_pairs():
    rng = np.random.default_rng(7)
    a, b = accumulators(rng, 3000), accumulators(rng, 3000)
    b = rng.permutation(b)
    ours = saturating_rounding_doubling_high_mul(a, b)
    assert ours.tolist() == [*map(exact_high, a.tolist(), b.tolist())]


def test_only_the_square_of_the_lowest_int32_saturates():
    high = saturating_rounding_doubling_high_mul
    assert high(LOW, LOW) == HIGH
    assert high(LOW, LOW + 1) == HIGH
    assert high(LOW, HIGH) == -HIGH
    assert high(HIGH, HIGH) == HIGH - 1


@pytest.mark.parametrize("n", range(32))
def test_both_rounding_shifts_are_those_of_fractions(n):
    rng = np.random.default_rng(n)
    ties = (2 * rng.integers(-(2**40), 2**40, 300) + 1) << n >> 1
    near = np.concatenate([ties + d for d in (-1, 0, 1)])
    near = near[(near >= LOW) & (near <= HIGH)]
    x = np.concatenate([near, accumulators(rng, 300)])
    exact = [Fraction(v, 2**n) for v in x.tolist()]
    away, up = rounding_shift_right(x, n), rounding_shift_right_up(x, n)
    assert away.tolist() == [*map(ties_away, exact)]
    assert up.tolist() == [*map(ties_up, exact)]
    assert away.dtype == up.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_a_shift_of_any_integer_dtype_may_come_in(dtype):
    n = np.arange(32)
    for shift in (rounding_shift_right, rounding_shift_right_up):
        ours = shift(HIGH, n.astype(dtype))
        np.testing.assert_array_equal(ours, shift(HIGH, n))


def test_shifts_broadcast():
    x, n = np.array([[-12], [12], [LOW]]), np.array([0, 3, 31])
    away, up = rounding_shift_right(x, n), rounding_shift_right_up(x, n)
    assert away.tolist() == [[-12, -2, 0], [12, 2, 0], [LOW, LOW // 8, -1]]
    assert up.tolist() == [[-12, -1, 0], [12, 2, 0], [LOW, LOW // 8, -1]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bits", [1, 2, 15, 30, 31])
def test_the_scaled_accumulator_is_that_of_fractions(way, bits):
    rng = np.random.default_rng(bits)
    left = 20 if way in TWO_ROUNDINGS else bits - 1
    for m0, n in multipliers(rng, 40, bits, left):
        x = accumulators(rng, 60)
        x = x >> (max(-n, 0) + (m0 == 0))
        ours = way(x, Requant(m0, n, bits))
        exact = [exactly(v, m0, n, bits, way) for v in x.tolist()]
        assert ours.tolist() == exact, (m0, n)
        assert ours.dtype == np.int32


@pytest.mark.parametrize("way", WAYS)
def test_reals_of_every_size_scale_as_fractions_do(way):
    rng = np.random.default_rng(11)
    M = [1 - 2.0**-32, 1 - 2.0**-31, 1.0, 0.25, *2 ** rng.uniform(-33, 1, 60)]
    for m in M:
        rq = requant_from_real(m)
        x = accumulators(rng, 40) >> (rq.shift < 0)
        exact = [exactly(v, rq.m0, rq.shift, 31, way) for v in x.tolist()]
        assert way(x, rq).tolist() == exact, m


@pytest.mark.parametrize("bits", [15, 31])
def test_one_and_two_roundings_never_differ_by_more_than_one(bits):
    rng = np.random.default_rng(13)
    parted = 0
    for M in 2 ** rng.uniform(-33, 0, 300):
        rq = requant_from_real(M, bits)
        x = rng.integers(LOW >> 1, HIGH >> 1, 500)
        x = np.concatenate(
            [x >> int(rng.integers(0, 24)), np.array(EDGES) >> 1]
        )
        one = multiply_single_rounding(x, rq).astype(np.int64)
        for way in TWO_ROUNDINGS:
            apart = np.abs(way(x, rq) - one)
            assert apart.max() <= 1
            parted += apart.sum()
    assert parted > 0


def test_a_quarter_becomes_one_with_two_roundings():
    rq = requant_from_real(0.25)
    assert (multiply(1, rq), multiply_single_rounding(1, rq)) == (1, 0)
    assert multiply_ties_up(1, rq) == 1


def test_a_multiplier_of_zero_gives_zero():
    rq = requant_from_real(0.0)
    for way in WAYS:
        assert not way(EDGES, rq).any()


@pytest.mark.parametrize("way", TWO_ROUNDINGS)
@pytest.mark.parametrize("left", [*range(33), 41, 1024])
def test_it_raises_exactly_where_the_left_shift_leaves_int32(way, left):
    rq = Requant(2**30, -left)
    least, most = -(2**31 >> left), HIGH >> left
    ends = np.array([least, most, 0])
    wanted = [exact_high(x << left, 2**30) for x in (least, most, 0)]
    assert way(ends, rq).tolist() == wanted
    beyond = least - 1, most + 1, LOW, LOW // 2, HIGH
    for x in (x for x in beyond if not least <= x <= most):
        with pytest.raises(ValueError, match="must .*fit int32, got"):
            way(x, rq)
        with pytest.raises(ValueError, match="must .*fit int32, got"):
            way([0, x], rq)


def test_the_complaint_names_the_accumulator_and_the_left_shift():
    said = r"^acc 2\^left must fit int32, got acc 3 and left 30$"
    with pytest.raises(ValueError, match=said):
        multiply(3, Requant(1, -30))


@pytest.mark.parametrize(("bits", "n"), [(31, -30), (15, -14), (1, 0), (2, 5)])
def test_one_rounding_needs_something_to_round(bits, n):
    """bits + n is how far the product is shifted to the right."""
    assert multiply_single_rounding(0, Requant(1, 1 - bits, bits)) == 0
    assert multiply_single_rounding(0, Requant(1, n, bits)) == 0
    for shift in (-bits, -bits - 1, -bits - 99):
        said = rf"left shift below {bits}, got {-shift}$"
        with pytest.raises(ValueError, match=said):
            multiply_single_rounding(0, Requant(1, shift, bits))
        with pytest.raises(ValueError, match=f"left shift below {bits}"):
            multiply_single_rounding(0, Requant([1, 1], [0, shift], bits))


@pytest.mark.parametrize(
    ("rq", "least", "most"),
    [
        (Requant(2**30, -1), LOW, HIGH),
        (Requant(2**30, -2), LOW >> 1, HIGH >> 1),
        (Requant(2**30, -30), -4, 3),
        (Requant(2**31 - 1, -30), -2, 2),
        (Requant(3, -1, bits=2), -((2**32 + 1) // 3), (2**32 - 2) // 3),
    ],
)
def test_one_rounding_raises_exactly_where_the_result_leaves_int32(
    rq, least, most
):
    ends = multiply_single_rounding([least, most], rq)
    m0, n, bits = rq.m0, rq.shift, rq.bits
    way = multiply_single_rounding
    assert ends.tolist() == [
        exactly(x, m0, n, bits, way) for x in (least, most)
    ]
    for x in (least - 1, most + 1):
        with pytest.raises(ValueError, match="must fit int32, got"):
            multiply_single_rounding(x, rq)
    if most < HIGH:
        said = "^the scaled accumulator must fit int32, got"
        with pytest.raises(ValueError, match=said):
            multiply_single_rounding([0, most + 1], rq)


@pytest.mark.parametrize("way", WAYS)
def test_channels_get_what_each_would_get_alone(way):
    rng = np.random.default_rng(3)
    acc = rng.integers(-(2**20), 2**20, (2, 5, 3, 4))
    M = np.array([0.3, 0.25, 1.5, 1e-4, 0.0])
    together = way(acc, requant_from_real(M.reshape(5, 1, 1)))
    assert together.shape == acc.shape
    assert together.dtype == np.int32
    for k, m in enumerate(M):
        alone = way(acc[:, k], requant_from_real(m))
        np.testing.assert_array_equal(together[:, k], alone)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32])
def test_accumulators_of_any_integer_dtype_may_come_in(way, dtype):
    rq, top = requant_from_real(0.75), min(np.iinfo(dtype).max, HIGH)
    x = np.array([0, 1, 100, top], dtype)
    np.testing.assert_array_equal(way(x, rq), way(x.astype(np.int64), rq))


@pytest.mark.parametrize("way", WAYS)
def test_what_came_in_is_not_written_to(way):
    x = np.array([5, -7, LOW, HIGH], np.int32)
    for acc in (x, x.astype(np.int64)):
        before = acc.copy()
        way(acc, requant_from_real(0.3))
        requantize(acc, requant_from_real(0.3), QParams(1.0, 3, INT8), way)
        np.testing.assert_array_equal(acc, before)


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_accumulator_stays_empty(way):
    assert way(np.zeros((0, 3), int), requant_from_real(0.3)).shape == (0, 3)


@pytest.mark.parametrize("scale_by", WAYS)
@pytest.mark.parametrize(
    "grid", [INT8, UINT8, INT16, Grid(-3, 200), INT32], ids=str
)
def test_codes_are_the_scaled_accumulator_plus_z_clamped(grid, scale_by):
    rng = np.random.default_rng(17)
    acc = accumulators(rng, 200)
    for Z in {grid.qmin, 0, 3, grid.qmax}:
        for M in (0.3, 1e-4, 1.0 - 2.0**-31):
            rq = requant_from_real(M)
            codes = requantize(acc, rq, QParams(1.0, Z, grid), scale_by)
            wanted = [
                min(
                    max(
                        exactly(x, rq.m0, rq.shift, 31, scale_by) + Z,
                        grid.qmin,
                    ),
                    grid.qmax,
                )
                for x in acc.tolist()
            ]
            assert codes.tolist() == wanted
            assert codes.dtype == grid.dtype


def test_by_default_codes_come_from_two_roundings():
    rq, qp = requant_from_real(0.25), QParams(1.0, 0, INT8)
    assert requantize([1], rq, qp).tolist() == [1]
    one = requantize([1], rq, qp, multiply_single_rounding)
    assert one.tolist() == [0]


def test_every_output_channel_has_its_own_zero_point():
    qp = QParams(np.array([1.0, 1.0]), np.array([3, -120]), INT8, axis=1)
    acc = np.array([[10, 10], [-200, -200]])
    codes = requantize(acc, requant_from_real(0.1), qp)
    assert codes.tolist() == [[4, -119], [-17, -128]]


def test_a_wrong_axis_is_refused():
    qp = QParams(np.array([1.0, 1.0]), 0, INT8, axis=1)
    rq = requant_from_real(0.5)
    with pytest.raises(ValueError, match="^axis 1 must be one of 1 axes$"):
        requantize([1, 2], rq, qp)
    with pytest.raises(ValueError, match="^axis 1 must have 2 channels, got"):
        requantize(np.zeros((2, 3), int), rq, qp)


DOORS = [  # a function of x, and its name of x
    (lambda x: saturating_rounding_doubling_high_mul(x, 1), "a"),
    (lambda x: saturating_rounding_doubling_high_mul(1, x), "b"),
    (lambda x: rounding_shift_right(x, 1), "x"),
    (lambda x: rounding_shift_right_up(x, 1), "x"),
    (lambda x: multiply(x, Requant(1, 1)), "acc"),
    (lambda x: multiply_ties_up(x, Requant(1, 1)), "acc"),
    (lambda x: multiply_single_rounding(x, Requant(1, 1)), "acc"),
]


@pytest.mark.parametrize(("door", "name"), DOORS)
def test_values_beyond_int32_are_refused_at_every_door(door, name):
    for x in (LOW, HIGH, np.uint64(HIGH)):
        door(x)
    for x in (LOW - 1, HIGH + 1, np.uint64(2**63)):
        said = f"^{name} must fit int32, got {int(x)}$"
        with pytest.raises(ValueError, match=said):
            door(x)
        with pytest.raises(ValueError, match=f"^{name} must fit int32, got"):
            door(np.array([0, x]).astype(np.asarray(x).dtype))


@pytest.mark.parametrize(("door", "name"), DOORS)
@pytest.mark.parametrize("x", [1.0, [0.5], True, "1", None, 1j])
def test_what_is_no_integer_is_refused_at_every_door(door, name, x):
    with pytest.raises(ValueError, match=f"^{name} must be integers, got"):
        door(x)


@pytest.mark.parametrize(
    "shift", [rounding_shift_right, rounding_shift_right_up]
)
def test_shifts_outside_0_to_31_are_refused(shift):
    for n in (-1, 32, 64, np.uint64(2**63)):
        said = rf"^n must be in \[0, 31\], got {n}$"
        with pytest.raises(ValueError, match=said):
            shift(1, n)
        with pytest.raises(ValueError, match=r"^n must be in \[0, 31\]"):
            shift(1, np.array([0, n]).astype(np.asarray(n).dtype))
    with pytest.raises(ValueError, match="^n must be integers, got dtype"):
        shift(1, 1.0)
