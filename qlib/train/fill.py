"""Weights of a network as data go into a torch module: capture, backwards.

The way to train on from a network of the zoo:

    module = fill(mobilenet(DIGITS), load("digits-0"))

Chapter: qat
"""

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from qlib.arrays import Real
from qlib.net.fields import Weights, present
from qlib.net.graph import BatchNorm, Conv, Dense, Net, Op, label

M = TypeVar("M", bound=nn.Module)


def fill(module: M, net: Net) -> M:
    """The module itself, now with the net's weights and statistics.

    Each op belongs to the submodule of its name; eps goes along.
    Raises: ValueError unless the names and shapes of all parameters agree.
    """
    state = {
        f"{op.y}.{name}": _tensor(label(op), w)
        for op in net.ops
        for name, w in _held(op).items()
    }
    _compare(module, state)
    module.load_state_dict(state)
    for op in net.ops:
        if isinstance(op, BatchNorm):
            module.get_submodule(op.y).eps = op.eps  # type: ignore[assignment]
    return module


def _compare(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Complain about the first name or shape that differs."""
    want = {
        name: tuple(t.shape)
        for name, t in module.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    got = {name: tuple(t.shape) for name, t in state.items()}
    for name in {**want, **got}:
        if want.get(name) != got.get(name):
            raise ValueError(
                f"{name} must have shape {want.get(name, 'none')} in the net, "
                f"as in the module, got {got.get(name, 'none')}"
            )


def _held(op: Op) -> dict[str, Weights]:
    """The arrays of an op, under torch's names."""
    match op:
        case Conv(w=w, b=None) | Dense(w=w, b=None):
            return {"weight": w}
        case Conv(w=w, b=b) | Dense(w=w, b=b) if b is not None:
            return {"weight": w, "bias": b}
        case BatchNorm(gamma=gamma, beta=beta, mean=mean, var=var):
            held = {"weight": gamma, "bias": beta}
            return {**held, "running_mean": mean, "running_var": var}
    return {}


def _tensor(what: str, w: Weights) -> Tensor:
    """A copy of an array that torch may write to."""
    a: Real = np.array(present(what, w))
    return torch.from_numpy(a)
