"""Winograd in integers: exact where it is wide, wrong where int32 wraps."""

import json
from pathlib import Path

import numpy as np
import pytest

from qlib.int8.conv import accumulate
from qlib.int8.winograd import F23, F43, adversary, bounds, convolve

VECTORS = Path(__file__).parents[2] / "vectors"
RECORDED = json.loads(
    (VECTORS / "overflow_winograd_misc.json").read_text("utf-8")
)
TILES = {"F(2,3)": F23, "F(4,3)": F43}
LAST = {8: 127, 6: 31}  # the largest weight, by its bits


@pytest.mark.parametrize("case", RECORDED["winograd_exactness"])
def test_the_divisor_is_the_recorded_one(case):
    assert TILES[case["tile"]].divisor == case["scale"]


@pytest.mark.parametrize("tile", TILES.values())
@pytest.mark.parametrize("seed", range(20))
def test_a_tile_is_the_convolution_itself(tile, seed):
    rng = np.random.default_rng(seed)
    C, K = rng.integers(1, 9, 2)
    size = len(tile.B)
    q = rng.integers(-128, 128, (C, size, size)).astype(np.int8)
    w = rng.integers(-127, 128, (K, C, 3, 3)).astype(np.int8)
    direct = accumulate(q[None], 0, w, None)[0]
    np.testing.assert_array_equal(convolve(q, w, tile), direct)
    assert direct.shape == (K, size - 2, size - 2)


@pytest.mark.parametrize("case", RECORDED["winograd_growth"])
def test_the_bounds_are_the_recorded_ones(case):
    tile, w = TILES[case["tile"]], LAST[case["weight_bits"]]
    assert bounds(tile, 127, w) == (
        case["max_input"],
        case["max_weight"],
        case["channels_before_int32_overflow_worst_case"],
    )
    assert bounds(tile, 1, 1)[:2] == (
        case["input_gain"],
        case["weight_gain"],
    )


@pytest.mark.parametrize("bits", LAST)
@pytest.mark.parametrize("tile", TILES.values())
def test_the_adversary_is_right_up_to_the_bound_and_wrong_beyond(tile, bits):
    """One place of the products reaches |V| |U| per channel."""
    q, w = adversary(tile, 127, LAST[bits])
    V, U, safe = bounds(tile, 127, LAST[bits])
    assert np.abs(tile.B @ q @ tile.B.T).max() == V
    assert np.abs(tile.G @ w @ tile.G.T).max() == U
    for C, right in ((safe, True), (safe + 1, False)):
        many = np.repeat(q[None], C, 0), np.repeat(w[None, None], C, 1)
        exact, wrapped = convolve(*many, tile), convolve(*many, tile, np.int32)
        direct = accumulate(many[0][None], 0, many[1], None)[0]
        np.testing.assert_array_equal(exact, direct)
        assert np.array_equal(wrapped, exact) == right


def test_ten_channels_of_eight_bits_come_out_negative():
    """10 x 12700 x 18288 = 2322576000 wraps: 2^32 is gone, 2^32 / 576 of y."""
    q, w = adversary(F43, 127, 127)
    many = np.repeat(q[None], 10, 0), np.repeat(w[None, None], 10, 1)
    exact, wrapped = (convolve(*many, F43, t)[0, 0] for t in ("i8", "i4"))
    assert exact[0] == 645160 == 4 * 127 * 127 * 10
    assert wrapped[0] == (645160 * 576 - 2**32) // 576 == -6811381


@pytest.mark.parametrize("tile", TILES.values())
def test_random_weights_stay_far_from_the_bound(tile):
    rng = np.random.default_rng(0)
    q = rng.integers(-127, 128, (64, *tile.B.shape))
    w = rng.integers(-127, 128, (8, 64, 3, 3))
    exact, wrapped = convolve(q, w, tile), convolve(q, w, tile, np.int32)
    np.testing.assert_array_equal(exact, wrapped)
