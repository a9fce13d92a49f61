"""Collecting: however the inputs are cut, the histograms are the same."""

import io
import os
import re
import sys

import numpy as np
import pytest

from qlib.calibrate.histogram import Histogram
from qlib.net.collect import collect, collect_magnitudes, ranges
from qlib.net.graph import Conv, Flatten, Net, Relu, around
from qlib.net.progress import progress
from qlib.net.real import run

RNG = np.random.default_rng(0)
NET = Net(
    (2, 5, 5),
    (
        Conv("x", "c", RNG.normal(size=(4, 2, 3, 3)), pad=around(1)),
        Relu("c", "r"),
        Flatten("r", "y"),
    ),
)
X = RNG.normal(size=(12, 2, 5, 5)) * np.arange(1, 13)[:, None, None, None]


def same(a, b):
    return (a.rmin, a.rmax) == (b.rmin, b.rmax) and (
        a.counts.tolist() == b.counts.tolist()
    )


@pytest.mark.parametrize("cuts", [[], [6], [1, 2, 11], range(1, 12)])
def test_histograms_do_not_depend_on_the_batches(cuts):
    found = collect(NET, np.split(X, cuts), bins=64)
    for name in ("x", "c", "r", "y"):
        values = np.concatenate([run(NET, x[None])[name] for x in X])
        assert same(found[name], Histogram.of(values, 64)), name


def test_magnitudes_start_at_zero_and_end_at_the_largest():
    found = collect_magnitudes(NET, np.split(X, 3), bins=64)
    values = np.abs(np.concatenate([run(NET, x[None])["c"] for x in X]))
    want = Histogram.of(values, 64, (0, values.max()))
    assert same(found["c"], want)


def test_ranges_are_the_extremes_of_every_tensor():
    found = ranges(NET, [X[:5], X[5:]])
    assert found["x"] == (X.min(), X.max())
    assert [*found] == ["x", "c", "r", "y"]
    assert found["r"] == (0, found["c"][1])


BAD = [
    ([], "batches must be a sequence of at least one batch"),
    (X[:0], "batches must be a sequence of at least one batch"),
    ([X[:0]], "input x must have shape (N, 2, 5, 5), N > 0, got (0,"),
    ([X, X[:0]], "input x must have shape (N, 2, 5, 5), N > 0, got (0,"),
    (iter([X]), "read twice, got list_iterator"),
    (X, "input x must have shape (N, 2, 5, 5)"),
    ([X * np.nan], "input x must be finite"),
    ([X, X + np.inf], "input x must be finite"),
]


@pytest.mark.parametrize(("batches", "message"), BAD)
def test_bad_batches_are_refused(batches, message):
    for door in (collect, collect_magnitudes, ranges):
        with pytest.raises(ValueError, match=re.escape(message)):
            door(NET, batches)


class Changing(list):
    """Other values on the second reading."""

    def __iter__(self):
        self[0] = self[0] * 2
        return super().__iter__()


def test_batches_that_change_between_the_passes_are_refused():
    with pytest.raises(ValueError, match=r"r must be in \["):
        collect(NET, Changing([X]))


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="bins must be at least 1, got 0"):
        collect(NET, [X], bins=0)


class Kernel(io.StringIO):
    """A stderr as ipykernel sets it: what is written ends up in the page."""

    def __init__(self, descriptor):
        super().__init__()
        self._original_stdstream_copy = descriptor


def test_the_bar_goes_to_the_terminal_and_never_to_the_page(monkeypatch):
    ours, theirs = os.openpty()
    page = Kernel(theirs)
    monkeypatch.setattr(sys, "stderr", page)
    assert list(progress([1, 2, 3], "counting")) == [1, 2, 3]
    seen = ""
    while not seen.endswith("\n"):  # a terminal hands over what it has
        seen += os.read(ours, 10_000).decode()
    assert "counting [##########                    ] 1/3" in seen
    assert seen.endswith(f"[{'#' * 30}] 3/3\r\n")
    assert page.getvalue() == ""
    os.close(ours), os.close(theirs)


def test_without_a_terminal_nothing_is_said(monkeypatch, capfd, tmp_path):
    assert list(progress([1, 2, 3], "counting")) == [1, 2, 3]
    with open(tmp_path / "log", "w") as log:
        monkeypatch.setattr(sys, "stderr", Kernel(log.fileno()))
        assert list(progress([1, 2, 3], "counting")) == [1, 2, 3]
    assert (tmp_path / "log").read_text() == ""
    assert capfd.readouterr() == ("", "")
