"""The networks of the zoo beside torch: every layer, and from end to end."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import qlib.zoo
from qlib.net.cost import cost, total
from qlib.net.real import result
from qlib.train.blocks import keras_cnn, mobilenet, parameters
from qlib.train.capture import capture
from qlib.train.fill import fill
from qlib.zoo.mobilenet import DIGITS, MOBILENET_V2, drawn
from tests.train.hooks import layer_errors, seen

SEEDS = range(3)
LAYER = 1e-5  # of the largest output: what one layer may add
SMALL = replace(MOBILENET_V2, shape=(3, 64, 64))
CASES = [(f"digits-{i}", seed) for i in range(5) for seed in SEEDS]
CASES += [(f"cnn-{i}", seed) for i in range(5) for seed in SEEDS]
CASES += [("64", seed) for seed in SEEDS] + [("224", 0)]


def pair(name, seed):
    """A net and its torch twin."""
    if name in ("64", "224"):
        design = SMALL if name == "64" else MOBILENET_V2
        net, module = drawn(design, seed), mobilenet(design)
    else:
        make = {"digits": lambda: mobilenet(DIGITS), "cnn": keras_cnn}
        net, module = qlib.zoo.load(name), make[name[:-2]]()
    return net, fill(module, net).eval()


def image(net, seed, n):
    """Random images, nothing like digits."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(n, *net.shape, generator=rng)


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_each_layer_on_torchs_own_tensors_equals_torch(name, seed):
    net, module = pair(name, seed)
    x = image(net, seed, 1 if name == "224" else 8)
    errors = dict(layer_errors(net, seen(module, x)))
    assert len(errors) == len(net.ops)
    assert max(errors.values()) <= LAYER, errors


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_from_end_to_end_the_difference_stays_small(name, seed):
    net, module = pair(name, seed)
    x = image(net, seed, 1 if name == "224" else 8)
    with torch.no_grad():
        want = module(x).numpy()
    off = abs(result(net, x.numpy()) - want).max()
    assert off <= 1e-4 * abs(want).max()


@pytest.mark.parametrize("name", ["digits-2", "cnn-4", "64"])
def test_what_is_filled_into_a_module_is_captured_again(name):
    net, module = pair(name, 1)
    back = capture(module, image(net, 0, 2))
    assert [op.y for op in back.ops] == [op.y for op in net.ops]
    for one, other in zip(net.ops, back.ops, strict=True):
        assert vars(one).keys() == vars(other).keys()
        for field, value in vars(one).items():
            np.testing.assert_array_equal(getattr(other, field), value)


def test_the_twins_have_the_published_counts():
    assert parameters(mobilenet(MOBILENET_V2)) == 3_504_872
    assert parameters(keras_cnn()) == 20_410
    net = capture(keras_cnn(), torch.rand(1, 1, 28, 28))
    assert total(cost(net)).parameters == 20_410


def test_weights_of_another_network_are_refused():
    net, cnn = drawn(DIGITS, 0), qlib.zoo.load("cnn-0")
    for module, other, message in (
        (mobilenet(DIGITS), cnn, "stem.conv.weight .*, got none$"),
        (keras_cnn(), net, "conv.weight .*, got none$"),
        (mobilenet(replace(DIGITS, head=64)), net, "head.conv.weight must"),
        (nn.Sequential(), cnn, "conv.weight must have shape none"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            fill(module, other)


def test_filling_copies_weights_and_eps():
    net, module = pair("digits-0", 0)
    norm = replace(net.ops[1], eps=0.5)
    net = replace(net, ops=(net.ops[0], norm, *net.ops[2:]))
    fill(module, net)
    assert module.stem.norm.eps == 0.5
    with torch.no_grad():
        module.stem.conv.weight.zero_()
    assert net.ops[0].w.any()
