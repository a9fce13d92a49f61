"""A network as the bytes of an .npz file, and back.

    net            JSON: shape, input, output and the ops, one dict each
    card           JSON: where the net comes from
    <y>.<field>    one array per parameter of the op that makes y

Any program that reads .npz reads the arrays: np.load(path)["stem.conv.w"].
Nothing is pickled, so that reading executes nothing.  The bytes depend on
net and card only, because np.savez dates every entry 1980-01-01.

Chapter: mobilenet
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

import numpy as np

from qlib.arrays import Code, Real
from qlib.net.fields import present
from qlib.net.graph import Absent, Net, Op, label

KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Op)}


def pack(net: Net, card: Mapping[str, object]) -> bytes:
    """The bytes of an .npz file.

    Raises: ValueError, naming the op, for weights that are absent.

    >>> from qlib.net.graph import Relu
    >>> net = Net((2,), (Relu("x", "y"),))
    >>> pack(net, {"seed": 0})[:2], pack(net, {}) == pack(net, {})
    (b'PK', True)
    """
    graph = {"shape": net.shape, "input": net.input, "output": net.output}
    arrays: dict[str, Any] = {}
    ops = []
    for op in net.ops:
        held = {f.name: getattr(op, f.name) for f in fields(op)}
        weights = {
            f"{op.y}.{name}": present(label(op), value)
            for name, value in held.items()
            if isinstance(value, np.ndarray | Absent)
        }
        rest = {n: v for n, v in held.items() if f"{op.y}.{n}" not in weights}
        ops.append({"kind": type(op).__name__, **rest})
        arrays |= weights
    arrays = {
        "net": _text({**graph, "ops": ops}),
        "card": _text(card),
    } | arrays
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpack(data: bytes) -> tuple[Net, dict[str, Any]]:
    """The net and the card in the bytes of an .npz file.

    Raises: ValueError for bytes that are no such file, are cut off or
    altered, and, naming the op, for ops that are none or do not fit.

    >>> from qlib.net.graph import Relu
    >>> net, card = unpack(pack(Net((2,), (Relu("x", "y"),)), {"seed": 0}))
    >>> net.ops, card
    ((Relu(x='x', y='y'),), {'seed': 0})
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict(archive)
        graph, card = (json.loads(bytes(arrays[n])) for n in ("net", "card"))
        described = [{**op, "kind": KINDS[op["kind"]]} for op in graph["ops"]]
        shape, output, name = (graph[k] for k in ("shape", "output", "input"))
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise _no_net(error) from error
    except (EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _no_net(error) from error
    ops = tuple(_op(arrays, **one) for one in described)
    return Net(_tuples(shape), ops, output, name), card


def _op(arrays: dict[str, Real], kind: Any, **held: Any) -> Any:
    """One op: its fields from JSON, its arrays from their entries."""
    places = {f.name: f"{held.get('y')}.{f.name}" for f in fields(kind)}
    weights = {n: arrays[at] for n, at in places.items() if at in arrays}
    try:
        return kind(**{**_tuples(held), **weights})
    except TypeError as error:
        raise _no_net(error) from error


def _text(content: object) -> Code:
    """JSON as an array of bytes."""
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


def _tuples(content: Any) -> Any:
    """JSON knows lists only."""
    match content:
        case dict():
            return {name: _tuples(value) for name, value in content.items()}
        case list():
            return tuple(_tuples(value) for value in content)
    return content


def _no_net(error: Exception) -> ValueError:
    """Bytes that are something else."""
    return ValueError(
        "data must be an .npz file of a net, "
        f"got {type(error).__name__}: {error}"
    )
