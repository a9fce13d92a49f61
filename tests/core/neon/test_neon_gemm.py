"""Our kernels against numpy's sums and the chapter's requantization."""

import numpy as np
import pytest

from qlib.grid import Grid
from qlib.neon.interval_machine import IntervalMachine
from qlib.qparams import QParams
from qlib.requant import multiply_ties_up, requant_from_real, requantize
from tests.core.neon.gemm import TILES, gemm, pack, program

SEED = 14


def matrices(low=-127):
    rng = np.random.default_rng(SEED)
    a = rng.integers(low, 128, (12, 48), np.int8)
    return a, rng.integers(-128, 128, (32, 48), np.int8)


def product(a, b):
    return a.astype(np.int64) @ b.astype(np.int64).T


@pytest.mark.parametrize("name", ["smull_4x4", "sdot_4x16"])
def test_a_kernel_multiplies_matrices(name):
    a, b = matrices()
    assert np.array_equal(gemm(name, a, b)[1], product(a, b))


def test_the_requantizing_kernel_rounds_as_the_chapter_does():
    a, b = matrices(-128)
    rng = np.random.default_rng(SEED)
    bias = rng.integers(-(2**16), 2**16, 32, np.int32)
    rq = requant_from_real(rng.uniform(1e-4, 3e-3, 32))
    qp = QParams(1.0, -7, Grid(-100, 90))
    blocks = [
        b"".join(
            x.astype(t).tobytes()
            for x, t in [
                (bias[k : k + 16], "<i4"),
                (rq.m0[k : k + 16], "<i4"),
                (-rq.shift[k : k + 16], "<i4"),
            ]
        )
        + np.int16(-7).tobytes()
        + np.int8([-100, 90]).tobytes()
        for k in (0, 16)
    ]
    parameters = np.array([np.frombuffer(x, np.uint8) for x in blocks])
    _, c = gemm("sdot_4x16_requant", a, b, parameters)
    want = requantize(product(a, b) + bias, rq, qp, multiply_ties_up)
    assert np.array_equal(c, want)
    assert len(np.unique(c)) > 50


@pytest.mark.parametrize("name", ["smull_4x4", "sdot_4x16"])
def test_the_watch_changes_nothing_and_is_silent_where_nothing_wraps(name):
    a, b = matrices()
    machine, c = gemm(name, a, b, watch=True)
    assert np.array_equal(c, product(a, b))
    assert machine.overflows == []


def test_the_watch_finds_every_pair_of_products_that_wraps():
    a, b = matrices(-128)
    a[5, 3] = a[5, 11] = b[:7, 3] = b[:7, 11] = -128
    machine, c = gemm("smull_4x4", a, b, watch=True)
    A, B = (pack(x, 4, 16).astype(np.int64) for x in (a, b))
    p = np.einsum("ikrd,jksd->ijkrsd", A, B)
    true = p[..., :8] + p[..., 8:]
    assert (true > 32767).sum() >= 7
    seen = [e for e in machine.overflows if "smlal2" in e.text]
    assert sum(e.count for e in seen) == (true > 32767).sum()
    assert all((e.true == 32768).all() for e in seen)
    assert all((e.kept == -32768).all() for e in seen)
    assert (c != product(a, b)).sum() >= 7


@pytest.mark.parametrize(
    ("name", "low", "wraps"),
    [
        ("smull_4x4", -127, False),
        ("smull_4x4", -128, True),
        ("sdot_4x16", -128, False),
    ],
)
def test_intervals_prove_which_ranges_a_kernel_can_hold(name, low, wraps):
    rows, columns, depth = TILES[name]
    machine, blocks = IntervalMachine(), 3
    machine.x[0] = blocks
    machine.x[1] = machine.range(blocks * rows * depth, "i1", low, 127)
    machine.x[2] = machine.range(blocks * columns * depth, "i1", -128, 127)
    machine.x[3], machine.x[4] = machine.bind(np.zeros((4, 16), np.int32)), 64
    machine.run(program(name))
    assert bool(machine.wraps) == wraps
    assert {(w.low, w.high) for w in machine.wraps} <= {(-32512, 32768)}
