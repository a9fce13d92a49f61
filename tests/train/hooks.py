"""What torch itself computes in a module, tensor by tensor, by hooks."""

import torch

from qlib.net.graph import inputs
from qlib.net.real import apply


def seen(module, x):
    """Name of a submodule -> what it gave, and "x"; by torch alone."""
    found, handles = {"x": x.clone()}, []

    def keep(name):
        def hook(_module, _given, y):
            found[name] = y.clone()  # before an op in place changes it

        return hook

    for name, part in module.named_modules():
        handles.append(part.register_forward_hook(keep(name)))
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    return {name: t.numpy() for name, t in found.items()}


def layer_errors(net, tensors):
    """Each op on torch's own tensors: largest error over largest output.

    The sum of a block is what the block gave.
    """
    for op in net.ops:
        given = [at(tensors, name) for name in inputs(op)]
        want = at(tensors, op.y)
        off = abs(apply(op, *given) - want).max() / abs(want).max()
        yield op.y, float(off)


def at(tensors, name):
    return tensors[name.removesuffix(".add")]
