"""Our kernels against qemu: memory and all registers after a whole run."""

import numpy as np
import pytest

from tests.core.neon.replay_kernel import FOLDER, simulated
from tests.vectors.neon.read import kernels

KERNELS = kernels()


def test_every_kernel_is_recorded():
    assert sorted(KERNELS) == sorted(path.stem for path in FOLDER.glob("*.s"))


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_a_whole_kernel_ends_as_under_qemu(name):
    before, after = KERNELS[name]
    got = simulated(name, before)
    assert sorted(got) == sorted(after)
    for part, want in after.items():
        np.testing.assert_array_equal(got[part], want, part)
