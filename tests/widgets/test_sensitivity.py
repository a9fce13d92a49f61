"""Recorded counts: torch and qlib count a sample of them again."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

import qlib.widgets.sensitivity as sensitivity
from qlib.net.fold import fold
from qlib.net.graph import (
    Add,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    Net,
    Relu6,
)
from qlib.widgets.sensitivity import (
    BITS,
    GRIDS,
    answers,
    layers,
    prepared,
    recorded,
    weights,
)
from qlib.zoo import folds
from qlib.zoo.digests import DIGESTS

DEPTHWISE, ALL = 7, 17
ready = cache(prepared)
SAMPLE = [  # network, layer, folded, bits, grid
    (4, DEPTHWISE, True, 6, "tensor"),
    (4, DEPTHWISE, False, 6, "tensor"),
    (4, DEPTHWISE, True, 6, "channel"),
    (4, DEPTHWISE, True, 8, "tensor"),
    (4, ALL, True, 6, "tensor"),
    (0, ALL, True, 3, "tensor"),
    (0, ALL, False, 3, "tensor"),
    (0, ALL, True, 3, "channel"),
    (2, 0, True, 4, "tensor"),
    (3, 16, True, 3, "channel"),
]


def places(layer):
    return range(ALL) if layer == ALL else [layer]


def stored(network, layer, folded, bits, grid):
    at = network, layer, int(folded), BITS.index(bits), [*GRIDS].index(grid)
    return int(recorded().lost[at]), int(recorded().won[at])


def apart(known, now):
    return int(np.sum(known & ~now)), int(np.sum(~known & now))


@pytest.mark.parametrize(
    ("network", "layer", "folded", "bits", "grid"), SAMPLE
)
def test_a_sample_counted_again_is_what_is_stored(
    network, layer, folded, bits, grid
):
    net, real, y = ready(network, folded)
    known = answers(net, real) == y
    now = answers(net, real, places(layer), GRIDS[grid], bits) == y
    assert known.sum() == recorded().right[network]
    found = apart(known, now)
    assert found == stored(network, layer, folded, bits, grid)


def on_a_grid(w, bits, grid):
    """Eq. (1), by torch; its round is half to even."""
    top = 2 ** (bits - 1) - 1
    a = w.abs().flatten(1).max(1).values
    a = a if grid == "channel" else a.max().expand(len(w))
    S = (a / top).float().double().reshape(-1, *[1] * (w.ndim - 1))
    return torch.round(w / S) * S


def by_torch(net, x, chosen, folded, coded):
    """The classes; coded(w) in the layers `chosen`, folded by torch."""
    tensors, norms = {"x": torch.tensor(x).double()}, {}
    wide = lambda a: torch.tensor(a).double()  # noqa: E731
    for op in net.ops:
        if isinstance(op, BatchNorm):
            norms[op.x] = [
                wide(a) for a in (op.mean, op.var, op.gamma, op.beta)
            ]
    for op in net.ops:
        match op:
            case Conv():
                w, b = wide(op.w), torch.zeros(len(op.w), dtype=torch.float64)
                if folded:
                    mean, var, gamma, beta = norms[op.y]
                    w, b = fuse_conv_bn_weights(
                        w, b, mean, var, 1e-5, gamma, beta
                    )
                    w, b = (a.detach().float().double() for a in (w, b))
                w = coded(w) if op.y in chosen else w
                pad, h = op.pad[0][0], tensors[op.x]
                h = F.conv2d(h, w, b, op.stride, pad, groups=op.groups)
            case BatchNorm():
                h = tensors[op.x]
                h = h if folded else F.batch_norm(h, *norms[op.x], eps=1e-5)
            case Relu6():
                h = F.relu6(tensors[op.x])
            case Add():
                h = tensors[op.a] + tensors[op.b]
            case GlobalAveragePool():
                h = tensors[op.x].mean((2, 3), keepdim=True)
            case Flatten():
                h = tensors[op.x].flatten(1)
            case Dense():
                w = wide(op.w)
                w = coded(w) if op.y in chosen else w
                h = F.linear(tensors[op.x], w, wide(op.b))
        tensors[op.y] = h
    return tensors[net.output].argmax(1).numpy()


@pytest.mark.parametrize(
    ("network", "layer", "folded", "bits", "grid"), SAMPLE[::2]
)
def test_a_sample_counted_by_torch_is_what_is_stored(
    network, layer, folded, bits, grid
):
    net, real, y = ready(network, False)
    ops = [layers(net)[k] for k in places(layer)]
    chosen = {op.y for op in ops}

    def run(names):
        coded = lambda w: on_a_grid(w, bits, grid)  # noqa: E731
        return by_torch(net, real["x"], names, folded, coded) == y

    found = apart(run(set()), run(chosen))
    assert found == stored(network, layer, folded, bits, grid)


@pytest.mark.parametrize(
    ("bits", "shares"),
    [
        (8, (99.1, 99.1, 99.1)),
        (6, (99.2, 95.2, 99.2)),
        (4, (98.4, 91.1, 98.5)),
        (3, (78.5, 54.6, 95.7)),
    ],
)
def test_the_staircase_of_the_chapter(bits, shares):
    c, b = recorded(), BITS.index(bits)
    lost, won = (a[:, ALL].sum(0) for a in (c.lost, c.won))
    right = c.right.sum() - lost + won
    steps = right[0, b, 0], right[1, b, 0], right[1, b, 1]
    assert [round(100 * k / c.n.sum(), 1) for k in steps] == [*shares]
    assert c.n.sum() == 1797


def test_one_layer_of_one_network_loses_what_6_bits_lose():
    lost = recorded().lost[:, DEPTHWISE, 1, BITS.index(6), 0]
    every = recorded().lost[:, ALL, 1, BITS.index(6), 0]
    assert lost.tolist() == [1, 0, 0, 0, 72]
    assert every.tolist() == [0, 2, 0, 0, 75]


def test_a_step_per_filter_gives_the_same_codes_before_and_after_folding():
    for net, bits in itertools.product(folds("digits"), BITS):
        for real, folded in zip(layers(net), layers(fold(net)), strict=True):
            qs = []
            for op in (real, folded):
                S = GRIDS["channel"](weights(op), bits).scale
                S = S.reshape(-1, *[1] * (op.w.ndim - 1))
                qs.append(np.round(np.float64(op.w) / S))
            np.testing.assert_array_equal(*qs)


def test_the_counts_are_of_the_networks_that_are_stored():
    names = [f"digits-{i}" for i in range(5)]
    assert recorded().made_of.tolist() == [DIGESTS[n] for n in names]
    assert recorded().lost.shape == (5, ALL + 1, 2, len(BITS), len(GRIDS))
    assert len(layers(folds("digits")[0])) == ALL


def test_another_file_is_refused(monkeypatch, tmp_path):
    other = tmp_path / "other.npz"
    other.write_bytes(b"PK")
    monkeypatch.setattr(sensitivity, "FILE", other)
    with pytest.raises(ValueError, match=r"other.npz must have the SHA-256"):
        recorded.__wrapped__()


def test_layers_before_the_first_changed_one_are_taken_as_they_are():
    net, real, _ = ready(0, True)
    last = len(layers(net)) - 1
    spoiled = {name: np.zeros_like(a) for name, a in real.items()}
    spoiled["flatten"] = real["flatten"]
    wanted = answers(net, real, [last], bits=3)
    np.testing.assert_array_equal(
        answers(net, spoiled, [last], bits=3), wanted
    )
    assert isinstance(net, Net)
