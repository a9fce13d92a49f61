"""How long KL calibration takes, beside ONNX Runtime's, and a histogram,
beside a copy of the same memory.

    .venv/bin/python -m benchmarks.calibration

KL: 2048 bins to 128 levels, the histogram is built; five tensors of 200,000
values, in turns with `get_entropy_threshold` of ONNX Runtime on its own
histogram of them, over both half axes.  The first search with a number of
bins and of levels also lists the intervals; it is given by itself.
Histogram: 10^7 float32 values into 2048 bins, in turns with `np.copyto`;
GB/s are bytes read, and for the copy bytes read and written.
One thread, its own processor time (`thread_time`: other processes do not
count), medians.
"""

from datetime import date
from statistics import median
from time import thread_time

import numpy as np
import onnxruntime
from onnxruntime.quantization.calibrate import HistogramCollector

from qlib.calibrate.histogram import Histogram
from qlib.calibrate.kl import kl_curve, kl_threshold

ROUNDS, OURS, COPIES = 3, 20, 11
TENSORS = {
    "relu": lambda rng: np.maximum(rng.normal(size=200_000), 0),
    "normal": lambda rng: rng.normal(size=200_000),
    "laplace": lambda rng: rng.laplace(size=200_000),
    "lognormal": lambda rng: rng.lognormal(size=200_000),
    "outlier": lambda rng: np.append(rng.normal(size=199_999), 100),
}
TOOL = HistogramCollector("entropy", True, 2048, 128, 99.99, "same")


def seconds(call, *arguments):
    """The processor time of one call on this thread."""
    start = thread_time()
    call(*arguments)
    return thread_time() - start


def pair(r):
    """Both histograms of a tensor, each as its search takes it."""
    a = np.float64(abs(r).max())
    counts, edges = np.histogram(r, 2048, (-a, a))
    theirs = counts, edges, np.float64(r.min()), np.float64(r.max()), a
    return Histogram.of(abs(r), over=(0, a)), theirs


def compare(h, theirs):
    """Medians of kl_threshold, its definition, and ONNX Runtime's search."""
    fast, slow, other = [], [], []
    for _ in range(ROUNDS):
        for _ in range(OURS):
            fast.append(seconds(kl_threshold, h.counts, h.width))
        slow.append(seconds(kl_curve, h.counts))
        other.append(seconds(TOOL.get_entropy_threshold, theirs, 128))
    return median(fast), median(slow), median(other)


def searches(rng):
    ratios, times = [], []
    for name, draw in TENSORS.items():
        fast, slow, other = compare(*pair(draw(rng)))
        times.append(fast)
        ratios.append(other / fast)
        print(
            f"{name}: {1000 * fast:.2f} ms, as defined {1000 * slow:.0f} ms, "
            f"ONNX Runtime {1000 * other:.0f} ms, ratio {ratios[-1]:.0f}"
        )
    print(
        f"median {1000 * median(times):.2f} ms per tensor, "
        f"{median(ratios):.0f} times faster"
    )


def histogram(rng):
    r = rng.normal(size=10**7).astype(np.float32)
    to, counting, copying = np.empty_like(r), [], []
    for _ in range(COPIES):
        counting.append(seconds(Histogram.of, r))
        copying.append(seconds(np.copyto, to, r))
    t, c = median(counting), median(copying)
    print(
        f"histogram: {1000 * t:.0f} ms, {r.nbytes / t / 1e9:.2f} GB/s, "
        f"{t / c:.1f} copies; copy {2 * r.nbytes / c / 1e9:.1f} GB/s"
    )


def main():
    rng = np.random.default_rng(0)
    print(
        f"{date.today()}, numpy {np.__version__}, "
        f"onnxruntime {onnxruntime.__version__}"
    )
    h, _ = pair(TENSORS["normal"](rng))
    first = seconds(kl_threshold, h.counts, h.width)
    print(f"first search: {1000 * first:.0f} ms")
    searches(rng)
    histogram(rng)


if __name__ == "__main__":
    main()
