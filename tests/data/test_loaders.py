"""The formats of MNIST and CIFAR-10, on small files made here."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from qlib.data import LOADERS, cifar, idx, load
from qlib.data.dataset import Dataset
from tests.data.loopback import idx as as_idx
from tests.data.loopback import mirror, remote

RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (4, 28, 28), np.uint8)
LABELS = np.array([9, 0, 3, 3], np.uint8)
GOOD = gzip.decompress(as_idx(IMAGES))
X, Y = np.zeros((2, 1, 3, 3)), np.array([0, 1])


def batches(names, records=2):
    """A CIFAR archive, and the bytes of each batch."""
    made = {n: RNG.bytes(0) for n in names}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            rows = RNG.integers(0, 256, (records, 3073), np.uint8)
            rows[:, 0] %= 10
            made[name] = rows.tobytes()
            info = tarfile.TarInfo(name)
            info.size = len(made[name])
            archive.addfile(info, io.BytesIO(made[name]))
    return file.getvalue(), made


def serve_mnist(server, monkeypatch, table, files):
    """Let idx.MNIST or idx.FASHION_MNIST be these four files."""
    server.files |= files
    made = [
        remote(f"small/{name}", data, server.url("good", name))
        for name, data in files.items()
    ]
    monkeypatch.setattr(idx, table, made)


@pytest.mark.parametrize(
    ("name", "table"), [("mnist", "MNIST"), ("fashion_mnist", "FASHION_MNIST")]
)
def test_mnist_is_loaded_by_name(name, table, cache, monkeypatch):
    files = {
        "train-images.gz": as_idx(IMAGES),
        "train-labels.gz": as_idx(LABELS),
        "t10k-images.gz": as_idx(IMAGES[::-1]),
        "t10k-labels.gz": as_idx(LABELS[::-1]),
    }
    with mirror({}) as server:
        serve_mnist(server, monkeypatch, table, files)
        train, test = load(name), load(f"{name}-test")
    assert train.x.shape == (4, 1, 28, 28)
    np.testing.assert_array_equal(train.x[:, 0], np.float32(IMAGES / 255))
    np.testing.assert_array_equal(train.y, LABELS)
    np.testing.assert_array_equal(test.x, train.x[::-1])
    np.testing.assert_array_equal(test.y, LABELS[::-1])
    assert len(train.names) == 10


def test_cifar_is_loaded_by_name(cache, monkeypatch):
    names = cifar.BATCHES["test"] + cifar.BATCHES["train"][::-1]
    archive, made = batches(["cifar-10-batches-bin/readme.html", *names])
    with mirror({"c.tar.gz": archive}) as server:
        file = remote("c.tar.gz", archive, server.url("good", "c.tar.gz"))
        monkeypatch.setattr(cifar, "CIFAR10", file)
        train, test = load("cifar10"), load("cifar10-test")
    assert (train.x.shape, test.x.shape) == ((10, 3, 32, 32), (2, 3, 32, 32))
    for data, part in ((train, "train"), (test, "test")):
        stored = b"".join(made[name] for name in cifar.BATCHES[part])
        for i in range(len(data)):
            record = stored[3073 * i : 3073 * (i + 1)]
            assert data.y[i] == record[0]
            for c, h, w in ((0, 0, 0), (0, 1, 0), (1, 31, 2), (2, 31, 31)):
                byte = record[1 + 1024 * c + 32 * h + w]
                assert data.x[i, c, h, w] == np.float32(byte / 255)


@pytest.mark.parametrize("loader", [idx.mnist, idx.fashion_mnist])
def test_a_part_that_is_not_there_is_refused(loader):
    with pytest.raises(ValueError, match="train or test, got 'val'"):
        loader("val")
    with pytest.raises(ValueError, match="train or test, got 'val'"):
        cifar.cifar10("val")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="must be one of digits, digits28, "
    ) as e:
        load("imagenet")
    assert all(name in str(e.value) for name in LOADERS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD[:-1], r"\[4, 28, 28\] must be followed by 3136 bytes, got 3135"),
        (GOOD + b"x", "by 3136 bytes, got 3137"),
        (GOOD[:15], "header must have 16 bytes, got 15"),
        (GOOD[:3], "must begin with 00 00 08 03, got 00 00 08$"),
        (b"", "must begin with 00 00 08 03, got $"),
        (b"\0\0\x09\x03" + GOOD[4:], "00 00 08 03, got 00 00 09 03"),
        (b"\0\0\x08\x01" + GOOD[4:], "00 00 08 03, got 00 00 08 01"),
        (b"PK\x03\x04" + GOOD[4:], "00 00 08 03, got 50 4b 03 04"),
        (GOOD[:4] + b"\xff" * 12, "must be followed by 79228162458"),
    ],
)
def test_wrong_idx_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        idx.parse_idx(data, 3)


@pytest.mark.parametrize("cut", [slice(0, -9), slice(5, None), slice(0, 40)])
def test_a_broken_gzip_file_is_refused(cut, tmp_path):
    (tmp_path / "a.gz").write_bytes(as_idx(IMAGES)[cut])
    with pytest.raises(ValueError, match=r"a\.gz must be a whole gzip file"):
        idx.read_idx(tmp_path / "a.gz", 3)


@pytest.mark.parametrize("n", [0, 1, 3072, 3074, 2 * 3073 - 1])
def test_cifar_records_must_be_whole(n):
    with pytest.raises(ValueError, match=f"3073 bytes each, got {n} bytes"):
        cifar.parse_cifar(bytes(n))


def test_a_broken_archive_is_refused(tmp_path):
    archive, _ = batches(cifar.BATCHES["test"], records=100)
    path = tmp_path / "c.tar.gz"
    for broken in (archive[:-9000], b"", b"no archive at all", archive[9:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="must be a whole tar archive"):
            cifar.read_members(path, cifar.BATCHES["test"])
    path.write_bytes(archive)
    with pytest.raises(ValueError, match=r"must hold .*data_batch_1\.bin"):
        cifar.read_members(path, cifar.BATCHES["train"])


def test_pixels_and_labels_of_different_numbers_are_refused():
    with pytest.raises(ValueError, match=r"got shapes \(4, 1, 28, 28\)"):
        Dataset.of_bytes(IMAGES[:, None], 255, LABELS[:3], idx.DIGITS)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[0], Y, r"x must be \(n, C, H, W\) and y \(n,\), not empty"),
        (X[:0], Y[:0], "not empty"),
        (X, Y[:1], "got shapes"),
        (X + 1.5, Y, r"x must be in \[0, 1\], got \[1.5, 1.5\]"),
        (X - 1, Y, r"x must be in \[0, 1\], got \[-1.0, -1.0\]"),
        (X * np.nan, Y, r"x must be in \[0, 1\], got \[nan, nan\]"),
        (X, Y + 1, r"y must be in \[0, 1\], got \[1, 2\]"),
        (X, Y - 1, r"y must be in \[0, 1\], got \[-1, 0\]"),
        (X, Y / 1, "y must be integers, got dtype float64"),
    ],
)
def test_a_wrong_dataset_is_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        Dataset(x, y, ("a", "b"))


def test_a_dataset_is_a_locked_copy():
    x, y = X.astype(np.float32), Y.copy()
    data = Dataset(x, y, ["a", "b"])
    x[:], y[:] = 1, 0
    assert data.x.max() == 0
    assert data.y.tolist() == [0, 1]
    assert (data.x.dtype, data.y.dtype) == (np.float32, np.int64)
    assert data.names == ("a", "b")
    for a in (data.x, data.y):
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 0


def test_some_images_are_taken_in_order():
    data = Dataset(np.stack([X[0], X[0] + 1]), Y, ("a", "b"))
    assert data.take(np.array([1, 0])).y.tolist() == [1, 0]
    assert data.take(np.array([False, True])).x.min() == 1
    with pytest.raises(IndexError):
        data.take(np.array([2]))


def test_the_tables_name_each_file_once():
    files = [*idx.MNIST, *idx.FASHION_MNIST, cifar.CIFAR10]
    assert len({f.name for f in files}) == len({f.sha256 for f in files}) == 9
    for f in files:
        assert len(f.urls) > 1
        assert {u.rsplit("/")[-1] for u in f.urls} == {f.name.split("/")[1]}
