"""The accuracy surface: measured again by other means, and kept whole."""

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qlib.affine import affine_qparams, dequantize, quantize
from qlib.export.tflite import to_tflite
from qlib.grid import INT8
from qlib.int8.program import lower, run
from qlib.int8.step import apply
from qlib.surface import store
from qlib.surface.measure import compare, logits
from qlib.surface.settings import (
    BITS,
    SHARES,
    clipped,
    grid_of,
    places,
    subject,
)
from qlib.surface.store import load
from tests.oracles.test_whole_net_litert import every_tensor

SAMPLE = [
    [int(np.random.default_rng(seed).integers(n)) for n in load().lost.shape]
    for seed in range(8)
]


def counted(i, k, b, t):
    s = load()
    return s.lost[i, k, b, t], s.won[i, k, b, t], s.rms[i, k, b, t]


@pytest.mark.parametrize("at", SAMPLE, ids=str)
def test_the_readable_engine_measures_the_same(at):
    i, k, b, t = at
    s = subject(i)
    qnet = clipped(s, places()[k], SHARES[t], BITS[b])
    q = quantize(s.images, qnet.qparams["x"])
    y = run(qnet, lower(qnet), q)["dense"]
    found = compare(i, dequantize(y, qnet.qparams["dense"]))
    assert found == counted(*at)


@pytest.mark.parametrize("k", range(22))
def test_what_is_left_out_before_the_clipped_tensor_changes_nothing(k):
    s, names = subject(1), places()[k]
    qnet = clipped(s, names, SHARES[30], 3)
    q = quantize(s.images, qnet.qparams["x"])
    whole = run(qnet, lower(qnet), q)["dense"]
    want = dequantize(whole, qnet.qparams["dense"])
    np.testing.assert_array_equal(logits(1, qnet, names), want)


@pytest.mark.parametrize("k", [1, 4, 8, 18])
def test_litert_s_bytes_lead_to_the_same_counts(k):
    """Eight bits from 0 are int8 with Z = -128; the last layer is ours."""
    i, t, (name,) = k % 5, 20 + k, places()[k]
    s = subject(i)
    assert s.ranges[name][0] >= 0
    qp = affine_qparams(0, SHARES[t] * s.ranges[name][1], INT8)
    qnet = replace(s.qnet, qparams={**s.qnet.qparams, name: qp})
    q = quantize(s.images, qnet.qparams["x"])
    theirs = every_tensor(to_tflite(qnet), q)["mean"]
    y = apply(lower(qnet)[-1], theirs.reshape(len(q), -1))
    found = compare(i, dequantize(y, qnet.qparams["dense"]))
    assert found == counted(i, k, 0, t)


def test_there_is_an_entry_for_every_activation_and_they_differ():
    s = load()
    assert s.lost.shape == (5, len(places()), len(BITS), len(SHARES))
    alone = {name for names in places()[:-1] for name in names}
    assert alone == set(subject(0).qnet.qparams)
    assert {"x", "dense"}.isdisjoint(places()[-1])
    assert len(np.unique(s.rms[:, :, 2:, :-1])) > 0.9 * s.rms[:, :, 2:].size


def test_a_grid_has_room_for_the_signs_that_occur():
    assert grid_of((0.0, 6.0), 4) == grid_of((0.0, 0.1), 4)
    assert (grid_of((0.0, 6.0), 4).qmin, grid_of((0.0, 6.0), 4).qmax) == (
        0,
        15,
    )
    assert (grid_of((-1.0, 6.0), 4).qmin, grid_of((-1, 6), 4).qmax) == (-7, 7)


def test_words_about_the_code_do_not_change_its_digest():
    said = '"""Says."""\nx = 1  # one\ndef f():\n    "f"\n    return x\n'
    bare = "x = 1\ndef f():\n    return x\n"
    assert store.bare(said) == store.bare(bare)
    assert store.bare(said) != store.bare(bare.replace("1", "2"))


# Loaded by what measures, but without a word in the result: other data sets,
# and packages that hold nothing.
WEIGHTLESS = {"data", "data.cifar", "data.idx", "data.download", "calibrate"}


def test_the_digest_covers_all_code_that_measures():
    code = "import sys, qlib.surface.measure; print(*sys.modules)"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)
    globs = store.SOURCES.split()
    covered = {path for glob in globs for path in store.QLIB.glob(glob)}
    used = {name for name in out.stdout.split() if name.startswith("qlib")}
    assert "qlib.fast.kernels" in used
    for name in used - {f"qlib.{name}" for name in WEIGHTLESS}:
        path = Path(importlib.import_module(name).__file__)
        assert path in covered, name


@pytest.mark.parametrize("what", ["network", "images", "code", "numpy"])
def test_the_digest_changes_with_what_is_measured(what, monkeypatch):
    before = store.key()
    store.key.cache_clear()
    match what:
        case "network":
            monkeypatch.setitem(store.DIGESTS, "digits-3", "0" * 64)
        case "images":
            monkeypatch.setattr(store, "DIGEST", "0" * 64)
        case "code":
            monkeypatch.setattr(store, "bare", lambda source: source)
        case "numpy":
            monkeypatch.setattr(np, "__version__", "1.0")
    assert store.key() != before
    store.key.cache_clear()


WHOLE = store.file().read_bytes()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder for caches."""
    monkeypatch.setenv("QLIB_DATA", str(tmp_path))
    load.cache_clear()
    yield tmp_path
    load.cache_clear()


def test_it_is_measured_once_and_then_read(elsewhere, monkeypatch):
    calls = []
    monkeypatch.setattr(
        store,
        "make",
        lambda: calls.append(0) or store.keep(store.file(), WHOLE),
    )
    for _ in range(2):
        load.cache_clear()
        assert load().n.sum() == 1797
    assert len(calls) == 1
    assert [p.name for p in elsewhere.iterdir()] == [store.file().name]
    with pytest.raises(ValueError, match="read-only"):
        load().lost[0] = 0


def test_it_is_measured_in_a_process_of_its_own(monkeypatch):
    """A notebook, or a script on standard input, is no main to import."""
    calls = []
    monkeypatch.setattr(
        store.subprocess, "run", lambda *what, **how: calls.append((what, how))
    )
    store.make()
    assert calls == [
        (([sys.executable, "-m", "qlib.surface"],), {"check": True})
    ]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_file_that_was_not_finished_is_not_there(
    elsewhere, monkeypatch, step
):
    write = Path.write_bytes

    def fails(path, data):
        if step == "write_bytes":
            write(path, WHOLE[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, step, fails)
    with pytest.raises(KeyboardInterrupt):
        store.keep(store.file(), WHOLE)
    assert list(elsewhere.iterdir()) == []


FLIPPED = WHOLE[:5000] + bytes([WHOLE[5000] ^ 1]) + WHOLE[5001:]
DAMAGED = {
    "empty": b"",
    "cut": WHOLE[:5000],
    "one bit": FLIPPED,
    "text": b"<html>",
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_file_is_refused_with_its_name(elsewhere, how):
    store.file().write_bytes(DAMAGED[how])
    with pytest.raises(ValueError, match=r"surface-.*npz must hold the whole"):
        load()


def test_arrays_that_do_not_belong_together_are_refused():
    parts = {n: a.copy() for n, a in vars(load()).items()}
    parts["won"] = parts["won"][:1]
    with pytest.raises(ValueError, match="places and networks must agree"):
        store.Surface(**parts)
