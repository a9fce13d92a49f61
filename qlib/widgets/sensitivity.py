"""How many digits are lost if the weights of one layer become codes.

    w -> S round(w / S),   S = max |w| / (2^(b-1) - 1)             (1)

round is half to even.  The max is taken over the tensor or over each filter,
before or after batch norm is folded; everything else stays real.  Layer by
layer, and for all layers at once, in the five networks `digits`, each on the
images that it never saw:

    python -m qlib.widgets.sensitivity

counts anew in two minutes, writes `sensitivity.npz` beside this file and
prints its digest.  It runs in float64, so that no answer hangs on the order
in which a machine adds.   Chapter: mobilenet
"""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from qlib.affine import fake_quantize, symmetric_qparams
from qlib.arrays import Code, Real
from qlib.data.digits import folds, scans
from qlib.grid import narrow, signed
from qlib.net.fields import present
from qlib.net.fold import fold
from qlib.net.graph import Conv, Dense, Net, Op, inputs, label
from qlib.net.real import apply, run
from qlib.qparams import QParams
from qlib.zoo import folds as networks
from qlib.zoo.digests import DIGESTS

FILE = Path(__file__).with_suffix(".npz")
DIGEST = "6a9f73fe5c8a79fbfe70d5ec01a52c0abf50d884e0bee1e6b82e26863bea3c61"
BITS = (8, 6, 5, 4, 3)

Granularity = Callable[[Real, int], QParams]


def per_tensor(w: Real, bits: int) -> QParams:
    """Eq. (1) with one step for all filters.   Shapes: w (K, ...)."""
    return symmetric_qparams(np.abs(w).max(), narrow(signed(bits)))


def per_channel(w: Real, bits: int) -> QParams:
    """Eq. (1) with a step for each filter.   Shapes: w (K, ...)."""
    return symmetric_qparams(filter_ranges(w), narrow(signed(bits)), axis=0)


GRIDS: dict[str, Granularity] = {"tensor": per_tensor, "channel": per_channel}


def filter_ranges(w: Real) -> Real:
    """max |w| of each filter.   Shapes: w (K, ...) -> (K,)."""
    a: Real = np.abs(w).reshape(len(w), -1).max(1)
    return a


def layers(net: Net) -> tuple[Conv | Dense, ...]:
    """The ops with weights, in order; folding keeps the order."""
    return tuple(op for op in net.ops if isinstance(op, Conv | Dense))


def weights(op: Conv | Dense) -> Real:
    """They are stored, so they are there."""
    return present(label(op), op.w)


def answers(
    net: Net,
    real: Mapping[str, Real],
    at: Sequence[int] = (),
    granularity: Granularity = per_tensor,
    bits: int = 8,
) -> Code:
    """What the net says if the weights of some layers are codes, eq. (1).

    real  `run(net, x)`: what stands before the first layer is taken from it
    at    places in `layers(net)`

    Shapes: (N,), the class of each image.
    """
    changed: dict[str, Op] = {}
    for layer in (layers(net)[i] for i in at):
        w = weights(layer)
        coded = fake_quantize(w, granularity(w, bits))
        changed[layer.y] = replace(layer, w=coded)
    tensors, started = dict(real), False
    for op in net.ops:
        started |= op.y in changed
        if started:
            xs = (tensors[name] for name in inputs(op))
            tensors[op.y] = apply(changed.get(op.y, op), *xs)
    said: Code = tensors[net.output].argmax(1)
    return said


def prepared(i: int, folded: bool) -> tuple[Net, dict[str, Real], Code]:
    """Network i, all its tensors of its own test images, and the labels."""
    net, test = networks("digits")[i], scans().take(folds()[i].test)
    net = fold(net) if folded else net
    return net, run(net, test.x.astype(np.float64)), test.y


@dataclass(frozen=True, eq=False)
class Counts:
    """Digits, by network, layer (the last: all), folded, bits, GRIDS.

    lost, won  (5, layers + 1, 2, BITS, GRIDS): right only in reals, and only
               in codes; b and c of McNemar's test
    right, n   (5,): right in reals, of how many
    made_of    (5,): digests of the networks
    """

    lost: Code
    won: Code
    right: Code
    n: Code
    made_of: Code


def differences(i: int, folded: bool) -> Code:
    """lost and won of network i.   Shapes: (layers + 1, BITS, GRIDS, 2)."""
    net, real, y = prepared(i, folded)
    known, every = answers(net, real) == y, range(len(layers(net)))
    found = [
        answers(net, real, at, granularity, bits) == y
        for at in [*([k] for k in every), every]
        for bits in BITS
        for granularity in GRIDS.values()
    ]
    both = [[np.sum(known & ~now), np.sum(~known & now)] for now in found]
    return np.reshape(both, (-1, len(BITS), len(GRIDS), 2))


def counted() -> bytes:
    """The file: everything counted anew."""
    all_of = [[differences(i, f) for f in (False, True)] for i in range(5)]
    lost, won = np.moveaxis(np.array(all_of, np.int16), (-1, 2), (0, 2))
    made = [prepared(i, False) for i in range(5)]
    right = [np.sum(answers(net, real) == y) for net, real, y in made]
    file = io.BytesIO()
    np.savez(
        file,
        lost=lost,
        won=won,
        right=right,
        n=[len(y) for _, _, y in made],
        made_of=[DIGESTS[f"digits-{i}"] for i in range(5)],
    )
    return file.getvalue()


@cache
def recorded() -> Counts:
    """The counts as they are stored.

    Raises: ValueError for a file that is not the one that was stored.
    """
    data = FILE.read_bytes()
    got = hashlib.sha256(data).hexdigest()
    if got != DIGEST:
        raise ValueError(
            f"{FILE.name} must have the SHA-256 {DIGEST}, got {got}"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return Counts(**arrays)


if __name__ == "__main__":
    FILE.write_bytes(counted())
    print(hashlib.sha256(FILE.read_bytes()).hexdigest())
