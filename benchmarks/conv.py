"""How fast integers are: qlib beside LiteRT, ONNX Runtime, torch and ncnn.

    .venv/bin/python -m benchmarks.conv [rounds]

Five layers, batch 1 and 8; MobileNetV2 1.0 at 224 x 224; the 1,797 digits,
fold by fold.  One thread, engines in turns of a few milliseconds, the time
of the process's own (`process_time`: other processes do not count, hidden
threads do), medians; in brackets the ratio to the fastest.  Each reads and
writes the order in memory that suits it, and has its weights prepared.

Engines round differently: where the codes of one are more than one from those
of qlib on the same net, the run ends.  ONNX Runtime and torch get uint8
activations, ncnn symmetric ones.  Whole nets have an exporter for LiteRT.
"""

import sys
from datetime import date
from importlib.metadata import version
from os import getloadavg
from platform import machine
from statistics import median
from time import process_time

import numpy as np
import torch

from benchmarks.engines import ENGINES, fast_path, litert, readable
from qlib import zoo
from qlib.affine import quantize
from qlib.data import load
from qlib.data.digits import folds
from qlib.grid import INT8, INT8_NARROW, UINT8
from qlib.int8.program import lower, run
from qlib.net.collect import ranges
from qlib.net.fold import fold
from qlib.net.qlayers import QConv, QDense
from qlib.net.quantize import quantize_net
from qlib.net.quantized import QNet
from qlib.net.window import around
from qlib.qparams import QParams
from qlib.zoo.mobilenet import mobilenet_v2

SLICE = 0.004  # seconds of each engine's turn, or one call
PACKAGES = "ai-edge-litert", "onnxruntime", "torch", "ncnn", "numba", "numpy"
LAYERS = {  # (C, H, W), (K, C / groups, kh, kw); a dense one has no image
    "1x1, 56x56, 24>144": ((24, 56, 56), (144, 24, 1, 1)),
    "1x1, 14x14, 384>64": ((384, 14, 14), (64, 384, 1, 1)),
    "3x3, 28x28, 64>64": ((64, 28, 28), (64, 64, 3, 3)),
    "depthwise 3x3, 28x28x192": ((192, 28, 28), (192, 1, 3, 3)),
    "dense 1280>1000": ((1280,), (1000, 1280)),
}
ACTIVATIONS = {  # the grid, and Z of x and y
    "int8": (INT8, 3, -5),
    "uint8": (UINT8, 131, 123),
    "symmetric": (INT8_NARROW, 0, 0),
}


def layer(rng, shape, kernel, grid, Z_x, Z_y):
    """A QNet of one layer whose codes fill about half of the grid."""
    w = rng.integers(-127, 128, kernel).astype(np.int8)
    S = 0.006 / np.sqrt(w[0].size) * np.exp(rng.normal(0, 0.2, len(w)))
    args = "x", "y", w, QParams(S, 0, INT8_NARROW, 0), rng.normal(0, 9, len(w))
    if len(shape) == 1:
        op = QDense(*args)
    else:
        pad, groups = around(kernel[2] // 2), shape[0] // kernel[1]
        op = QConv(*args, pad=pad, groups=groups)
    x, y = QParams(1.0, Z_x, grid), QParams(1.0, Z_y, grid)
    return QNet(shape, (op,), {"x": x, "y": y})


def seconds(call):
    """The time of one call."""
    start = process_time()
    call()
    return process_time() - start


def medians(calls, rounds):
    """Name -> seconds; the engines in turns."""
    taken = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            until = process_time() + SLICE
            while process_time() < until:
                taken[name].append(seconds(call))
    return {name: median(times) for name, times in taken.items()}


def report(title, times):
    """One line per engine."""
    fastest = min(times.values())
    print(title)
    for name, t in times.items():
        print(f"  {name:22} {1e6 * t:10.1f} us  ({t / fastest:.2f})")


def prepared(name, batch):
    """Engine -> what to time, once its codes are known to be right."""
    shape, kernel = LAYERS[name]
    calls = {}
    for engine, (prepare, kind) in ENGINES.items():
        rng, (grid, *Z) = np.random.default_rng(0), ACTIVATIONS[kind]
        net = layer(rng, shape, kernel, grid, *Z)
        x = rng.integers(grid.qmin, grid.qmax + 1, (batch, *shape))
        x = x.astype(grid.dtype)
        calls[engine], codes = prepare(net, x)
        want = run(net, lower(net), x)["y"].astype(int)
        off = np.abs(codes().astype(int) - want).max()
        if off > 1 or (off and engine.startswith("qlib")):
            sys.exit(f"{engine}, {name}: codes are {off} from those of qlib")
    return calls


def whole_net(size=224):
    """MobileNetV2, and codes of one image for it."""
    x = np.random.default_rng(0).normal(size=(1, 3, size, size))
    net = fold(mobilenet_v2(size=size))
    qnet = quantize_net(net, ranges(net, [x]))
    return qnet, quantize(x, qnet.qparams["x"])


def digits():
    """Fold by fold: the net, and the codes of the images it never saw."""
    data = load("digits")
    for i, part in enumerate(folds()):
        net = fold(zoo.load(f"digits-{i}"))
        qnet = quantize_net(net, ranges(net, [data.x[part.calibration]]))
        yield qnet, quantize(data.x[part.test], qnet.qparams["x"])


def all_of(prepare):
    """What to time: the five test parts, 1,797 digits in all."""
    calls = [prepare(qnet, x)[0] for qnet, x in digits()]
    return lambda: [call() for call in calls]


def main():
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"{date.today()}, {machine()}, load {getloadavg()[0]:.1f}")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for name in LAYERS:
        for batch in (1, 8):
            times = medians(prepared(name, batch), rounds)
            report(f"{name}, batch {batch}", times)
    ours = {"qlib, fast": fast_path, "qlib, readable": readable}
    engines = ours | {"LiteRT, XNNPACK": litert}
    calls = {name: e(*whole_net())[0] for name, e in engines.items()}
    report("MobileNetV2 1.0, 224x224, batch 1", medians(calls, rounds))
    calls = {name: all_of(prepare) for name, prepare in ours.items()}
    report("1,797 digits, five networks", medians(calls, rounds))


if __name__ == "__main__":
    main()
