"""Smoothing: what is done to counts so that no bin of Q is empty.

Where P > 0 and Q = 0, D(P || Q) is infinite: Q holds values to be impossible
that occur.  A smoothing goes from counts to counts; both P and Q pass it.

Chapter: calibration
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from qlib.arrays import Real

Smoothing: TypeAlias = Callable[[Real], Real]


def unsmoothed(p: Real) -> Real:
    """As they are.   Source: the slides of Migacz (`qlib.calibrate.kl`).

    >>> unsmoothed(np.array([0.0, 2.0]))
    array([0., 2.])
    """
    return p


def add_epsilon(p: Real) -> Real:
    """1e-4 of all counts to every bin, empty or not.   Source: ncnn, which
    takes Q's share from the sum of P (`qlib.calibrate.wild.ncnn`).

    >>> add_epsilon(np.array([0.0, 10.0]))
    array([1.0000e-03, 1.0001e+01])
    """
    return p + 1e-4 * float(p.sum())


def move_epsilon(p: Real) -> Real:
    """1e-4 counts to every empty bin, taken equally from the others.

    Raises: ValueError if the others hold too little to take it from.
    Source: `_smooth_distribution` in python/mxnet/contrib/quantization.py.

    >>> move_epsilon(np.array([0.0, 10.0]))
    array([1.0000e-04, 9.9999e+00])
    """
    n = int((p == 0).sum())
    if n == p.size:
        return p
    each = 1e-4 * n / (p.size - n)
    if not (p[p > 0] > each).all():
        raise ValueError(
            f"each bin that is not empty must hold more than {each} counts, "
            f"which the {n} empty ones take, got {p[p > 0].min()}"
        )
    smoothed: Real = np.where(p == 0, 1e-4, p - each)
    return smoothed
