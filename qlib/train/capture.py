"""A torch module becomes a network as data.

torch.fx records what `forward` does with a symbol; each step becomes one op,
named after its module: `block1.add` stands in `block1`, `stem.conv` is a
module.  Functions and methods (`F.relu(x)`, `x.flatten(1)`) go through the
module that means the same.  Batch norm stays an op of its own.

The record knows nothing of writing in place, of hooks, of parameters under a
transformation.  So the network must prove itself on the example:

    max |net(example) - module(example)| <= 1e-3 max |module(example)|   (1)

Chapter: int8-convolution
"""

import operator
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from qlib.arrays import Real
from qlib.net.graph import Add, Concat, Net, Op, Shape
from qlib.net.real import result
from qlib.train.layers import op_of

TOLERANCE = 1e-3


def flatten(start_dim: int = 0, end_dim: int = -1) -> nn.Flatten:
    """The function flattens the batch too, if not told; the module not."""
    return nn.Flatten(start_dim, end_dim)


ADDS: list[Any] = [operator.add, torch.add, "add"]
CONCATS: list[Any] = [torch.cat, torch.concat, torch.concatenate]
MODULES: dict[Any, Callable[..., nn.Module]] = {
    F.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    "relu": nn.ReLU,
    F.relu6: nn.ReLU6,
    torch.sigmoid: nn.Sigmoid,
    "sigmoid": nn.Sigmoid,
    torch.flatten: flatten,
    "flatten": flatten,
    F.max_pool2d: nn.MaxPool2d,
    F.avg_pool2d: nn.AvgPool2d,
    F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
}


def capture(module: nn.Module, example: Tensor) -> Net:
    """The network that the module computes in eval mode.

    The module itself is left as it is; parameters are copied.  Dropout and
    identity vanish.  The example should vary, or (1) proves little.
    Shapes: example (N, C, H, W) or (N, C).
    Raises: NotImplementedError, naming the module, for what no op of
    `qlib.net` expresses, and if (1) fails.

    capture(nn.Sequential(nn.Linear(64, 10), nn.ReLU()), torch.rand(1, 64))
    is a Net of shape (64,) with the ops Dense x -> 0 and Relu 0 -> 1.
    """
    model = deepcopy(module).eval()
    if fx.Tracer().is_leaf_module(model, ""):  # one layer of torch's own
        model = nn.Sequential(model)
    net = _translated(model, tuple(example.shape[1:]))
    with torch.no_grad():
        want: Real = model(example.clone()).numpy()
    got = result(net, example.detach().numpy())
    off = np.abs(got - want).max() if got.shape == want.shape else np.inf
    if not off <= TOLERANCE * np.abs(want).max():
        raise NotImplementedError(
            f"{type(module).__name__}: the net must give what the module "
            f"gives on the example, got a difference of {off}"
        )
    return net


def _translated(model: nn.Module, shape: Shape) -> Net:
    """One op per step of the record; `names` of the tensors they make."""
    graph = _recorded(model)
    names: dict[str, str] = {}  # fx calls a tensor stem_conv, we stem.conv
    ops: list[Op] = []
    for node in graph.nodes:
        read = [names[a] for a in _read(node)]
        if node.op == "placeholder":
            names[node.name] = "x"
        elif node.op == "output":
            return Net(shape, tuple(ops), _only(model, read))
        elif _passes(model, node):
            names[node.name] = read[0]
        else:
            y = _fresh(_place(node), ["x", *(op.y for op in ops)])
            names[node.name] = y
            ops.append(_op(model, node, read, y))
    raise AssertionError("a record ends with its output")


def _recorded(model: nn.Module) -> fx.Graph:
    """The record of `forward`, which must take one tensor."""
    try:
        graph = fx.Tracer().trace(model)
    except (fx.proxy.TraceError, TypeError) as error:
        raise _stranger(model, f"cannot be recorded: {error}") from error
    entries = [n.name for n in graph.nodes if n.op == "placeholder"]
    if len(entries) != 1:
        raise _stranger(model, f"must take one tensor, got {entries}")
    return graph


def _read(node: fx.Node) -> list[str]:
    """What fx calls the tensors that a step reads, in order, repeated."""
    found: list[str] = []

    def keep(n: fx.Node) -> fx.Node:
        found.append(n.name)
        return n

    fx.map_arg((node.args, node.kwargs), keep)
    return found


def _passes(model: nn.Module, node: fx.Node) -> bool:
    """Is this a module that does nothing in eval mode?"""
    nothing = nn.Identity, nn.Dropout, nn.Dropout2d
    return node.op == "call_module" and isinstance(
        model.get_submodule(str(node.target)), nothing
    )


def _op(model: nn.Module, node: fx.Node, read: list[str], y: str) -> Op:
    """The op of one step."""
    args, kwargs = node.args, dict(node.kwargs)
    if node.op == "call_module":
        layer = model.get_submodule(str(node.target))
    elif node.target in ADDS and len(read) == len(args) == 2 and not kwargs:
        return Add(read[0], read[1], y)
    elif node.target in CONCATS and [*args[1:], *kwargs.values()] == [1]:
        return Concat(tuple(read), y)
    else:
        layer = _as_module(node)
    op = op_of(layer, read[0], y) if len(read) == 1 else None
    if op is None:
        raise _stranger(layer, f"{y} must be an op of qlib.net, got {layer}")
    return op


def _only(model: nn.Module, read: list[str]) -> str:
    """The one result of `forward`."""
    if len(read) != 1:
        raise _stranger(model, f"must return one tensor, got {len(read)}")
    return read[0]


def _as_module(node: fx.Node) -> nn.Module:
    """The module that does what a function or a method does."""
    make = MODULES.get(node.target)
    try:
        if make is not None:
            return make(*node.args[1:], **node.kwargs)
    except TypeError:  # an argument that the module does not know
        pass
    raise NotImplementedError(
        f"{_place(node)} must be an op of qlib.net, got {node.format_node()}"
    )


def _place(node: fx.Node) -> str:
    """The path of a module; that of the one around it for a function."""
    if node.op in ("call_module", "get_attr"):
        return str(node.target)
    around = [
        path for path, _ in node.meta.get("nn_module_stack", {}).values()
    ]
    what = getattr(node.target, "__name__", str(node.target))
    return ".".join([*around[-1:], what])


def _fresh(name: str, taken: Iterable[str]) -> str:
    """The name, with a number if a module is used again."""
    n, held, free = 1, set(taken), name
    while free in held:
        n += 1
        free = f"{name}_{n}"
    return free


def _stranger(module: nn.Module, why: str) -> NotImplementedError:
    """A module that is no network of ours."""
    return NotImplementedError(f"{type(module).__name__}: {why}")
