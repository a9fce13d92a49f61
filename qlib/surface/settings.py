"""What is clipped: a tensor, to T, on a grid of b bits.

    T = share * max |r|                                             (1)
    [0, 2^b - 1] over [0, T]                  if no r is negative   (2)
    [1 - 2^(b-1), 2^(b-1) - 1] over [-T, T]   if some are           (3)

Z = 0 on both grids, so that a code is a number of steps, and (2) is as fine
as int8 with a zero point.  max |r| is that of the calibration images.  All
other tensors keep int8 with their min-max range, and weights int8 with a
scale per filter.  The last place clips all inner tensors at once, to the
same share of each; the input's range is known, and the logits are the
answer: these two stay in int8 there.

The networks are the five of `digits`, folded; each is tested on the images
that it never saw.   Chapter: calibration
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import numpy as np

from qlib.arrays import Code, Range, Real
from qlib.calibrate.half_axis import cut, qparams
from qlib.data.digits import folds, scans
from qlib.grid import Grid, narrow, signed, unsigned
from qlib.net.collect import ranges
from qlib.net.fold import fold
from qlib.net.graph import Net
from qlib.net.quantize import quantize_net
from qlib.net.quantized import QNet
from qlib.net.real import result
from qlib.zoo import folds as networks

Rule: TypeAlias = Callable[[str, Grid], Range]
BITS = (8, 6, 5, 4, 3, 2)
SHARES = np.arange(1, 65) / 64


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, what it was calibrated with, and what it is tested on.

    net, qnet    folded, in reals; all in int8 with min-max
    ranges       (rmin, rmax) of each tensor
    calibration  (500, 1, 8, 8), of its training part
    images       (n, 1, 8, 8), of its test part
    labels       (n,)
    logits       (n, 10), in reals
    """

    net: Net
    qnet: QNet
    ranges: dict[str, Range]
    calibration: Real
    images: Real
    labels: Code
    logits: Real


@cache
def subject(i: int) -> Subject:
    """Network i, in float64: no answer hangs on the order of additions."""
    net, part, data = fold(networks("digits")[i]), folds()[i], scans()
    images = data.x[part.calibration].astype(np.float64)
    tests = data.x[part.test].astype(np.float64)
    found = ranges(net, [images])
    return Subject(
        net=net,
        qnet=quantize_net(net, found),
        ranges=found,
        calibration=images,
        images=tests,
        labels=data.y[part.test],
        logits=result(net, tests),
    )


@cache
def places() -> tuple[tuple[str, ...], ...]:
    """The tensors that are clipped together: each, then all inner ones.

    Tensors that share (S, Z) count as one.
    """
    s = subject(0)
    shared: dict[int, list[str]] = {}
    for name in (s.net.input, *(op.y for op in s.qnet.ops)):
        shared.setdefault(id(s.qnet.qparams[name]), []).append(name)
    groups = [tuple(names) for names in shared.values()]
    return *groups, tuple(name for names in groups[1:-1] for name in names)


def grid_of(r: Range, bits: int) -> Grid:
    """The grid of eq. (2) or (3), by the sign of rmin."""
    return unsigned(bits) if r[0] >= 0 else narrow(signed(bits))


def regridded(s: Subject, names: Iterable[str], bits: int, rule: Rule) -> QNet:
    """The network with these tensors on grids of so many bits.

    rule  (name, grid) -> the range
    """
    chosen = dict(s.qnet.qparams)
    for name in names:
        grid = grid_of(s.ranges[name], bits)
        chosen[name] = qparams(*rule(name, grid), grid)
    return replace(s.qnet, qparams=chosen)


def clipped(s: Subject, names: Iterable[str], share: float, bits: int) -> QNet:
    """The network with these tensors clipped to a share of max |r|."""

    def rule(name: str, grid: Grid) -> Range:
        rmin, rmax = s.ranges[name]
        return cut(rmin, rmax, share * max(-rmin, rmax), grid)

    return regridded(s, names, bits, rule)
