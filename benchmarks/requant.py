"""How fast accumulators become codes, beside a copy of the same memory.

    .venv/bin/python -m benchmarks.requant

10^6 int32 accumulators become int8 codes, per tensor and per channel, in
turns with a copy of the accumulators; one thread, its own processor time
(`thread_time`: other processes do not count), medians of 51 rounds.  GB/s
are bytes read and written: 4 + 1 for each code, 4 + 4 for each copy.
"""

from datetime import date
from statistics import median
from time import thread_time

import numpy as np

from qlib.grid import INT8
from qlib.qparams import QParams
from qlib.requant import (
    multiply,
    multiply_single_rounding,
    multiply_ties_up,
    requant_from_real,
    requantize,
)

ROUNDS, CHANNELS, SHAPE = 51, 64, (1, 64, 125, 125)
WAYS = [multiply, multiply_ties_up, multiply_single_rounding]


def seconds(call, *arguments):
    """The processor time of one call on this thread."""
    start = thread_time()
    call(*arguments)
    return thread_time() - start


def runs(rng):
    """Name -> call; the accumulators are those of 9 channels of int8."""
    acc = rng.normal(0, 3e4, SHAPE).astype(np.int32)
    M = rng.uniform(5e-4, 2e-3, (CHANNELS, 1, 1))
    qp, to = QParams(0.02, 3, INT8), np.empty_like(acc)
    tensor, channels = requant_from_real(M.mean()), requant_from_real(M)
    yield "copy", acc.nbytes * 2, np.copyto, (to, acc)
    for way in WAYS:
        for name, rq in [("tensor", tensor), ("channel", channels)]:
            words = f"{way.__name__}, per {name}"
            yield words, acc.size * 5, requantize, (acc, rq, qp, way)


def main():
    table = [*runs(np.random.default_rng(0))]
    taken = {name: [] for name, *_ in table}
    for _ in range(ROUNDS):
        for name, _, call, arguments in table:
            taken[name].append(seconds(call, *arguments))
    print(f"{date.today()}, numpy {np.__version__}, 10^6 int32 -> int8")
    copying = median(taken["copy"])
    for name, size, *_ in table:
        t = median(taken[name])
        print(
            f"{name}: {1000 * t:.2f} ms, {size / t / 1e9:.2f} GB/s, "
            f"{t / copying:.1f} copies"
        )


if __name__ == "__main__":
    main()
