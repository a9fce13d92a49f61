"""Histograms of every tensor of a network, over batches of inputs.

    pass 1   the extremes of each tensor, over all batches
    pass 2   its histogram over [rmin, rmax], batch by batch, added up

Two passes make the result exact: it is the histogram of all values at once,
however they are cut into batches.  A histogram that grows with the batches
must move counts between bins (`Histogram.merge`).

Chapter: calibration
"""

from collections.abc import Callable, Sequence

import numpy as np

from qlib.arrays import Range, Real
from qlib.calibrate.histogram import Histogram, extremes
from qlib.net.graph import Net
from qlib.net.progress import progress
from qlib.net.real import run


def ranges(net: Net, batches: Sequence[Real]) -> dict[str, Range]:
    """The extremes (rmin, rmax) of every tensor, the input included.

    Shapes: each batch (N, *net.shape).
    Raises: ValueError for no batch, and as `run`.

    >>> from qlib.net.graph import Relu
    >>> net = Net((2,), (Relu("x", "y"),))
    >>> ranges(net, [np.array([[-1.0, 2.0]]), np.array([[0.0, 3.0]])])
    {'x': (-1.0, 3.0), 'y': (0.0, 3.0)}
    """
    found: dict[str, Range] = {}
    for batch in progress(_batches(batches), "ranges"):
        for name, r in run(net, batch).items():
            low, high = extremes(r)
            rmin, rmax = found.get(name, (low, high))
            found[name] = min(rmin, low), max(rmax, high)
    return found


def collect(
    net: Net, batches: Sequence[Real], bins: int = 2048
) -> dict[str, Histogram]:
    """The histogram of every tensor, the input included, over its extremes.

    Shapes: each batch (N, *net.shape).
    Raises: ValueError for no batch, bins < 1, values outside the first range
    when batches are read again, and as `run`.

    >>> from qlib.net.graph import Relu
    >>> net = Net((2,), (Relu("x", "y"),))
    >>> batches = [np.array([[-1.0, 2.0]]), np.array([[0.0, 3.0]])]
    >>> collect(net, batches, bins=3)["y"].counts
    array([2, 0, 2])
    """
    return _count(net, batches, bins, ranges(net, batches), np.positive)


def collect_magnitudes(
    net: Net, batches: Sequence[Real], bins: int = 2048
) -> dict[str, Histogram]:
    """The histogram of |r| for every tensor, over [0, max |r|].

    Shapes: each batch (N, *net.shape).   Raises: as `collect`.

    >>> from qlib.net.graph import Relu
    >>> net = Net((2,), (Relu("x", "y"),))
    >>> batches = [np.array([[-1.0, 2.0]]), np.array([[0.0, 3.0]])]
    >>> collect_magnitudes(net, batches, bins=3)["x"].counts
    array([1, 1, 2])
    """
    extreme = ranges(net, batches).items()
    over = {name: (0.0, max(-low, high)) for name, (low, high) in extreme}
    return _count(net, batches, bins, over, np.abs)


def _count(
    net: Net,
    batches: Sequence[Real],
    bins: int,
    over: dict[str, Range],
    view: Callable[[Real], Real],
) -> dict[str, Histogram]:
    """Pass 2: one range for all batches, so that merging is adding."""
    total: dict[str, Histogram] = {}
    for batch in progress(_batches(batches), "counting"):
        for name, r in run(net, batch).items():
            h = Histogram.of(view(r), bins, over[name])
            total[name] = total[name].merge(h) if name in total else h
    return total


def _batches(batches: Sequence[Real]) -> Sequence[Real]:
    """Batches that can be read twice."""
    if not hasattr(batches, "__len__") or len(batches) == 0:
        raise ValueError(
            "batches must be a sequence of at least one batch, read twice, "
            f"got {type(batches).__name__}"
        )
    return batches
