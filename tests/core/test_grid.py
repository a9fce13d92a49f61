"""Grids against numpy's own integers and the ends that the papers print."""

import dataclasses

import numpy as np
import pytest

from qlib.grid import (
    INT4,
    INT8,
    INT8_NARROW,
    INT16,
    INT32,
    UINT4,
    UINT8,
    UINT8_NARROW,
    UINT8_SIMD,
    Grid,
    narrow,
    signed,
    unsigned,
)

NAMED = [
    (INT4, -8, 7, "int8"),
    (UINT4, 0, 15, "uint8"),
    (INT8, -128, 127, "int8"),
    (UINT8, 0, 255, "uint8"),
    (INT8_NARROW, -127, 127, "int8"),
    (UINT8_NARROW, 1, 255, "uint8"),
    (UINT8_SIMD, 0, 254, "uint8"),
    (INT16, -(2**15), 2**15 - 1, "int16"),
    (INT32, -(2**31), 2**31 - 1, "int32"),
]
SMALLEST = [
    (-1, 127, "int8"),
    (-128, -1, "int8"),
    (-1, 128, "int16"),
    (-129, 0, "int16"),
    (0, 256, "uint16"),
    (0, 65535, "uint16"),
    (0, 65536, "uint32"),
    (-1, 32767, "int16"),
    (-1, 32768, "int32"),
    (-32769, 0, "int32"),
    (0, 2**32 - 1, "uint32"),
    (250, 251, "uint8"),
]
BITS = range(2, 33)


@pytest.mark.parametrize(("grid", "qmin", "qmax", "dtype"), NAMED)
def test_a_named_grid_has_the_ends_of_its_source(grid, qmin, qmax, dtype):
    assert (grid.qmin, grid.qmax, grid.dtype) == (qmin, qmax, dtype)


@pytest.mark.parametrize(("qmin", "qmax", "dtype"), SMALLEST)
def test_codes_are_stored_in_the_smallest_dtype(qmin, qmax, dtype):
    assert Grid(qmin, qmax).dtype == np.dtype(dtype)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_whole_words_are_the_integers_of_numpy(bits):
    for grid, kind in ((signed(bits), "int"), (unsigned(bits), "uint")):
        info = np.iinfo(f"{kind}{bits}")
        assert (grid.qmin, grid.qmax) == (info.min, info.max)
        assert grid.dtype == info.dtype


@pytest.mark.parametrize("bits", BITS)
def test_b_bits_have_two_to_the_b_codes(bits):
    assert signed(bits).levels == unsigned(bits).levels == 2**bits
    assert narrow(signed(bits)).levels == 2**bits - 1


@pytest.mark.parametrize("bits", BITS)
def test_a_narrow_signed_grid_is_symmetric(bits):
    grid = narrow(signed(bits))
    assert grid.qmin == -grid.qmax


def test_one_bit_has_two_codes():
    assert (signed(1), unsigned(1)) == (Grid(-1, 0), Grid(0, 1))


def test_a_narrow_unsigned_grid_loses_its_lowest_code():
    assert narrow(unsigned(8)) == UINT8_NARROW == Grid(1, 255)


def test_two_products_of_a_narrow_weight_fit_16_bits_but_not_of_a_wide():
    """Jacob et al., appendix B."""
    low = INT8.qmin
    assert 2 * abs(INT8_NARROW.qmin * low) <= INT16.qmax
    assert 2 * abs(low * low) > INT16.qmax


def test_numpy_integers_become_python_integers():
    grid = Grid(np.int8(-128), np.uint8(255))
    assert grid == Grid(-128, 255)
    assert type(grid.qmin) is type(grid.qmax) is int


def test_a_grid_is_frozen_and_can_be_a_key():
    assert {INT8: 1}[Grid(-128, 127)] == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        INT8.qmin = 0


@pytest.mark.parametrize("ends", [(0, 0), (1, 0), (127, -128)])
def test_ends_in_the_wrong_order_are_refused(ends):
    with pytest.raises(ValueError, match=rf"qmin < qmax, got \[{ends[0]}, "):
        Grid(*ends)


@pytest.mark.parametrize(
    "ends", [(0, 2**32), (-1, 2**31), (-(2**31) - 1, 0), (2**40, 2**41)]
)
def test_codes_beyond_32_bits_are_refused(ends):
    with pytest.raises(ValueError, match=r"fit 32 bits, got \["):
        Grid(*ends)


@pytest.mark.parametrize("end", [0.0, "0", None, 1j, np.float32(3)])
def test_ends_that_are_not_integers_are_refused(end):
    with pytest.raises(ValueError, match="^qmin must be an integer, got"):
        Grid(end, 255)
    with pytest.raises(ValueError, match="^qmax must be an integer, got"):
        Grid(0, end)


@pytest.mark.parametrize("bits", [0, -1, 33])
def test_other_numbers_of_bits_are_refused(bits):
    for family in (signed, unsigned):
        with pytest.raises(ValueError, match=f"1 to 32 bits, got {bits}"):
            family(bits)


def test_a_fraction_of_a_bit_is_refused():
    with pytest.raises(
        ValueError, match=r"^bits must be an integer, got 3\.5"
    ):
        signed(3.5)


def test_a_grid_of_two_codes_cannot_be_narrowed():
    with pytest.raises(ValueError, match=r"qmin < qmax, got \[1, 1\]"):
        narrow(unsigned(1))
