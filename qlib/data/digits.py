"""The running example: 1,797 handwritten digits, in five fixed folds.

    r = pixel / 16,  pixel in 0 ... 16                           (1)
    28 = 2 + 3 * 8 + 2                                           (2)

Each pixel counts the dark dots in a 4 x 4 block of a 32 x 32 scan.  The
images were written by 13 people, and who wrote which is not recorded: the
test part of a fold holds other images than its training part, but of the same
hands.  What is measured here is new images of known writers.  No two images
are equal.

Source: scikit-learn's copy of the test set of "Optical Recognition of
Handwritten Digits" (Alpaydin and Kaynak 1998, UCI).
Chapter: measuring
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import shuffle

from qlib.arrays import Code, Real, as_code
from qlib.data.dataset import Dataset

NAMES = tuple("0123456789")
TOP = 16  # the darkest pixel
FOLDS, SEED = 5, 0
CALIBRATION = 500  # images of a training part that calibrate
DIGEST = "efd7c3c45615c9fb0517bd61d090bc585054756707fb6705dd051552901c69f7"


def scans() -> Dataset:
    """All digits, 8 x 8, eq. (1).

    Shapes: x (1797, 1, 8, 8), y (1797,).

    >>> data = scans()
    >>> data.x.shape, float(data.x.max())
    ((1797, 1, 8, 8), 1.0)
    """
    pixels, y = load_digits(return_X_y=True)
    pixels = pixels.astype(np.uint8).reshape(-1, 1, 8, 8)
    return Dataset.of_bytes(pixels, TOP, y, NAMES)


def enlarged() -> Dataset:
    """All digits, enlarged.

    Shapes: x (1797, 1, 28, 28), y (1797,).

    >>> enlarged().x.shape
    (1797, 1, 28, 28)
    """
    data = scans()
    return Dataset(enlarge(data.x), data.y, data.names)


def enlarge(x: Real) -> Real:
    """Each pixel three times both ways, and a border of two zeros, eq. (2).

    Shapes: x (..., H, W) -> (..., 3 H + 4, 3 W + 4), of the dtype of x.
    Raises: ValueError for fewer than two axes.

    >>> enlarge(np.ones((1, 1))).sum(axis=0)
    array([0., 0., 3., 3., 3., 0., 0.])
    """
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"x must have two axes or more, got shape {x.shape}")
    border = [(0, 0)] * (x.ndim - 2) + [(2, 2)] * 2
    return np.pad(x.repeat(3, axis=-2).repeat(3, axis=-1), border)


@dataclass(frozen=True, eq=False)
class Fold:
    """Which images train, which calibrate, which test: indices.

    train        (m,), rising
    test         (k,), rising, none of them in train
    calibration  (c,), all of them in train, in an order drawn by lot: the
                 first n are a fair sample of n

    Arrays are copied and locked.
    Raises: ValueError if an image stands twice in one part, or in train and
    test, or calibrates without being in train.

    >>> Fold(np.array([0, 1]), np.array([1]), np.array([0]))
    Traceback (most recent call last):
    ValueError: train and test must share no image, got [1]
    """

    train: Code
    test: Code
    calibration: Code

    def __post_init__(self) -> None:
        for name in ("train", "test", "calibration"):
            part = as_code(getattr(self, name), name).astype(np.int64)
            if part.ndim != 1 or len(np.unique(part)) != part.size:
                raise ValueError(
                    f"{name} must hold each image once, got {part}"
                )
            part.flags.writeable = False
            object.__setattr__(self, name, part)
        both = np.intersect1d(self.train, self.test)
        if both.size:
            raise ValueError(f"train and test must share no image, got {both}")
        strange = np.setdiff1d(self.calibration, self.train)
        if strange.size:
            raise ValueError(f"calibration must be in train, got {strange}")


def folds() -> tuple[Fold, ...]:
    """Five folds: every digit is in the test part of exactly one.

    Each test part has 359 or 360 images and the classes in their shares.
    The same for ever: networks are stored that have seen the training parts.
    Raises: RuntimeError if scikit-learn drew other folds, or has other
    images, than those that the digest below was made of.

    >>> [fold.test.size for fold in folds()]
    [360, 360, 359, 359, 359]
    """
    pixels, y = load_digits(return_X_y=True)
    draw = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    made = tuple(
        Fold(train, test, shuffle(train, random_state=SEED)[:CALIBRATION])
        for train, test in draw.split(y, y)
    )
    got = digest(
        pixels, y, *(p for f in made for p in (f.test, f.calibration))
    )
    if got != DIGEST:
        raise RuntimeError(
            f"the digits and their folds must have the digest {DIGEST}, "
            f"got {got}"
        )
    return made


def digest(*parts: Code | Real) -> str:
    """SHA-256 over arrays of whole numbers, as little-endian int16.

    >>> digest(np.array([1.0, 2.0])) == digest(np.array([1, 2]))
    True
    """
    stored = (np.asarray(part).astype("<i2").tobytes() for part in parts)
    return hashlib.sha256(b"".join(stored)).hexdigest()
