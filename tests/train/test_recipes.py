"""Training: the same bits again, as good with another seed, clear errors."""

import hashlib
import importlib
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import qlib.data
import qlib.zoo
from qlib.data.digits import folds
from qlib.net.real import result
from qlib.stats import Rate, mcnemar, pool
from qlib.train.capture import capture
from qlib.train.fit import fit, reproducible, warp
from qlib.train.recipes import RECIPES, main, module_of, right, trained
from qlib.zoo.file import pack, unpack

SHARES = {"digits": (0.985, 0.99), "cnn": (0.975, 0.98)}  # low end, share


def short(family):
    return replace(RECIPES[family], epochs=1)


def stored(family):
    """Each image, by the network that never saw it: right or wrong."""
    data = qlib.data.load(RECIPES[family].data)
    hits = np.zeros(len(data), bool)
    for net, fold in zip(qlib.zoo.folds(family), folds(), strict=True):
        part = data.take(fold.test)
        hits[fold.test] = result(net, part.x).argmax(1) == part.y
    return hits


@pytest.mark.parametrize("family", ["digits", "cnn"])
def test_the_cards_tell_the_accuracy_that_is_measured(family):
    hits = stored(family)
    cards = [qlib.zoo.card(f"{family}-{i}") for i in range(5)]
    for card, fold in zip(cards, folds(), strict=True):
        assert card.recipe == RECIPES[family].text()
        assert (card.right, card.tested) == (
            int(hits[fold.test].sum()),
            len(fold.test),
        )
    pooled = pool(Rate(card.right, card.tested) for card in cards)
    low, share = SHARES[family]
    assert pooled.n == 1797
    assert pooled.low > low
    assert pooled.p > share


@pytest.mark.parametrize("family", ["digits", "cnn"])
def test_one_seed_gives_the_same_bits_and_another_one_others(family):
    data = qlib.data.load(RECIPES[family].data).take(np.arange(200))
    digests = []
    for seed in (3, 3, 4):
        torch.rand(seed)  # what was drawn before must not matter
        module = module_of(short(family), data, seed)
        net = capture(module, torch.tensor(data.x[:2]))
        digests.append(hashlib.sha256(pack(net, {})).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_retraining_with_another_seed_gives_as_good_a_network():
    """The whole recipe of one fold, on whatever machine this is."""
    fold, data = folds()[0], qlib.data.load("digits")
    part = data.take(fold.test)
    net, card = trained("digits", 0, seed=1)
    new = result(net, part.x).argmax(1) == part.y
    assert card.right == right(net, part) == new.sum()
    assert mcnemar(new, stored("digits")[fold.test]) > 0.01
    assert Rate(card.right, card.tested).p > 0.97


def test_training_leaves_torch_as_it_was():
    before = torch.get_num_threads(), torch.get_rng_state()
    with reproducible(5):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        torch.rand(3)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert not torch.are_deterministic_algorithms_enabled()


def test_no_distortion_is_the_image_itself():
    x = torch.rand(3, 1, 8, 8)
    assert torch.allclose(warp(0.0, 0.0)(x), x, atol=1e-5)
    with reproducible(0):
        moved = warp(0.15, 0.1)(x)
    assert moved.shape == x.shape
    assert (moved - x).abs().amax((1, 2, 3)).min() > 0.05


def test_fit_learns_a_line():
    x = torch.linspace(-1, 1, 100)[:, None]
    with reproducible(0):
        module = fit(nn.Linear(1, 2), x, (x[:, 0] > 0).long(), 20, 0.1)
    assert not module.training
    assert ((module(x).argmax(1) == 1) == (x[:, 0] > 0)).float().mean() > 0.97


def test_the_command_writes_a_network_and_prints_its_digest(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(RECIPES, "cnn", short("cnn"))
    main("cnn-3", str(tmp_path), "8")
    data = (tmp_path / "cnn-3.npz").read_bytes()
    net, card = unpack(data)
    assert (card["name"], card["fold"], card["seed"]) == ("cnn-3", 3, 8)
    assert net.shape == (1, 28, 28)
    said = capsys.readouterr()
    assert f"{hashlib.sha256(data).hexdigest()}  cnn-3.npz" in said.out
    assert "seed 8" in said.out
    assert said.err == ""


def test_the_command_lists_the_names_it_knows(tmp_path):
    with pytest.raises(ValueError, match=r"must be one of .*digits-4.*got x$"):
        main("x", str(tmp_path))


def test_without_torch_the_room_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "qlib.train")
    with pytest.raises(ImportError, match="needs torch: pip install torch$"):
        importlib.import_module("qlib.train")
