"""Training: cross-entropy, AdamW, one cycle of the rate.

    x'(u) = x(A u + b),  A = 1 + U(-w, w)^2x2,  b ~ U(-v, v)^2    (1)

is an image distorted by lot, u in [-1, 1]^2, zeros outside.

One thread and deterministic kernels: on one machine a seed gives the same
bits again, on another it gives another network of the same quality.

Source: AdamW is Loshchilov and Hutter 2019 (arXiv:1711.05101); one cycle of
the rate is Smith and Topin 2017 (arXiv:1708.07120).   Chapter: measuring
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qlib.net.progress import progress

M = TypeVar("M", bound=nn.Module)
Distortion: TypeAlias = Callable[[Tensor], Tensor]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """One thread, deterministic kernels, a seed; afterwards as before."""
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)


def warp(w: float, v: float) -> Distortion:
    """Eq. (1), drawn anew for each image.

    Shapes: x (N, C, H, W) -> the same.
    """
    return partial(_warped, w=w, v=v)


def fit(
    module: M,
    x: Tensor,
    y: Tensor,
    epochs: int,
    rate: float,
    decay: float = 0.01,
    batch: int = 64,
    distort: Distortion = torch.clone,
) -> M:
    """The module itself, trained on the images x of classes y; in eval mode.

    epochs   how often each image is seen, in an order drawn by lot
    rate     of learning, the highest of its cycle
    decay    of weights, per step and unit of rate
    batch    images per step
    distort  what happens to the images of a step before they are seen

    Run it within `reproducible`, or the order is anybody's.
    Shapes: x (n, C, H, W), y (n,).
    """
    steps = epochs * -(-len(x) // batch)
    optimizer = torch.optim.AdamW(
        module.parameters(), rate, weight_decay=decay
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    module.train()
    for _ in progress(range(epochs), "epochs"):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            i = order[start : start + batch]
            loss = F.cross_entropy(module(distort(x[i])), y[i])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            cycle.step()
    return module.eval()


def _warped(x: Tensor, w: float, v: float) -> Tensor:
    """Eq. (1), between pixels by bilinear interpolation."""
    A = torch.eye(2) + w * (2 * torch.rand(len(x), 2, 2) - 1)
    b = v * (2 * torch.rand(len(x), 2, 1) - 1)
    where = F.affine_grid(
        torch.cat((A, b), 2), [*x.shape], align_corners=False
    )
    return F.grid_sample(x, where, align_corners=False)
