"""Trained networks, stored, with the card that says how each was trained.

    load(name) -> Net           folds(family) -> five Nets

    digits-0 ... digits-4    MobileNetV2's blocks at 8 x 8: inverted
                             residuals and relu6; the running network
    cnn-0 ... cnn-4          conv, max-pool, dense on 28 x 28, as in the
                             examples of TensorFlow

Network i never saw the test part of `qlib.data.digits.folds()[i]`.  Another
one is not stored but drawn: `qlib.zoo.mobilenet.mobilenet_v2`.

Chapter: mobilenet
"""

import hashlib
from pathlib import Path
from typing import Any

from qlib.net.graph import Net
from qlib.zoo.cards import Card
from qlib.zoo.digests import DIGESTS
from qlib.zoo.file import unpack

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The stored networks.

    >>> names()[:2]
    ('digits-0', 'digits-1')
    """
    return tuple(DIGESTS)


def load(name: str) -> Net:
    """The network of this name: float32, batch norm not folded.

    Raises: ValueError for an unknown name, which lists the known ones, and
    for a file that is not the one that was stored.

    >>> load("digits-0").shape
    (1, 8, 8)
    """
    return _read(name)[0]


def folds(family: str) -> tuple[Net, ...]:
    """The five networks of a family; the i-th never saw test part i.

    Raises: ValueError for an unknown family, and as `load`.

    >>> [net.ops[-1].y for net in folds("digits")]
    ['dense', 'dense', 'dense', 'dense', 'dense']
    """
    known = dict.fromkeys(name.partition("-")[0] for name in DIGESTS)
    if family not in known:
        raise ValueError(
            f"family must be one of {', '.join(known)}, got {family!r}"
        )
    return tuple(load(n) for n in DIGESTS if n.partition("-")[0] == family)


def card(name: str) -> Card:
    """Where the network of this name comes from.

    Raises: ValueError as `load`.

    >>> card("digits-0").tested
    360
    """
    return Card(**_read(name)[1])


def _read(name: str) -> tuple[Net, dict[str, Any]]:
    """A stored file, if it is the one that was stored."""
    if name not in DIGESTS:
        raise ValueError(
            f"name must be one of {', '.join(DIGESTS)}, got {name!r}"
        )
    path = FOLDER / f"{name}.npz"
    data = path.read_bytes()
    got = hashlib.sha256(data).hexdigest()
    if got != DIGESTS[name]:
        raise ValueError(
            f"{path} must have the SHA-256 {DIGESTS[name]}, "
            f"got {got} of {len(data)} bytes"
        )
    return unpack(data)
