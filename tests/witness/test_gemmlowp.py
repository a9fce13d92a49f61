"""qlib's integer arithmetic and gemmlowp's header, on 10^7 triples.

Each triple (a, b, n) is asked three questions: the doubling high multiply of
a and b, the rounding shift of a by n, and both in a row, which is `multiply`
where b is a multiplier.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from qlib.grid import INT32
from qlib.requant import (
    Requant,
    multiply,
    rounding_shift_right,
    rounding_shift_right_up,
    saturating_rounding_doubling_high_mul,
)

SOURCE = Path(__file__).with_name("gemmlowp.cpp")
ROUNDS, TRIPLES = 10, 10**6  # a million at a time
EDGES = np.array(
    [s * 2**k + d for k in range(32) for s in (-1, 1) for d in range(-2, 3)]
).clip(INT32.qmin, INT32.qmax)


@pytest.fixture(scope="module")
def gemmlowp(tmp_path_factory):
    """The header, compiled: (a, b, n) -> three arrays."""
    program = tmp_path_factory.mktemp("gemmlowp") / "gemmlowp"
    build = ["g++", "-O2", "-Wall", "-o", program, SOURCE]
    subprocess.run(build, check=True)

    def ask(a, b, n):
        triples = np.stack([a, b, n], axis=1).astype(np.int32)
        done = subprocess.run(
            [program], input=triples.tobytes(), stdout=-1, check=True
        )
        return np.frombuffer(done.stdout, np.int32).reshape(-1, 3).T

    return ask


def values(rng, n):
    """int32 values: uniform, of every size, of few bits, and edges."""
    uniform = rng.integers(INT32.qmin, INT32.qmax + 1, n)
    small = uniform >> rng.integers(0, 32, n)
    few_bits = uniform >> (k := rng.integers(0, 32, n)) << k
    kinds = [uniform, small, few_bits, rng.choice(EDGES, n)]
    return np.choose(rng.integers(0, 4, n), kinds)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_million_triples_come_out_as_gemmlowps_header_says(seed, gemmlowp):
    rng = np.random.default_rng(seed)
    a, b, n = values(rng, TRIPLES), values(rng, TRIPLES), np.arange(TRIPLES)
    n %= 32
    high, shifted, both = gemmlowp(a, b, n)
    ours = saturating_rounding_doubling_high_mul(a, b)
    assert np.count_nonzero(ours != high) == 0
    assert np.count_nonzero(rounding_shift_right(a, n) != shifted) == 0
    assert np.count_nonzero(rounding_shift_right(ours, n) != both) == 0
    m = b >= 0
    scaled = multiply(a[m], Requant(b[m], n[m]))
    assert np.count_nonzero(scaled != both[m]) == 0
    assert np.count_nonzero(m) > TRIPLES // 3


def test_all_pairs_of_edges_come_out_as_gemmlowps_header_says(gemmlowp):
    a, b = (x.ravel() for x in np.meshgrid(EDGES, EDGES))
    for n in range(32):
        high, shifted, both = gemmlowp(a, b, np.full(len(a), n))
        ours = saturating_rounding_doubling_high_mul(a, b)
        np.testing.assert_array_equal(ours, high)
        np.testing.assert_array_equal(rounding_shift_right(a, n), shifted)
        np.testing.assert_array_equal(rounding_shift_right(ours, n), both)


def test_the_witness_tells_ties_up_from_ties_away(gemmlowp):
    """On negative ties, and nowhere else."""
    rng = np.random.default_rng(99)
    a, n = values(rng, TRIPLES), rng.integers(0, 32, TRIPLES)
    _, shifted, _ = gemmlowp(a, a, n)
    differs = rounding_shift_right_up(a, n) != shifted
    tie = (a % (1 << n) == (1 << n) >> 1) & (n > 0)
    np.testing.assert_array_equal(differs, tie & (a < 0))
    assert differs.any()
