"""The machine: tiles, control flow, memory and its borders."""

import numpy as np
import pytest

from qlib.neon import AssemblyError, Machine, parse

LOOP = "0: subs x0, x0, #1\nadd x1, x1, #1\nb.ne 0b"
STOPS = [  # text, what the error says
    ("0: b 0b", "line 1: b 0b: must end within 1000 steps"),
    ("cmp x2, #1\nb.eq 0f\n0:", "line 2: .* divergent branch: 1 of 3 take it"),
    ("cbz x2, 0f\n0:", "divergent branch"),
    ("nop\nldr q0, [x1, #64]", "line 2: ldr q0.*got bytes 64 to 79 of 64"),
    ("ldr q0, [x1, #-1]", "reads must stay in a bound array, got address"),
    ("ld1 {v0.4s-v3.4s}, [x3]", "got bytes 16 to 79 of 64"),
    ("str q0, [x4]", "writes must stay in a bound array, got address 0x0"),
    ("str q0, [x5]", "writes must go to a writable array, got read-only"),
    ("ldr q0, [x6]", "reads must stay in a bound array, got bytes 49 to 64"),
    ("str q7, [x1]", "different data must store to different addresses"),
]


def machine(tiles=3):
    """x1: 64 bytes; x2: tile numbers; x3, x6: past its begin; x5: constant."""
    m = Machine(tiles)
    at = m.bind(np.arange(64, dtype=np.uint8))
    constant = np.arange(64, dtype=np.uint8)
    constant.flags.writeable = False
    tile = np.arange(tiles, dtype=np.uint64)
    m.x[1], m.x[2], m.x[3], m.x[5] = at, tile, at + 16, m.bind(constant)
    m.x[6] = at + 47 + tile
    m.v[7] = tile[:, None].astype(np.uint8)
    return m


@pytest.mark.parametrize(("text", "why"), STOPS)
def test_what_cannot_run_stops_with_line_and_text(text, why):
    with pytest.raises(AssemblyError, match=why):
        machine().run(parse(text), budget=1000)


def test_run_counts_what_it_executed():
    m = Machine()
    m.x[0] = 5
    assert m.run(parse(LOOP + "\nret\nnop")) == 16
    assert (m.x[0], m.x[1]) == (0, 5)


def test_bic_takes_the_number_whose_inverse_and_takes():
    m = Machine()
    m.x[2] = 4095
    m.run(parse("bic x3, x2, 3\nand x4, x2, -4"))
    assert (m.x[3], m.x[4]) == (4092, 4092)


def test_tiles_that_agree_may_branch_on_numbers_of_their_own():
    m = machine()
    m.x[0] = np.full(3, 4, np.uint64)
    m.run(parse(LOOP))
    assert np.array_equal(m.x[0], [0, 0, 0])


def test_tiles_read_and_write_at_addresses_of_their_own():
    m = machine()
    many = [np.arange(16 * k, 16 * k + 16, dtype=np.uint8) for k in range(3)]
    m.x[0] = np.uint64([m.bind(a) for a in many])
    out = np.zeros((3, 16), np.uint8)
    m.x[4] = m.bind(out) + 16 * np.arange(3, dtype=np.uint64)
    m.run(parse("ldr q0, [x0]\nadd v0.16b, v0.16b, v0.16b\nstr q0, [x4]"))
    assert np.array_equal(out, 2 * np.array(many))


def test_an_address_loaded_from_memory_is_an_address():
    m = machine()
    pointers = np.uint64([m.x[1] + 3, m.x[1] + 9, m.x[1]])
    m.x[0] = m.bind(pointers) + 8 * np.arange(3, dtype=np.uint64)
    m.run(parse("ldr x9, [x0]\nldrb w8, [x9, #1]"))
    assert np.array_equal(m.x[8], [4, 10, 1])


def test_every_tile_has_a_stack_and_its_arguments():
    m = machine()
    m.stack(7, np.uint64([8, 9, 10]))
    before = m.x[31].copy()
    save = "stp d8, d9, [sp, #-16]!\nmovi v8.16b, #0\nldp d8, d9, [sp], #16"
    m.v[8:10] = np.random.default_rng(0).integers(0, 256, (2, 3, 16))
    low = m.v[8:10, :, :8].copy()
    m.run(parse(save + "\nldp x8, x9, [sp]"))
    assert np.array_equal(m.x[31], before)
    assert np.array_equal(m.v[8:10, :, :8], low)
    assert np.array_equal(m.x[8], [7, 7, 7])
    assert np.array_equal(m.x[9], [8, 9, 10])


def test_what_a_machine_needs_is_named():
    with pytest.raises(ValueError, match="tiles must be at least 1, got 0"):
        Machine(0)
    with pytest.raises(ValueError, match="a bound array must be contiguous"):
        Machine().bind(np.zeros((4, 4))[:, ::2])
