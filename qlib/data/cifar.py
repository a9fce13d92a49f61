"""CIFAR-10, in its binary form: no pickle, so nothing is executed.

    label | 1024 red | 1024 green | 1024 blue     3,073 bytes     (1)
    r = byte / 255                                                (2)

A batch is 10,000 records (1) in a row; a plane is 32 rows of 32 bytes.
Source: Krizhevsky, "The CIFAR-10 dataset", www.cs.toronto.edu/~kriz/cifar.html
Chapter: measuring
"""

import tarfile
import zlib
from pathlib import Path

import numpy as np

from qlib.arrays import Code
from qlib.data.dataset import Dataset
from qlib.data.download import Remote, fetch

NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
RECORD = 1 + 3 * 32 * 32
BATCHES = {
    "train": [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)],
    "test": ["cifar-10-batches-bin/test_batch.bin"],
}
# Size and SHA-256: tensorflow/datasets, url_checksums/cifar10.txt at 333639b3;
# the same digest in JuliaML/MLDatasets.jl, src/datasets/vision/cifar10.jl at
# 1656650b.  The file was out of our reach, so nobody computed them here.
# The second mirror: download_cifar10 of the R package snedata.
CIFAR10 = Remote(
    "cifar10/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170052171,
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
    ),
)


def cifar10(part: str = "train") -> Dataset:
    """Small photographs: 50,000 to train, 10,000 to test.

    Loading the training images takes 1.5 GB, and then 0.6 GB stay.
    Shapes: x (n, 3, 32, 32), y (n,).
    Raises: ValueError for another part; FileNotFoundError as `fetch`.
    """
    if part not in BATCHES:
        raise ValueError(f"part must be train or test, got {part!r}")
    data = b"".join(read_members(fetch(CIFAR10), BATCHES[part]))
    pixels, y = parse_cifar(data)
    return Dataset.of_bytes(pixels, 255, y, NAMES)


def read_members(path: Path, names: list[str]) -> list[bytes]:
    """The contents of some files in a tar archive, in the order of names.

    Raises: ValueError for a broken archive, or one without these files.
    """
    found = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name in names and (f := archive.extractfile(member)):
                    found[member.name] = f.read()
    except (EOFError, OSError, tarfile.TarError, zlib.error) as error:
        raise ValueError(
            f"{path} must be a whole tar archive, got: {error}"
        ) from error
    if set(found) != set(names):
        raise ValueError(f"{path} must hold {names}, got {sorted(found)}")
    return [found[name] for name in names]


def parse_cifar(data: bytes) -> tuple[Code, Code]:
    """Images and labels of records, eq. (1).

    Shapes: -> (n, 3, 32, 32) and (n,), both uint8.
    Raises: ValueError unless the bytes are whole records.

    >>> pixels, y = parse_cifar(bytes([7]) + bytes(range(256)) * 12)
    >>> pixels.shape, y, pixels[0, 0, 1, 0]  # the second row
    ((1, 3, 32, 32), array([7], dtype=uint8), np.uint8(32))
    """
    if not data or len(data) % RECORD:
        raise ValueError(
            f"records have {RECORD} bytes each, got {len(data)} bytes"
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]
