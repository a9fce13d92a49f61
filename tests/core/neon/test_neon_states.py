"""Every instruction form against states that qemu recorded."""

from dataclasses import replace

import pytest

from tests.core.neon.replay import differences, report
from tests.vectors.neon.read import census, forms

FORMS = list(forms())
FAMILIES = sorted({form.family for form in FORMS})


@pytest.mark.parametrize("family", FAMILIES)
def test_all_tiles_at_once_end_as_under_qemu(family):
    wrong = [x for f in FORMS if f.family == family for x in report(f)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("family", ["memory", "scalar"])
def test_one_tile_ends_as_under_qemu(family):
    wrong = []
    for form in FORMS:
        if form.family == family:
            for k in (0, -1):
                before = {n: a[k:][:1] for n, a in form.before.items()}
                after = {n: a[k:][:1] for n, a in form.after.items()}
                one = replace(form, before=before, after=after)
                wrong += report(one)
    assert not wrong, "\n".join(wrong)


def test_every_operand_form_of_the_census_is_executed():
    executed = {x for form in FORMS for x in form.listing.split("; ")}
    assert set(census()) - executed == {"ret"}  # the kernels execute it


def test_a_wrong_state_is_found():
    form = next(f for f in FORMS if f.text.startswith("smlal2"))
    for part in ("v", "x", "sp", "nzcv", "qc", "mem"):
        after = {n: a.copy() for n, a in form.after.items()}
        after[part].reshape(-1)[-1] ^= 1
        assert differences(replace(form, after=after)) == [part]
