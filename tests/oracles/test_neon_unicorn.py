"""The simulator against unicorn, in one process, on states drawn here.

Unicorn 2.1.4 is QEMU 5.0.1 inside: it knows no i8mm.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.neon.replay import report
from tests.oracles.unicorn_a64 import Unicorn
from tests.vectors.neon.read import first, forms, pools, shifted
from tests.witness.pools import states

STATES = {"m": 50}  # of other pools 200
SEED = 64
I8MM = {"smmla", "ummla", "usmmla", "usdot", "sudot"}
FORMS = list(forms())
FAMILIES = sorted({form.family for form in FORMS})


def is_i8mm(form):
    return form.listing.split()[0] in I8MM


@pytest.fixture(scope="module")
def fresh():
    rng = np.random.default_rng(SEED)
    return {k: states(k, STATES.get(k, 200), rng) for k in sorted(pools())}


@pytest.fixture(scope="module")
def emulator():
    return Unicorn()


def emulated(form, emulator, fresh):
    """The form with other states before, and unicorn's after."""
    count = 50 if form.family == "others" else None
    before = shifted(first(fresh[form.pool], count), form.add)
    after = emulator.run(form.code, before)
    return replace(form, before=before, after=after)


@pytest.mark.parametrize("family", FAMILIES)
def test_fresh_states_end_as_unicorn_ends_them(family, emulator, fresh):
    wrong = [
        line
        for form in FORMS
        if form.family == family and not is_i8mm(form)
        for line in report(emulated(form, emulator, fresh))
    ]
    assert not wrong, "\n".join(wrong)


def test_unicorn_knows_no_i8mm(emulator, fresh):
    missing = [form for form in FORMS if is_i8mm(form)]
    assert {form.listing.split()[0] for form in missing} == I8MM
    for form in missing:
        assert emulated(form, emulator, fresh).after is None, form.text
