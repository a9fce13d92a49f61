"""The digits and their folds: whole, apart, in shares, the same for ever."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits

from qlib.data import digits, load
from qlib.data.digits import Fold, enlarge, folds

FOLDS = folds()
DATA = load("digits")
# SHA-256 of the fold number of each image, in order, one byte each.
FOR_EVER = "97145cf96b2439b83916bbde81ac61cc77b06a4391e83c8b1f25c9f5fcde0bc7"
FIRST = [1, 3, 7, 16, 17]
CALIBRATE = [64, 43, 1245, 1676, 659]


def test_the_digits_are_those_of_scikit_learn():
    images, y = load_digits(return_X_y=True)
    np.testing.assert_array_equal(DATA.x.reshape(1797, 64) * 16, images)
    np.testing.assert_array_equal(DATA.y, y)
    assert (DATA.x.dtype, DATA.x.shape) == (np.float32, (1797, 1, 8, 8))
    assert (DATA.x.min(), DATA.x.max(), len(DATA)) == (0, 1, 1797)
    assert DATA.names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def test_no_two_digits_are_equal():
    assert len(np.unique(DATA.x.reshape(1797, 64), axis=0)) == 1797


def test_each_image_is_in_one_test_part():
    tested = np.concatenate([fold.test for fold in FOLDS])
    np.testing.assert_array_equal(np.sort(tested), np.arange(1797))
    assert [len(fold.test) for fold in FOLDS] == [360, 360, 359, 359, 359]


@pytest.mark.parametrize("fold", FOLDS)
def test_nothing_leaks(fold):
    both = np.concatenate([fold.train, fold.test])
    np.testing.assert_array_equal(np.sort(both), np.arange(1797))
    assert set(fold.calibration) <= set(fold.train)
    assert not set(fold.calibration) & set(fold.test)
    assert len(set(fold.calibration)) == len(fold.calibration) == 500


@pytest.mark.parametrize("fold", FOLDS)
def test_each_class_has_its_share(fold):
    share = np.bincount(DATA.y) / 5
    assert (abs(np.bincount(DATA.y[fold.test]) - share) < 1.5).all()
    share = np.bincount(DATA.y) * 500 / 1797  # calibration is a fair draw
    assert (abs(np.bincount(DATA.y[fold.calibration]) - share) < 20).all()


def test_the_folds_are_the_same_for_ever():
    number = np.empty(1797, np.uint8)
    for i, fold in enumerate(FOLDS):
        number[fold.test] = i
    assert hashlib.sha256(number.tobytes()).hexdigest() == FOR_EVER
    assert FOLDS[0].test[:5].tolist() == FIRST
    assert FOLDS[0].calibration[:5].tolist() == CALIBRATE


@pytest.mark.parametrize("constant", ["SEED", "FOLDS", "CALIBRATION"])
def test_other_folds_are_not_given(constant, monkeypatch):
    monkeypatch.setattr(digits, constant, getattr(digits, constant) + 1)
    with pytest.raises(RuntimeError, match="must have the digest efd7"):
        folds()


def test_other_images_are_not_given(monkeypatch):
    x, y = load_digits(return_X_y=True)
    x[1796, 63] += 1
    monkeypatch.setattr(digits, "load_digits", lambda **_: (x, y))
    with pytest.raises(RuntimeError, match="must have the digest efd7"):
        folds()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            ([0, 1], [1, 2], [0]),
            r"train and test must share no image, got \[1\]",
        ),
        (([0, 1], [2], [2]), r"calibration must be in train, got \[2\]"),
        (([0, 0], [1], [0]), "train must hold each image once"),
        (([0], [1, 1], [0]), "test must hold each image once"),
        (([0], [1], [0, 0]), "calibration must hold each image once"),
        (([[0]], [1], [0]), "train must hold each image once"),
        (([0.0], [1], [0]), "train must be integers, got dtype float64"),
    ],
)
def test_a_leaking_fold_is_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        Fold(*(np.array(part) for part in parts))


def test_a_fold_is_locked():
    with pytest.raises(ValueError, match="read-only"):
        FOLDS[0].test[0] = 1


def test_two_pixels_enlarged_by_hand():
    row, border = [0, 0, 1, 1, 1, 2, 2, 2, 0, 0], [0] * 10
    by_hand = [border, border, row, row, row, border, border]
    assert enlarge(np.array([[1, 2]])).tolist() == by_hand


def test_the_enlarged_digits_are_the_digits():
    large = load("digits28")
    assert large.x.shape == (1797, 1, 28, 28)
    assert large.x.dtype == np.float32
    np.testing.assert_array_equal(large.y, DATA.y)
    for i in (0, 1, 2):  # each pixel three times, whichever of the nine
        for j in (0, 1, 2):
            inner = large.x[:, :, 2 + i : 26 : 3, 2 + j : 26 : 3]
            np.testing.assert_array_equal(inner, DATA.x)
    border = np.ones((28, 28), bool)
    border[2:26, 2:26] = False
    assert (large.x[..., border] == 0).all()


def test_one_axis_cannot_be_enlarged():
    with pytest.raises(
        ValueError, match=r"two axes or more, got shape \(3,\)"
    ):
        enlarge(np.ones(3))
