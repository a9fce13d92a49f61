"""Costs, against counts that others made."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from qlib.net.cost import cost, least_access, total
from qlib.net.famous import alexnet, alexnet_owt, resnet50, resnet50_v1_5
from qlib.net.graph import (
    Absent,
    Conv,
    Dense,
    Flatten,
    MaxPool,
    Net,
    Relu,
    around,
)

VECTORS = Path(__file__).parents[1] / "vectors"
COUNTS = json.loads((VECTORS / "counts.json").read_text())


def of(net, *kinds):
    return total(tuple(row for row in cost(net) if row.kind in kinds))


@pytest.mark.parametrize(
    ("net", "name"),
    [
        (alexnet(), "alexnet_2012_two_tower"),
        (alexnet_owt(), "alexnet_one_weird_trick_torchvision"),
    ],
)
def test_alexnet_counts_as_recorded(net, name):
    """Computing is in the convolutions, parameters in the dense layers."""
    want = COUNTS[name]
    conv, dense, both = of(net, "Conv"), of(net, "Dense"), total(cost(net))
    assert both.parameters == want["total_params"]
    for row, kind in ((conv, "conv"), (dense, "fc")):
        assert row.parameters == want[f"{kind}_params"]
        assert row.macs == want[f"{kind}_macs"]
        share = row.parameters / both.parameters
        assert share == pytest.approx(want[f"{kind}_param_share"], rel=1e-12)
        share = row.macs / both.macs
        assert share == pytest.approx(want[f"{kind}_mac_share"], rel=1e-12)


def test_alexnet_makes_activations_as_recorded():
    want = COUNTS["alexnet_activation_sizes"]
    for kind, sizes in (("Conv", want["conv"]), ("Dense", want["fc"])):
        rows = [row for row in cost(alexnet()) if row.kind == kind]
        assert [math.prod(row.shape) for row in rows] == sizes


@pytest.mark.parametrize(
    ("net", "name"),
    [(resnet50(), "resnet50_v1"), (resnet50_v1_5(), "resnet50_v1_5")],
)
def test_resnet50_counts_as_recorded(net, name):
    want, rows = COUNTS[name], cost(net)
    conv, both = of(net, "Conv"), total(rows)
    convs = [row for row in rows if row.kind == "Conv"]
    assert len(convs) == want["n_conv"]
    short = [row for row in convs if "short" in row.name]
    assert len(convs) - len(short) == want["n_conv_main_path"]
    assert conv.parameters == want["conv_weights"]
    assert of(net, "BatchNorm").parameters == want["bn_params"]
    assert of(net, "Dense").parameters == want["fc_params"]
    assert of(net, "Dense").macs == want["fc_macs"]
    assert both.parameters == want["total_params"]
    assert conv.macs == want["conv_macs"]
    assert both.macs == want["total_macs"]
    assert both.size() / 1e6 == want["size_MB_decimal"]
    assert both.size() / 2**20 == want["size_MiB"]


@pytest.mark.parametrize("row", COUNTS["shufflenetv2_memory_access_cost"])
def test_a_1x1_convolution_moves_least_between_equal_widths(row):
    op = Conv("x", "y", Absent((row["c2"], row["c1"], 1, 1)))
    (found,) = cost(Net((row["c1"], row["h"], row["w"]), (op,)))
    assert found.macs == row["B"]
    assert found.access == row["MAC"]
    bound = least_access(row["h"] * row["w"], found.macs)
    assert bound == row["lower_bound"]
    assert (found.access == bound) == (row["c1"] == row["c2"])


def test_the_keras_cnn_has_the_parameters_of_its_summary():
    want = COUNTS["keras_qat_summary"]
    ops = (
        Conv("x", "c", Absent((12, 1, 3, 3)), Absent((12,))),
        Relu("c", "r"),
        MaxPool("r", "p", (2, 2), (2, 2)),
        Flatten("p", "f"),
        Dense("f", "y", Absent((10, 2028)), Absent((10,))),
    )
    net = Net((1, 28, 28), ops)
    assert total(cost(net)).parameters == want["trainable"]
    assert cost(net)[3].shape == (want["flatten_units"],)
    access = [row.access for row in cost(net)[1:4]]
    assert access == [2 * 12 * 26 * 26, 12 * (26 * 26 + 13 * 13), 0]


def test_multiply_adds_are_those_that_the_loops_make():
    """Counted one by one, taps on padding included."""
    w = np.ones((6, 2, 3, 2))
    op = Conv("x", "y", w, None, (2, 1), around(1), groups=2)
    (row,) = cost(Net((4, 7, 5), (op,)))
    K, P, Q = row.shape
    assert (K, P, Q) == (6, 4, 6)
    taps = sum(w[k].size for k in range(K) for _ in range(P * Q))
    assert row.macs == taps
    assert row.parameters == w.size
    assert row.access == 4 * 7 * 5 + K * P * Q + w.size


def test_size_follows_the_bits():
    (row,) = cost(Net((4,), (Dense("x", "y", Absent((3, 4))),)))
    assert (row.size(), row.size(8), row.size(4)) == (48, 12, 6)
