"""Products, their self-test and their proof; scaling; the compiler."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from qlib import requant
from qlib.fast import kernels
from qlib.fast.compiled import compiled
from qlib.fast.images import Window, bordered, first, last
from qlib.fast.product import LARGEST, blas, onednn, parts
from qlib.fast.scaling import scaled
from qlib.fast.selftest import is_right
from qlib.int8 import program
from qlib.int8.step import Output, to_codes
from qlib.multiplier import Requant
from tests.core.int8.nets import NETS, codes

SHAPES = [(8, 64), (2, 5), (33, 27), (144, 24), (40, 1280)]
LAYERS = "conv", "grouped conv", "depthwise conv", "dense", "mixed"
CAPPED = f"""
from qlib import fast
from qlib.fast.images import Window, bordered, first, last
from qlib.fast.product import onednn
from qlib.fast.selftest import is_right
from tests.fast.test_fast_parts import digest
print(any(is_right(onednn, K, C) for K, C in {SHAPES}))
print(digest(fast.run))
"""


def digest(run):
    """SHA-256 of what an engine makes of some networks."""
    sha = hashlib.sha256()
    for name in LAYERS:
        for seed in range(5):
            rng = np.random.default_rng(seed)
            net = NETS[name](rng)
            for q in run(net, program.lower(net), codes(rng, net)).values():
                sha.update(q.tobytes())
    return sha.hexdigest()


def test_a_wrong_back_end_is_refused_and_the_bytes_stay_the_same():
    """Below AVX512_CORE_VNNI and AVX2_VNNI oneDNN saturates in 16 bits."""
    env = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-c", CAPPED]
    said = subprocess.run(
        command, env=env, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["False", digest(program.run)]


def saturating(w, largest):
    """What VPMADDUBSW does: sums of two products, cut to 16 bits."""

    def product(a, acc):
        shift = 128 * (a.dtype == torch.int8)
        x = np.pad(a.numpy() + np.int64(shift), ((0, 0), (0, w.shape[1] % 2)))
        v = np.pad(w.astype(np.int64), ((0, 0), (0, w.shape[1] % 2)))
        terms = x[:, None] * v
        pairs = (terms[..., ::2] + terms[..., 1::2]).clip(-(2**15), 2**15 - 1)
        acc.copy_(torch.from_numpy(pairs.sum(-1) - shift * v.sum(1)))

    return product


def silent(w, largest):
    return lambda a, acc: None


def absent(w, largest):
    raise AttributeError("module 'torch' has no attribute '_int_mm'")


def one_off(w, largest):
    def product(a, acc):
        blas(w, largest)(a, acc)
        acc[-1, -1] += 1

    return product


@pytest.mark.parametrize("back_end", [saturating, silent, absent, one_off])
@pytest.mark.parametrize(("K", "C"), SHAPES)
def test_the_self_test_refuses_what_is_wrong(back_end, K, C):
    assert not is_right(back_end, K, C)


@pytest.mark.parametrize(("K", "C"), SHAPES)
def test_the_self_test_lets_blas_pass(K, C):
    assert is_right(blas, K, C)


def test_float32_is_exact_for_1032_columns_and_not_for_1033():
    """(-128)(127) 1032 + (-127)(127) is odd and beyond 2^24."""
    a = np.full((1, 1033), -128, np.int8)
    a[0, -1] = -127
    w = np.full((1, 1033), 127, np.int8)
    sums = {}
    for C in (1032, 1033):
        one, other = a[:, -C:], w[:, -C:]
        exact = one.astype(np.int64) @ other.T
        acc = torch.empty((1, 1), dtype=torch.int32)
        blas(other, 128)(torch.from_numpy(one.copy()), acc)
        assert acc.item() == exact.item()
        real = one.astype(np.float32) @ other.T.astype(np.float32)
        sums[C] = real.item() == exact.item()
        assert len(parts(other, 128)) == (1 if C == 1032 else 2)
    assert sums == {1032: True, 1033: False}


def test_the_proof_is_of_the_heaviest_filter_to_the_last_unit():
    light, heavy = np.ones((3, 2**10), np.int64), np.ones((3, 2**10), int)
    heavy[1, 0] += 1
    assert parts(light, LARGEST >> 10) == [slice(0, 1024)]
    assert parts(heavy, LARGEST >> 10) == [slice(0, 512), slice(512, 1024)]


def test_parts_cover_every_column_once_and_each_is_proven():
    rng = np.random.default_rng(0)
    w = rng.integers(-255, 256, (5, 5001))
    found = parts(w, 255)
    columns = np.concatenate([np.arange(5001)[part] for part in found])
    np.testing.assert_array_equal(columns, np.arange(5001))
    sums = [np.abs(w[:, part]).sum(1).max() * 255 for part in found]
    assert len(found) > 2
    assert max(sums) <= LARGEST


@pytest.mark.parametrize("back_end", [onednn, blas])
def test_a_product_is_that_of_int64(back_end):
    rng = np.random.default_rng(0)
    for C in (2, 3, 33, 1033, 3000):
        a = rng.choice([-128, -127, 0, 127], (9, C)).astype(np.int8)
        w = rng.choice([-127, 127], (6, C)).astype(np.int8)
        if is_right(back_end, *w.shape):
            acc = torch.empty((9, 6), dtype=torch.int32)
            back_end(w, 128)(torch.from_numpy(a), acc)
            want = a.astype(np.int64) @ w.T.astype(np.int64)
            np.testing.assert_array_equal(acc.numpy(), want)


@pytest.mark.parametrize("bits", [31, 15, 7, 1])
@pytest.mark.parametrize(
    "scale_by",
    [
        requant.multiply,
        requant.multiply_ties_up,
        requant.multiply_single_rounding,
    ],
)
def test_one_formula_has_the_roundings_of_requant(scale_by, bits):
    """Ties, both ends of int32, every shift; m0 with and without its top."""
    rng = np.random.default_rng(bits)
    least = -30 if scale_by is not requant.multiply_single_rounding else 1
    for n in range(max(least, 1 - bits), 32):
        m0 = rng.integers(0, 2**bits, 9)
        m0[:3] = 2 ** (bits - 1), 2**bits - 1, 0
        rq = Requant(m0, np.full(9, n), bits)
        top = 2**31 - 1 >> max(-n, 0)
        acc = rng.integers(-top - 1, top + 1, (50, 9)).astype(np.int32)
        acc[:4] = [[-top - 1], [top], [0], [-1]]
        near = rng.integers(-40, 40, (50, 9)) << max(n - 1, 0)
        near = near.clip(-top - 1, top).astype(np.int32)
        for a in (acc, near):
            compare(a, Output(rq, 3, -128, 127, np.dtype(np.int8), scale_by))


def compare(acc, out):
    """Codes of the kernel beside those of the readable engine."""
    end = scaled(np.zeros(9, np.int32), out)
    y = np.empty(acc.size, np.int8)
    flat = np.ascontiguousarray(acc).reshape(-1)
    kernels.rescale(flat, end.b, end.table, end.ends, y)
    np.testing.assert_array_equal(y.reshape(acc.shape), to_codes(acc, out))


def test_a_bias_that_wraps_on_the_way_arrives():
    """Raw sums may leave int32 before b, which brings them back."""
    out = Output(Requant(2**30, 20), 0, -128, 127, np.dtype(np.int8))
    end = scaled(np.array([-(2**31)], np.int32), out)
    acc, y = np.array([-(2**31)], np.int32), np.empty(1, np.int8)
    kernels.rescale(acc, end.b, end.table, end.ends, y)
    assert y == 0


def test_an_output_stage_and_a_window_cannot_be_changed():
    out = Output(Requant(2**30, 20), 0, -128, 127, np.dtype(np.int8))
    end, twin = (scaled(np.zeros(2, np.int32), out) for _ in range(2))
    assert end == end
    assert end != twin
    for frozen, name in ((end, "ends"), (Window(), "stride")):
        with pytest.raises(AttributeError, match="cannot assign to field"):
            setattr(frozen, name, (1, 1))


def test_a_window_moves_by_one_code_if_nothing_else_is_said():
    assert Window((2, 3)).outputs(np.zeros((1, 1, 9, 9))) == (8, 7)


def some_codes(W):
    return np.random.default_rng(W).integers(0, 256, (2, 3, 2, W), np.uint8)


def test_channels_last_lie_in_one_piece_that_may_be_written():
    q = some_codes(5)
    q.flags.writeable = False
    for image in (q, first(q.transpose(0, 2, 3, 1))):
        x = last(image)
        assert (x.flags.c_contiguous, x.flags.writeable) == (True, True)
        np.testing.assert_array_equal(x, np.moveaxis(q, 1, -1))
        np.testing.assert_array_equal(first(x), q)


@pytest.mark.parametrize("apart", [1, 2, 3, 4])
def test_the_border_is_that_of_numpy_and_columns_lie_apart(apart):
    for W, left, right in np.ndindex(7, 5, 5):
        q, pad = some_codes(W + 1), ((1, 2), (left, right))
        got = bordered(q, Window(pad=pad, Z=9), apart)
        wide = np.pad(q, ((0, 0), (0, 0), *pad), constant_values=9)
        for f in range(apart):
            want = last(wide)[:, :, f::apart]
            n = want.shape[2]
            np.testing.assert_array_equal(got[:, :, f, :n], want)
            assert (got[:, :, f, n:] == 9).all()


def test_a_function_without_a_place_for_a_cache_is_compiled_all_the_same():
    made = {}
    exec("def double(x): return 2 * x", made)
    assert compiled(made["double"])(21) == 42
