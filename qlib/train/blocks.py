"""The networks of the zoo as torch modules, fresh and untrained.

Names are those of `qlib.zoo.mobilenet`: the module `block1.project.conv`
makes the tensor `block1.project.conv`.

Source: Sandler et al. 2018 (arXiv:1801.04381), tables 1 and 2.
Chapter: mobilenet
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from qlib.zoo.mobilenet import Design


class Unit(nn.Sequential):
    """k x k convolution without bias, batch norm, and relu6 or not."""

    def __init__(
        self,
        C: int,
        K: int,
        k: int,
        stride: int = 1,
        groups: int = 1,
        relu6: bool = True,
    ) -> None:
        conv = nn.Conv2d(C, K, k, stride, k // 2, groups=groups, bias=False)
        layers: dict[str, nn.Module] = {"conv": conv}
        layers["norm"] = nn.BatchNorm2d(K)
        if relu6:
            layers["relu6"] = nn.ReLU6()
        super().__init__(OrderedDict(layers))


class InvertedResidual(nn.Sequential):
    """Wide inside, narrow outside; x is added if the shapes agree.

    Shapes: x (N, C, H, W) -> (N, K, H / stride, W / stride), rounded up.
    """

    def __init__(self, t: int, C: int, K: int, stride: int) -> None:
        wide = t * C
        layers: dict[str, nn.Module] = {}
        if t > 1:
            layers["expand"] = Unit(C, wide, 1)
        layers["depthwise"] = Unit(wide, wide, 3, stride, groups=wide)
        layers["project"] = Unit(wide, K, 1, relu6=False)
        super().__init__(OrderedDict(layers))
        self.residual = stride == 1 and C == K

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self:
            y = layer(y)
        return x + y if self.residual else y


def mobilenet(design: Design) -> nn.Sequential:
    """A network of this design.

    Shapes: x (N, *design.shape) -> logits (N, design.classes).
    """
    K, s = design.stem
    layers: dict[str, nn.Module] = {"stem": Unit(design.shape[0], K, 3, s)}
    for i, block in enumerate(design.blocks(), 1):
        layers[f"block{i}"] = InvertedResidual(*block)
        K = block[2]
    layers["head"] = Unit(K, design.head, 1)
    layers["mean"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dense"] = nn.Linear(design.head, design.classes)
    return nn.Sequential(OrderedDict(layers))


def keras_cnn() -> nn.Sequential:
    """The small network of TensorFlow's own examples: 20,410 parameters.

    Shapes: x (N, 1, 28, 28) -> logits (N, 10).
    Source: tensorflow/model-optimization, quantization_aware_training_
    example.ipynb.  There the image has its channels last, so that Flatten
    puts the 2,028 features in another order.
    """
    layers: dict[str, nn.Module] = {
        "conv": nn.Conv2d(1, 12, 3),
        "relu": nn.ReLU(),
        "pool": nn.MaxPool2d(2),
        "flatten": nn.Flatten(),
        "dense": nn.Linear(12 * 13 * 13, 10),
    }
    return nn.Sequential(OrderedDict(layers))


def parameters(module: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(torch.numel(p) for p in module.parameters())
