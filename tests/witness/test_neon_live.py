"""The simulator against qemu, live: fresh states, fresh kernels.

This file may import qlib; what records states may not.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.neon.replay import report
from tests.core.neon.replay_kernel import simulated
from tests.vectors.neon.read import forms, pools, shifted
from tests.witness.kernels import SHAPES, record
from tests.witness.pools import states
from tests.witness.runner import execute

STATES = {"m": 100}  # of other pools 1000
SEED = 1000
AT_ONCE = 50  # forms in one run of qemu
FORMS = list(forms())
FAMILIES = sorted({form.family for form in FORMS})


@pytest.fixture(scope="module")
def fresh():
    rng = np.random.default_rng(SEED)
    return {k: states(k, STATES.get(k, 1000), rng) for k in sorted(pools())}


def emulated(listed, fresh):
    """The forms with other states before, and qemu's after."""
    befores = [shifted(fresh[form.pool], form.add) for form in listed]
    codes, afters = execute([form.text for form in listed], befores)
    assert codes == [form.code for form in listed]
    for form, before, after in zip(listed, befores, afters, strict=True):
        yield replace(form, before=before, after=after)


@pytest.mark.parametrize("family", FAMILIES)
def test_fresh_states_end_as_qemu_ends_them(family, fresh):
    listed = [form for form in FORMS if form.family == family]
    wrong = []
    for at in range(0, len(listed), AT_ONCE):
        for form in emulated(listed[at : at + AT_ONCE], fresh):
            wrong += report(form)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_whole_kernel_ends_as_qemu_ends_it(name, seed):
    arrays = record(name, np.random.default_rng(seed))
    stored = {key.split(".")[1]: array for key, array in arrays.items()}
    got = simulated(name, stored_before(stored))
    for part, array in got.items():
        np.testing.assert_array_equal(array, stored[f"{part}_after"], part)


def stored_before(stored):
    """What was before the run."""
    return {k: a for k, a in stored.items() if not k.endswith("_after")}
