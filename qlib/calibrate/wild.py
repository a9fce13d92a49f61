"""KL calibration as found in the wild: five searches that are not eq. (4) of
`qlib.calibrate.kl`, each by its name, with what sets it apart.

             bins of       levels          Q on            smoothing   last i
    NVIDIA   |r|           floor(k L / i)  not empty       none        bins
    ncnn     |r|, r != 0   fractions       all             +1e-4       bins - 1
    BUG1989  r >= 0        floor(k / n)    P not empty     0 -> 1e-4   bins - 2
    MXNet    r             floor(k / n)    not empty       moved       bins / 2
    ORT      r             floor(k / n)    all             moved       bins / 2

n = floor(i / L) bins make a level, the rest goes to the last one, so that up
to L - 1 bins more are in it than in any other.

Source: see each function.   Chapter: calibration
"""

import numpy as np

from qlib.arrays import Code, Range, Real
from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import clip, divergence, kl_at
from qlib.calibrate.search import Choice, check, first_minimum, merged
from qlib.calibrate.smoothing import move_epsilon


def nvidia(h: Histogram, levels: int = 128) -> Choice:
    """Bin 0 becomes a copy of bin 1; the full range is a candidate; the
    threshold is an edge, m width; and the LAST minimum counts.

    Where no bin that is kept holds values, the source's D is NaN, and its
    argmin takes NaN for the minimum: the first bins must not be empty.
    Shapes: h of |r|.
    Raises: ValueError unless bins go from 0 on, more of them than levels.
    Source: NVIDIA/TensorRT 1637a26, tools/pytorch-quantization,
    calib/histogram.py, `_compute_amax_entropy`.

    >>> nvidia(Histogram(np.array([99, 4, 3, 2, 1]), 0.0, 5.0), 2)[:3]
    (4, -4.0, 4.0)
    """
    check(h, levels)
    c = h.counts.copy()
    c[0] = c[1]
    D = [
        kl_at(c, i, levels) if c[:i].any() else np.nan
        for i in range(levels, len(c) + 1)
    ]
    m = len(c) - first_minimum(D[::-1], 0)
    return Choice(m, -m * h.width, m * h.width, np.array(D))


def ncnn(h: Histogram, levels: int = 128) -> Choice:
    """A bin that straddles two levels is split between them: Q is a line
    through the cumulative sums of P at the `levels` + 1 edges of the levels.

    1e-4 is added to each bin of P and of Q, and neither is normalized again.
    The source sums in float32, here it is float64: D differs by up to 7e-8
    on the ten recorded histograms, m does not.
    Shapes: h of |r| for the r that are not 0.   Raises: as `nvidia`.
    Source: Tencent/ncnn a4d2ea1d, tools/quantize/ncnn2table.cpp, quantize_KL.

    >>> ncnn(Histogram(np.array([9, 4, 3, 2, 1]), 0.0, 5.0), 2)[:3]
    (4, -4.5, 4.5)
    """
    check(h, levels)
    p = h.counts / h.counts.sum()
    below, D = np.append(0.0, np.cumsum(p)), []
    for i in range(levels, len(p)):
        k, edges = np.arange(i + 1), np.arange(levels + 1) * i / levels
        at_edges = np.interp(edges, k, below[: i + 1])
        P, Q = clip(p, i) + 1e-4, np.diff(np.interp(k, edges, at_edges)) + 1e-4
        D.append(np.sum(P * np.log(P / Q)))
    m = first_minimum(D, levels)
    T = (m + 0.5) * h.width
    return Choice(m, -T, T, np.array(D))


def bug1989(h: Histogram, levels: int = 128, lost: int = 1) -> Choice:
    """The converter for Caffe: `stop = -1` leaves the last bin of Q empty.

    Bin 0 is dropped, and m then counts from bin 1 but not the threshold,
    (m + 1/2) width.  Empty bins of P and of Q become 1e-4 counts.
    lost  bins at the end of Q that get nothing: 0 repairs the bug

    Shapes: h of r >= 0, over (0, max |r|): negative values are not seen.
    Raises: as `nvidia`.
    Source: BUG1989/caffe-int8-convert-tools 93ec69e,
    caffe-int8-convert-tool-dev-weight.py, `threshold_distribution`.

    >>> h = Histogram(np.array([8, 6, 4, 3, 1, 1, 1]), 0.0, 7.0)
    >>> bug1989(h, 2)[:3], bug1989(h, 2, lost=0)[:3]
    ((5, -5.5, 5.5), (3, -3.5, 3.5))
    """
    check(h, levels)
    c, D = h.counts[1:].astype(np.float64), []
    for i in range(levels, len(c)):
        P = clip(c, i)
        Q = np.where(P > 0, merged(c[:i], np.sign(P), levels, i - lost), 0)
        D.append(divergence(*(np.where(x == 0, 1e-4, x) for x in (P, Q))))
    m = first_minimum(D, levels)
    T = (m + 0.5) * h.width
    return Choice(m, -T, T, np.array(D))


def mxnet(h: Histogram, levels: int = 255, lost: int = 1) -> Choice:
    """Both half axes at once, around the middle bin; `stop = -1` as above.

    The threshold is the upper edge; empty bins take 1e-4 counts from others.
    Shapes: h over (-max |r|, max |r|), an odd number of bins: 8001.
    Raises: ValueError for other bins, and for fewer than levels.
    Source: apache/mxnet 66c6ddac, python/mxnet/contrib/quantization.py,
    `_get_optimal_threshold`.

    >>> mxnet(Histogram(np.array([1, 2, 9, 9, 9, 2, 1]), -7.0, 7.0), 3)[:3]
    (3, -7.0, 7.0)
    """
    check(h, levels, middle=True)
    if len(h.counts) % 2 == 0:
        raise ValueError(f"bins must be odd in number, got {len(h.counts)}")
    middle, D = len(h.counts) // 2, []
    for i in range(levels // 2, middle + 1):
        kept, P = _around(h, i)
        reach = len(kept) - lost
        Q = merged(kept, np.sign(kept), levels, reach)
        Q[kept == 0] = 0
        D.append(_smooth(P, Q))
    m = first_minimum(D, levels // 2)
    T = h.rmin + (middle + m + 1) * h.width
    return Choice(m, -T, T, np.array(D))


def onnxruntime(h: Histogram, seen: Range, levels: int = 128) -> Choice:
    """As `mxnet`, but Q is cut to whole counts, goes to empty bins too, and
    leaves the bins that do not fill a level empty.

    Its entropy calibrator has 128 bins for 128 levels unless told otherwise,
    and `quantize_static` cannot tell it: one candidate, the full range.
    seen  the extremes of the data: the range is cut to them

    Shapes: h over (-max |r|, max |r|).
    Raises: ValueError for other bins, for fewer than levels, and unless
    `seen` are two finite numbers in order.
    Source: ONNX Runtime 1.31.1, onnxruntime/quantization/calibrate.py,
    `get_entropy_threshold`.

    >>> h = Histogram.of(np.array([0.0, 1, 1, 2, 9]), 128, (-9, 9))
    >>> onnxruntime(h, (0.0, 9.0))[:3]
    (64, 0.0, 9.0)
    """
    check(h, levels, middle=True)
    if not -np.inf < seen[0] <= seen[1] < np.inf:
        raise ValueError(f"seen must be finite, rmin <= rmax, got {seen}")
    bins, D = len(h.counts), []
    for i in range(levels // 2, bins // 2 + 1):
        kept, P = _around(h, i)
        reach = len(kept) // levels * levels
        Q = np.trunc(merged(kept, np.sign(P), levels, reach))
        D.append(_smooth(P, Q))
    m = first_minimum(D, levels // 2)
    edges = np.linspace(h.rmin, h.rmax, bins + 1)
    low = max(edges[bins // 2 - m], seen[0])
    high = min(edges[min(bins // 2 + m + 1, bins)], seen[1])
    return Choice(m, float(low), float(high), np.array(D))


def _around(h: Histogram, i: int) -> tuple[Code, Code]:
    """The bins up to i from the middle one, and with what lies beyond."""
    middle = len(h.counts) // 2
    start, stop = middle - i, middle + i + 1
    kept = h.counts[start:stop]
    P = kept.copy()
    P[0] += h.counts[:start].sum()
    P[-1] += h.counts[stop:].sum()
    return kept, P


def _smooth(P: Code, Q: Real) -> float:
    """D after smoothing, in float32 as both sources have it."""
    p, q = (move_epsilon(x.astype(np.float32)) for x in (P, Q))
    return divergence(p, q)
