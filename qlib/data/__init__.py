"""Images with their labels, by name.

    load(name) -> Dataset

    digits          1,797 scans, 1 x 8 x 8, bundled with scikit-learn
    digits28        the same, enlarged to 1 x 28 x 28
    mnist           60,000 training images, 1 x 28 x 28
    fashion_mnist   60,000 training images, 1 x 28 x 28
    cifar10         50,000 training images, 3 x 32 x 32
    *-test          the 10,000 test images of the last three

The last three are downloaded once, see `qlib.data.download`.
Chapter: measuring
"""

try:
    import pooch  # noqa: F401
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "qlib.data needs scikit-learn and pooch: "
        "pip install scikit-learn pooch"
    ) from error

from collections.abc import Callable
from functools import partial

from qlib.data.cifar import cifar10
from qlib.data.dataset import Dataset
from qlib.data.digits import enlarged, scans
from qlib.data.idx import fashion_mnist, mnist

LOADERS: dict[str, Callable[[], Dataset]] = {
    "digits": scans,
    "digits28": enlarged,
    "mnist": mnist,
    "mnist-test": partial(mnist, part="test"),
    "fashion_mnist": fashion_mnist,
    "fashion_mnist-test": partial(fashion_mnist, part="test"),
    "cifar10": cifar10,
    "cifar10-test": partial(cifar10, part="test"),
}


def load(name: str) -> Dataset:
    """The images of this name.

    Raises: ValueError for an unknown name, which lists the known ones; for
    data that must be downloaded, FileNotFoundError as `fetch`.

    >>> load("digits").x.shape
    (1797, 1, 8, 8)
    """
    if name not in LOADERS:
        raise ValueError(
            f"name must be one of {', '.join(LOADERS)}, got {name!r}"
        )
    return LOADERS[name]()
