"""From a real number to a whole one: five ways.

    name          ties go             2.5    -2.5   who does it
    half_even     to the even one       2      -2   IEEE 754, PyTorch, ONNX
    half_away     away from zero        3      -3   C round(), TFLite, ncnn
    half_up       upwards               3      -2   TensorFlow's fake_quant
    toward_zero   (no nearest)          2      -2   a C cast
    stochastic    (by lot)         2 or 3  -2 or -3   E[round(x)] = x

The floor of x + 1/2 goes wrong in float64: 0.49999999999999994 + 0.5 is 1.0,
and 2^52 + 1 + 0.5 is 2^52 + 2.  `np.modf` splits x without an error into
whole + fraction, both with the sign of x.

Shapes: x (...) -> (...), whole numbers as floats; infinities stay.
Chapter: affine
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from qlib.arrays import Real

Rounding: TypeAlias = Callable[[Real], Real]


def half_even(x: Real) -> Real:
    """Nearest whole number; ties go to the even one, without a drift.

    >>> half_even(np.array([0.5, 1.5, 2.5, -2.5]))
    array([ 0.,  2.,  2., -2.])
    """
    return np.rint(x)


def half_away(x: Real) -> Real:
    """Nearest whole number; ties go away from zero.

    >>> half_away(np.array([0.5, 1.5, 2.5, -2.5]))
    array([ 1.,  2.,  3., -3.])
    """
    fraction, whole = np.modf(x)
    return whole + (fraction >= 0.5) - (fraction <= -0.5)


def half_up(x: Real) -> Real:
    """Nearest whole number; ties go upwards, to plus infinity.

    >>> half_up(np.array([0.5, 1.5, 2.5, -2.5]))
    array([ 1.,  2.,  3., -2.])
    """
    fraction, whole = np.modf(x)
    return whole + (fraction >= 0.5) - (fraction < -0.5)


def toward_zero(x: Real) -> Real:
    """The whole number next to x on the side of zero.

    >>> toward_zero(np.array([0.5, 1.9, -1.9]))
    array([ 0.,  1., -1.])
    """
    return np.trunc(x)


def stochastic(rng: np.random.Generator) -> Rounding:
    """Round up with probability equal to the fraction: E[round(x)] = x.

    Whole numbers stay.  The noise is uniform over one step, so it belongs
    after the division by S.  Source: Krishnamoorthi 2018 (arXiv:1806.08342),
    section 2.3, which prints it before the division, where it is unbiased
    only if 1/S is whole.

    >>> lot = stochastic(np.random.default_rng(0))
    >>> float(np.mean(lot(np.full(10_000, 0.3))).round(2))
    0.3
    """

    def round_by_lot(x: Real) -> Real:
        fraction, whole = np.modf(x)
        return whole + np.floor(fraction + rng.random(np.shape(x)))

    return round_by_lot
