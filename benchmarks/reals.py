"""How long the numpy runner takes for the 1,797 digits, beside torch.

    .venv/bin/python -m benchmarks.reals

Both run the same stored network in float32 on one thread, in turns, five
times each; the medians and their ratio are printed.
"""

from functools import partial
from statistics import median
from time import perf_counter

import torch

from qlib import zoo
from qlib.data import load
from qlib.net.real import result
from qlib.train.blocks import keras_cnn, mobilenet
from qlib.train.fill import fill
from qlib.zoo.mobilenet import DIGITS

ROUNDS = 5
DATA = {"digits": "digits", "cnn": "digits28"}
MODULES = {"digits": partial(mobilenet, DIGITS), "cnn": keras_cnn}


def seconds(call, *arguments):
    """The time of one call."""
    start = perf_counter()
    call(*arguments)
    return perf_counter() - start


def compare(family, data):
    """Medians of both, in seconds, and the number of images."""
    net, x = zoo.load(f"{family}-0"), load(data).x
    module, images = fill(MODULES[family](), net).eval(), torch.tensor(x)
    ours, theirs = [], []
    with torch.no_grad():
        for _ in range(ROUNDS):
            ours.append(seconds(result, net, x))
            theirs.append(seconds(module, images))
    return median(ours), median(theirs), len(x)


def main():
    torch.set_num_threads(1)
    for family, data in DATA.items():
        a, b, n = compare(family, data)
        print(
            f"{family}: numpy {1000 * a:.0f} ms, torch {1000 * b:.0f} ms, "
            f"ratio {a / b:.2f}, {n} images"
        )


if __name__ == "__main__":
    main()
