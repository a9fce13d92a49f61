"""The surface as it is kept: measured once, under a digest of all it is of.

The digest covers the code that measures (without comments and docstrings),
the networks, the images, and which numpy adds up.  The file lies where
downloads lie, see `qlib.data.download`, and gets its name when it is whole.
Chapter: calibration
"""

import ast
import hashlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from qlib.arrays import Code, Real
from qlib.data.digits import DIGEST
from qlib.data.download import cache_folder
from qlib.zoo.digests import DIGESTS

SOURCES = """*.py calibrate/h*.py data/digits.py
data/dataset.py fast/*.py int8/*.py net/*.py surface/*.py zoo/*.py"""
QLIB = Path(__file__).parents[1]


@dataclass(frozen=True, eq=False)
class Surface:
    """Counts by network, place, bits and threshold; see `measure`.

    lost, won  (5, places, BITS, SHARES): images; b and c of McNemar's test
    rms        the same shape: error of the logits, in units of r
    right, n   (5,): images read in reals, of how many
    scale      (5,): rms of the logits in reals

    Raises: ValueError for other shapes.
    """

    lost: Code
    won: Code
    rms: Real
    right: Code
    n: Code
    scale: Real

    def __post_init__(self) -> None:
        each, nets = np.shape(self.lost), np.shape(self.n)
        shapes = [np.shape(a) for a in vars(self).values()]
        if len(each) != 4 or shapes != [each] * 3 + [nets] * 3:
            raise ValueError(f"places and networks must agree, got {shapes}")
        for a in vars(self).values():
            a.flags.writeable = False


@cache
def load() -> Surface:
    """The surface, measured first if it is not there: two minutes or so.

    Raises: ValueError if the file is damaged.
    """
    path = file()
    if not path.exists():
        make()
    try:
        data = io.BytesIO(path.read_bytes())
        with np.load(data, allow_pickle=False) as arrays:
            return Surface(**arrays)
    except (EOFError, TypeError, ValueError, BadZipFile) as error:
        raise ValueError(
            f"{path} must hold the whole surface, got: {error}. Remove it, "
            "then run `make surface`"
        ) from error


def make() -> None:
    """Measure in a process of its own: workers need a main that they can
    import, and a notebook or a script may have none."""
    subprocess.run([sys.executable, "-m", "qlib.surface"], check=True)


def file() -> Path:
    """Where the surface lies, or will."""
    return cache_folder() / f"surface-{key()[:16]}.npz"


@cache
def key() -> str:
    """The digest of what the surface is made of."""
    digest = hashlib.sha256(f"{DIGEST} {np.__version__}".encode())
    for i in range(5):
        digest.update(DIGESTS[f"digits-{i}"].encode())
    for pattern in SOURCES.split():
        for path in sorted(QLIB.glob(pattern)):
            digest.update(bare(path.read_text("utf8")).encode())
    return digest.hexdigest()


def bare(source: str) -> str:
    """Python without its comments and docstrings.

    >>> bare('def f():  # not this, nor this:\\n    "says"\\n    return 1')
    'def f():\\n    return 1'
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
            and len(node.body) > 1
        ):
            del node.body[0]
    return ast.unparse(tree)


def measured() -> bytes:
    """The file: everything measured anew."""
    from qlib.surface.measure import NETWORKS, everything
    from qlib.surface.settings import subject

    lost, won, rms = np.moveaxis(everything(), -1, 0)
    all_of = [subject(i) for i in range(NETWORKS)]
    data = io.BytesIO()
    np.savez(
        data,
        lost=lost.astype(np.int16),
        won=won.astype(np.int16),
        rms=rms,
        right=[np.sum(s.logits.argmax(1) == s.labels) for s in all_of],
        n=[len(s.labels) for s in all_of],
        scale=[np.sqrt(np.mean(s.logits**2)) for s in all_of],
    )
    return data.getvalue()


def keep(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
