"""Step mode: forward is a run, back is as if nothing had been."""

import numpy as np
import pytest

from qlib.neon import AssemblyError, Machine, parse
from qlib.neon.step import Stepper
from tests.core.neon.gemm import pack, program

SEED = 7


def tile(low=-128):
    """A machine of one tile of the SMULL kernel, and its C."""
    rng = np.random.default_rng(SEED)
    a, b = rng.integers(low, 128, (2, 4, 32), np.int8)
    machine, c = Machine(watch=True), np.zeros((4, 4), np.int32)
    arrays = [pack(a, 4, 16), pack(b, 4, 16), c]
    machine.x[:5] = [2, *map(machine.bind, arrays), 16]
    return machine, c


def picture(machine, c):
    """All that a program can change."""
    x = [int(value) for value in machine.x]
    events = [str(e) for e in machine.overflows]
    return machine.v.tobytes(), x, machine.nzcv, c.tobytes(), events


def test_stepping_to_the_end_is_a_run_and_back_is_the_start():
    code = program("smull_4x4")
    (one, c), (other, d) = tile(), tile()
    stepper, pictures = Stepper(one, code), []
    while stepper.next:
        pictures.append(picture(one, c))
        stepper.forward()
    assert len(pictures) == other.run(code)
    assert picture(one, c) == picture(other, d)
    while pictures:
        stepper.back()
        assert picture(one, c) == pictures.pop()
    assert stepper.back() == 0


def test_a_step_says_what_it_changed():
    machine, _ = tile()
    machine.x[0] = 1
    stepper = Stepper(
        machine, parse("ldr q5, [x1], #16\nsubs x0, x0, #1\nstr q5, [x3]")
    )
    where = [[c.where for c in stepper.forward().changes] for _ in range(3)]
    assert where == [["v5", "x1"], ["x0", "nzcv"], [machine.x[3]]]
    stored = stepper.log[2].changes[0]
    assert np.array_equal(stored.after[0], machine.v[5, 0])
    assert not stored.before.any()
    assert stepper.forward() is None


def test_to_the_overflow_stops_where_a_lane_wraps():
    machine, _ = tile()
    machine.memory.arrays[0][11 + 64] = machine.memory.arrays[0][3 + 64] = 128
    machine.memory.arrays[1][11 + 64] = machine.memory.arrays[1][3 + 64] = 128
    stepper = Stepper(machine, program("smull_4x4"))
    moment = stepper.to_overflow()
    (event,) = moment.overflows
    assert event.text.startswith("smlal2")
    assert (event.true[0], event.kept[0]) == (32768, -32768)
    stepper.back()
    assert machine.overflows == []


def test_a_step_that_fails_changes_nothing():
    machine, c = tile()
    stepper = Stepper(machine, parse("stp q0, q1, [x3, #48]!"))
    machine.v[:2] = 9
    before = picture(machine, c)
    with pytest.raises(AssemblyError, match="writes must stay"):
        stepper.forward()
    assert picture(machine, c) == before
    assert stepper.at == 0


def test_step_mode_needs_one_tile():
    with pytest.raises(ValueError, match="needs a machine of 1 tile, got 2"):
        Stepper(Machine(2), parse("nop"))
