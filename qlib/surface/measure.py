"""Every setting of the surface, in integers.

    lost   images that the reals read and the clipped network does not   (1)
    won    the other way round                                           (2)
    rms    sqrt(mean((logits - logits in reals)^2)), over images and classes

A setting lowers only the ops that touch what it clips, and runs only the
steps behind the first of them: what comes before is computed once for each
network.  Steps are those of the fast path, whose codes are the engine's.
One process for each core.   Chapter: calibration
"""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import torch

from qlib.affine import dequantize, quantize
from qlib.arrays import Code, Real
from qlib.fast.program import faster
from qlib.int8.lower import lower, steps
from qlib.int8.program import run
from qlib.int8.step import Program, apply
from qlib.net.ops import inputs
from qlib.net.progress import progress
from qlib.net.quantized import QNet
from qlib.surface.settings import BITS, SHARES, clipped, places, subject

NETWORKS = 5


class Base(NamedTuple):
    """The steps of a network with nothing clipped, and all its codes."""

    program: Program
    codes: dict[str, Code]


@cache
def base(i: int) -> Base:
    """Network i; from now on this process has one thread."""
    torch.set_num_threads(1)
    s = subject(i)
    program = faster(s.qnet, lower(s.qnet))
    q = quantize(s.images, s.qnet.qparams[s.qnet.input])
    return Base(program, run(s.qnet, program, q))


def logits(i: int, qnet: QNet, names: Iterable[str]) -> Real:
    """The logits of network i, clipped at these tensors, in units of r."""
    known, changed = base(i), set(names)
    touched = [
        s
        for op in qnet.ops
        if changed & {op.y, *inputs(op)}
        for s in steps(qnet, op)
    ]
    new = {s.y: s for s in faster(qnet, tuple(touched))}
    codes: dict[str, Code] = {}
    if qnet.input in changed:
        r, qp = subject(i).images, qnet.qparams[qnet.input]
        codes[qnet.input] = quantize(r, qp)
    for step in known.program:
        if step.y in new or any(x in codes for x in step.xs):
            xs = (codes.get(x, known.codes[x]) for x in step.xs)
            codes[step.y] = apply(new.get(step.y, step), *xs)
    return dequantize(codes[qnet.output], qnet.qparams[qnet.output])


def compare(i: int, y: Real) -> tuple[int, int, float]:
    """lost, won and rms of network i, if these are its logits."""
    s = subject(i)
    before = s.logits.argmax(1) == s.labels
    now = y.argmax(1) == s.labels
    rms = np.sqrt(np.mean((y - s.logits) ** 2))
    return int(np.sum(before & ~now)), int(np.sum(~before & now)), float(rms)


def place(i: int, k: int) -> Real:
    """All settings of one place.   Shapes: (BITS, SHARES, 3)."""
    s, names = subject(i), places()[k]
    found = [
        compare(i, logits(i, clipped(s, names, share, bits), names))
        for bits in BITS
        for share in SHARES
    ]
    return np.reshape(found, (len(BITS), len(SHARES), 3))


def everything() -> Real:
    """The surface.   Shapes: (NETWORKS, places, BITS, SHARES, 3)."""
    tasks = [(i, k) for i in range(NETWORKS) for k in range(len(places()))]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(place, *task) for task in tasks]
        bar = progress(jobs, "accuracy surface")
        found = [job.result() for job in bar]
    shape = NETWORKS, len(places()), len(BITS), len(SHARES), 3
    return np.reshape(found, shape)
