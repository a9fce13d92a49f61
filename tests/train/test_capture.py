"""Capturing torch modules: what becomes an op, what is refused, by name."""

import operator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from qlib.net.graph import Concat, MaxPool, inputs
from qlib.net.real import result
from qlib.train.capture import capture
from tests.train.hooks import layer_errors, seen


def image(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(2, *shape, generator=rng)


def shaken(module):
    """Batch norms as after some training."""
    torch.manual_seed(0)
    for name, t in module.state_dict().items():
        if "running" in name or "norm" in name:
            t.copy_(0.5 + torch.rand(t.shape))
    return module


def kinds(net):
    return [type(op).__name__ for op in net.ops]


LAYERS = [
    (nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=2), (4, 9, 8)),
    (nn.Conv2d(4, 8, 3, padding="same", groups=4, bias=False), (4, 5, 6)),
    (nn.Conv2d(4, 4, (2, 4), padding="same", dilation=(3, 1)), (4, 7, 7)),
    (nn.Conv2d(4, 4, 3, padding="valid"), (4, 7, 7)),
    (nn.Linear(5, 3, bias=False), (5,)),
    (shaken(nn.Sequential(nn.BatchNorm1d(5, eps=0.1))), (5,)),
    (shaken(nn.Sequential(nn.BatchNorm2d(3))), (3, 4, 4)),
    (nn.MaxPool2d(3, 2, 1), (3, 8, 8)),
    (nn.AvgPool2d((2, 3), (2, 1), (1, 1)), (3, 8, 8)),
    (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (3, 8, 8)),
    (nn.AdaptiveAvgPool2d((1, 1)), (3, 5, 4)),
    (nn.Sigmoid(), (5,)),
    (nn.Softmax(1), (5, 2, 2)),
    (nn.ReLU6(inplace=True), (5,)),
    (nn.Flatten(), (2, 3, 4)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_a_layer_becomes_one_op_that_gives_the_same(layer, shape):
    module = nn.Sequential(layer, nn.Dropout(0.9), nn.Identity())
    net, x = capture(module, image(*shape)), 3 * image(*shape, seed=1)
    assert len(net.ops) == 1
    with torch.no_grad():
        want = module.eval()(x.clone()).numpy()
    off = abs(result(net, x.numpy()) - want).max()
    assert off <= 1e-5 * abs(want).max()


class Residual(nn.Module):
    """As torchvision's ResNet writes it: one relu, thrice, in place."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        identity = x
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.conv2(out)
        out += identity
        return self.relu(out)


def test_a_residual_block_keeps_batch_norm_and_names_places():
    module = shaken(nn.Sequential(Residual(), Residual()))
    net = capture(module, image(3, 6, 6))
    assert [op.y for op in net.ops[:6]] == [
        "0.conv1",
        "0.norm1",
        "0.relu",
        "0.conv2",
        "0.add",
        "0.relu_2",
    ]
    assert inputs(net.ops[10]) == ("1.conv2", "0.relu_2")
    assert kinds(net)[:3] == ["Conv", "BatchNorm", "Relu"]


class Functional(nn.Module):
    """What has no module: functions, methods, two branches."""

    def forward(self, x):
        a, b = F.relu(x), torch.add(x, x)
        c = torch.cat([a, F.relu6(b)], 1)
        c = F.max_pool2d(c, 3, stride=2, padding=1)
        c = F.avg_pool2d(c, 2, count_include_pad=False)
        c = F.adaptive_avg_pool2d(c.relu(), (1, 1))
        return torch.sigmoid(torch.flatten(c, 1)).flatten(start_dim=1)


def test_functions_and_methods_become_ops_too():
    net, x = capture(Functional(), image(3, 8, 8)), image(3, 8, 8, seed=1)
    both, pool = net.ops[3:5]
    assert isinstance(both, Concat)
    assert both.xs == ("relu", "relu6")
    assert isinstance(pool, MaxPool)
    assert (pool.kernel, pool.stride) == ((3, 3), (2, 2))
    want = Functional()(x).numpy()
    np.testing.assert_allclose(result(net, x.numpy()), want, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_each_captured_layer_on_torchs_own_tensors_equals_torch(seed):
    module = shaken(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, 2),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * 16, 5),
            nn.Softmax(1),
        )
    )
    x = image(3, 18, 18, seed=seed)
    net = capture(module, x)
    assert kinds(net)[1:3] == ["BatchNorm", "Relu"]
    errors = dict(layer_errors(net, seen(module.eval(), x)))
    assert max(errors.values()) <= 1e-5


def test_the_module_is_left_as_it_is():
    module = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(inplace=True)).train()
    x = image(3, 4, 4)
    before = x.clone(), module[0].running_mean.clone()
    net = capture(module, x)
    assert module.training
    assert module[0].training
    assert torch.equal(x, before[0])
    assert torch.equal(module[0].running_mean, before[1])
    with torch.no_grad():
        module[0].weight.zero_()
    assert net.ops[0].gamma.all()


class Returns(nn.Module):
    """What a function gives."""

    def __init__(self, f):
        super().__init__()
        self.f, self.w = f, nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.f(x)


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


class Weighted(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x + self.scale


STRANGERS = [
    (nn.GELU(), "GELU: 0 must be an op of qlib.net, got GELU"),
    (nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"), "Conv2d: 0 must"),
    (nn.ConvTranspose2d(3, 3, 3), "ConvTranspose2d: 0 must"),
    (nn.BatchNorm2d(3, affine=False), "BatchNorm2d: 0 must"),
    (nn.BatchNorm2d(3, track_running_stats=False), "BatchNorm2d: 0 must"),
    (nn.MaxPool2d(2, ceil_mode=True), "MaxPool2d: 0 must"),
    (nn.MaxPool2d(2, dilation=2), "MaxPool2d: 0 must"),
    (nn.MaxPool2d(2, return_indices=True), "MaxPool2d: 0 must"),
    (nn.AvgPool2d(2, divisor_override=3), "AvgPool2d: 0 must"),
    (nn.AdaptiveAvgPool2d(2), "AdaptiveAvgPool2d: 0 must"),
    (nn.Flatten(2), "Flatten: 0 must"),
    (nn.Softmax(2), "Softmax: 0 must"),
    (Returns(lambda x: x + 1), r"0.add must be an op of qlib.net, got"),
    (Returns(lambda x: torch.add(x, x, alpha=2)), "0.add must"),
    (Returns(lambda x: torch.cat([x, x], 2)), "0.cat must"),
    (Returns(lambda x: torch.cat([x, x])), "0.cat must"),
    (Returns(lambda x: torch.flatten(x)), "Flatten: 0.flatten must"),
    (Returns(lambda x: x.mean()), "0.mean must"),
    (Returns(lambda x: x[0]), "0.getitem must"),
    (Returns(lambda x: F.softmax(x, 1)), "0.softmax must"),
    (Weighted(), "0.scale must"),
]


@pytest.mark.parametrize(("layer", "message"), STRANGERS)
def test_what_no_op_expresses_is_refused_by_name(layer, message):
    with pytest.raises(NotImplementedError, match=f"^{message}"):
        capture(nn.Sequential(layer), image(3, 8, 8))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (TwoInputs(), r"TwoInputs: must take one tensor, got \['x', 'y'\]"),
        (Returns(lambda x: x if x.sum() > 0 else -x), "Returns: cannot be"),
        (Returns(lambda x: (x, x)), "Returns: must return one tensor, got 2"),
        (Returns(lambda x: 3), "Returns: must return one tensor, got 0"),
    ],
)
def test_a_forward_that_is_no_network_is_refused(module, message):
    with pytest.raises(NotImplementedError, match=f"^{message}"):
        capture(module, image(3))


class InPlace(nn.Module):
    """The sum sees what relu did to x: in a net it would not."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.conv(x)
        return operator.add(self.relu(x), x)


def hooked():
    module = nn.Linear(3, 3)
    module.register_forward_hook(lambda _m, _given, y: y + 1)
    return nn.Sequential(module)


@pytest.mark.parametrize(
    ("module", "shape"), [(InPlace(), (3, 4, 4)), (hooked(), (3,))]
)
def test_what_the_record_missed_is_found_on_the_example(module, shape):
    message = "the net must give what the module gives on the example"
    with pytest.raises(NotImplementedError, match=message):
        capture(module, image(*shape))


def test_a_single_layer_is_a_network_too():
    layer, x = nn.Linear(3, 2), image(3)
    net = capture(layer, x)
    want = layer(x).detach().numpy()
    np.testing.assert_allclose(result(net, x.numpy()), want, rtol=1e-5)


def test_a_net_that_is_nothing_is_refused():
    with pytest.raises(ValueError, match="^Net: ops must be operations"):
        capture(nn.Sequential(nn.Identity()), image(3))
