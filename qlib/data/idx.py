"""MNIST and Fashion-MNIST, and the IDX format in which they come.

    00 00 08 d | n_1 ... n_d | n_1 n_2 ... n_d bytes        (1)
    r = byte / 255                                          (2)

In (1) 08 means unsigned bytes, d is the number of axes, and each n is four
bytes long, the highest first.

Source: LeCun, Cortes and Burges, "The MNIST database", section "The IDX file
format"; Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747).   Chapter: measuring
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from qlib.arrays import Code
from qlib.data.dataset import Dataset
from qlib.data.download import Remote, fetch

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def _files(folder: str, mirrors: tuple[str, ...], table: str) -> list[Remote]:
    """One file per three words: name, bytes, SHA-256."""
    w = table.split()
    return [
        Remote(
            f"{folder}/{name}", sha, int(n), tuple(m + name for m in mirrors)
        )
        for name, n, sha in zip(w[::3], w[1::3], w[2::3], strict=True)
    ]


# Mirrors: tensorflow/datasets and torchvision/datasets/mnist.py.  Sizes and
# SHA-256: tensorflow/datasets, url_checksums/mnist.txt at 31f1255e; the same
# digests in torchvision's prototype of datasets.  All but the first computed
# again from the files in github.com/pmallari/MNIST at cffbed29, whose MD5 are
# those of torchvision/datasets/mnist.py.
MNIST = _files(
    "mnist",
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    """
train-images-idx3-ubyte.gz 9912422
440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
train-labels-idx1-ubyte.gz 28881
3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
t10k-images-idx3-ubyte.gz 1648877
8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
t10k-labels-idx1-ubyte.gz 4542
f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
""",
)

# Mirrors: the authors' README.md and their repository at b2617bb6.  Sizes and
# SHA-256: tensorflow/datasets, url_checksums/fashion_mnist.txt at 333639b3;
# the same digests in torchvision's prototype of datasets.  Those of the
# labels computed again from the authors' repository.
FASHION_MNIST = _files(
    "fashion_mnist",
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
        "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
    ),
    """
train-images-idx3-ubyte.gz 26421880
3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
train-labels-idx1-ubyte.gz 29515
a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
t10k-images-idx3-ubyte.gz 4422102
346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
t10k-labels-idx1-ubyte.gz 5148
67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
""",
)


def mnist(part: str = "train") -> Dataset:
    """Handwritten digits: 60,000 to train, 10,000 to test.

    Shapes: x (n, 1, 28, 28), y (n,).
    Raises: ValueError for another part; FileNotFoundError as `fetch`.
    """
    return _load(MNIST, part, DIGITS)


def fashion_mnist(part: str = "train") -> Dataset:
    """Clothes: 60,000 to train, 10,000 to test.

    Shapes: x (n, 1, 28, 28), y (n,).
    Raises: ValueError for another part; FileNotFoundError as `fetch`.
    """
    return _load(FASHION_MNIST, part, CLOTHES)


def _load(files: list[Remote], part: str, names: tuple[str, ...]) -> Dataset:
    """Fetch and read two of the four files."""
    if part not in ("train", "test"):
        raise ValueError(f"part must be train or test, got {part!r}")
    images, labels = files[:2] if part == "train" else files[2:]
    pixels = read_idx(fetch(images), 3)[:, None]
    return Dataset.of_bytes(pixels, 255, read_idx(fetch(labels), 1), names)


def read_idx(path: Path, axes: int) -> Code:
    """The array in a file of gzipped IDX.

    Shapes: -> (n_1, ..., n_axes), uint8.
    Raises: ValueError for a broken gzip file, and as `parse_idx`.
    """
    try:
        with gzip.open(path) as file:
            data = file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path} must be a whole gzip file, got: {error}"
        ) from error
    return parse_idx(data, axes)


def parse_idx(data: bytes, axes: int) -> Code:
    """The array that IDX bytes describe, eq. (1).

    Shapes: -> (n_1, ..., n_axes), uint8.
    Raises: ValueError for other first bytes, and unless as many bytes follow
    as the header says.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7]), 1)
    array([5, 6, 7], dtype=uint8)
    """
    magic, start = bytes([0, 0, 8, axes]), 4 + 4 * axes
    if data[:4] != magic:
        raise ValueError(
            f"IDX of {axes} axes must begin with {magic.hex(' ')}, "
            f"got {data[:4].hex(' ')}"
        )
    if len(data) < start:
        raise ValueError(
            f"an IDX header must have {start} bytes, got {len(data)}"
        )
    shape = np.frombuffer(data, ">u4", axes, 4).tolist()
    if len(data) - start != math.prod(shape):
        raise ValueError(
            f"{shape} must be followed by {math.prod(shape)} bytes, "
            f"got {len(data) - start}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
