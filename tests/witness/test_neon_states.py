"""The recorded states of A64 instructions, recorded again under qemu."""

import numpy as np
import pytest

from tests.vectors.neon.read import HERE, census, forms, pools
from tests.witness.kernels import record_all
from tests.witness.neon_kernel import PAGE, run, start
from tests.witness.neon_states import FAMILIES, record
from tests.witness.runner import harness

A, B, C, STACK = (k << 32 for k in range(1, 5))
DOT = """
    movi v0.4s, #0
0:  ld1 {v1.16b}, [x0], #16
    ld1 {v2.16b}, [x1], #16
    sdot v0.4s, v1.16b, v2.16b
    subs x3, x3, #16
    b.ne 0b
    stp x29, x30, [sp, #-16]!
    addv s0, v0.4s
    str s0, [x2]
    ldp x29, x30, [sp], #16
    ret
"""


@pytest.fixture(scope="module")
def live():
    return record(pools())


def assert_stored(name, arrays):
    with np.load(HERE / f"{name}.npz") as stored:
        assert sorted(stored) == sorted(arrays)
        for key, array in arrays.items():
            assert stored[key].dtype == array.dtype, key
            assert stored[key].shape == array.shape, key
            assert stored[key].tobytes() == array.tobytes(), key


@pytest.mark.parametrize("family", FAMILIES)
def test_qemu_gives_the_recorded_bytes_again(family, live):
    assert_stored(family, live[family])


def test_the_loop_for_unicorn_assembles_to_the_recorded_bytes():
    assert_stored("harness", harness())


def test_qemu_ends_our_kernels_as_recorded():
    assert_stored("kernels", record_all())


def test_every_operand_form_of_the_census_but_ret_is_recorded():
    seen = {line for form in forms() for line in form.listing.split("; ")}
    assert [line for line in census() if line not in seen] == ["ret"]


def test_a_kernel_under_qemu_computes_a_dot_product():
    rng = np.random.default_rng(5)
    a, b = rng.integers(-128, 128, (2, 64), "i1")
    memory = {A: a, B: b, C: np.zeros(1, "<i4"), STACK: np.zeros(64, "u1")}
    before = start({0: A, 1: B, 2: C, 3: 64, 30: 77}, STACK + 64)
    after, found = run(DOT, before, memory)
    assert found[C] == a.astype(int) @ b.astype(int)
    np.testing.assert_array_equal(found[A], a)
    assert list(after["x"][0, :4]) == [A + 64, B + 64, C, 0]
    assert (after["x"][0, 30], after["sp"]) == (77, STACK + 64)
    assert after["nzcv"] == 0b0110


def test_a_kernel_that_writes_behind_its_array_is_an_error():
    memory = {A: np.zeros(8, "u1")}
    with pytest.raises(RuntimeError, match="wrote behind 0x100000000"):
        run("str q0, [x0]", start({0: A}), memory)


def test_a_kernel_that_leaves_its_memory_stops_qemu():
    memory = {A: np.zeros(8, "u1")}
    with pytest.raises(RuntimeError, match="qemu ended with"):
        run("ldr q0, [x0]", start({0: A + PAGE}), memory)
