"""How each network of the zoo was trained.

    python -m qlib.train.recipes digits            all five folds
    python -m qlib.train.recipes digits-3 /tmp     one of them, elsewhere
    python -m qlib.train.recipes cnn /tmp 7        with another seed

It writes .npz files, into `qlib/zoo` if no folder is given, and prints the
lines for `qlib/zoo/digests.py`.   Chapter: measuring
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

import qlib.data
import qlib.zoo
from qlib.data.dataset import Dataset
from qlib.data.digits import folds
from qlib.net.graph import Net
from qlib.net.real import result
from qlib.train.blocks import keras_cnn, mobilenet, parameters
from qlib.train.capture import capture
from qlib.train.fit import fit, reproducible, warp
from qlib.zoo.cards import Card
from qlib.zoo.file import pack
from qlib.zoo.mobilenet import DIGITS

SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How one family of networks is trained.

    what     it is, in a few words
    data     the images, a name of `qlib.data`
    make     the untrained module
    epochs, rate, decay, batch    see `fit`
    distort  w and v of `warp`, if the images are distorted
    """

    what: str
    data: str
    make: Callable[[], nn.Module]
    epochs: int
    rate: float
    decay: float
    distort: tuple[float, float] | None = None
    batch: int = 64

    def text(self) -> str:
        """The recipe, to read."""
        text = (
            f"{self.epochs} epochs of AdamW, batches of {self.batch}, one "
            f"cycle of the rate up to {self.rate}, weight decay {self.decay}"
        )
        if self.distort is None:
            return text
        w, v = self.distort
        return f"{text}, images distorted by up to {w} and moved by up to {v}"


RECIPES = {
    "digits": Recipe(
        "MobileNetV2's blocks at 8 x 8",
        "digits",
        lambda: mobilenet(DIGITS),
        epochs=40,
        rate=0.01,
        decay=0.05,
        distort=(0.15, 0.1),
    ),
    "cnn": Recipe(
        "conv, max-pool, dense at 28 x 28",
        "digits28",
        keras_cnn,
        epochs=30,
        rate=0.01,
        decay=0.01,
    ),
}


def module_of(recipe: Recipe, data: Dataset, seed: int) -> nn.Module:
    """A module trained on these images."""
    x, y = torch.tensor(data.x), torch.tensor(data.y)
    distort = warp(*recipe.distort) if recipe.distort else torch.clone
    with reproducible(seed):
        return fit(
            recipe.make(),
            x,
            y,
            recipe.epochs,
            recipe.rate,
            recipe.decay,
            recipe.batch,
            distort,
        )


def trained(family: str, i: int, seed: int = SEED) -> tuple[Net, Card]:
    """Network i of a family, trained without the test part of fold i.

    Raises: KeyError for an unknown family, IndexError for an unknown fold.
    """
    recipe, fold = RECIPES[family], folds()[i]
    data = qlib.data.load(recipe.data)
    module = module_of(recipe, data.take(fold.train), seed)
    net = capture(module, torch.tensor(data.x[fold.train[:2]]))
    card = Card(
        name=f"{family}-{i}",
        what=recipe.what,
        data=recipe.data,
        fold=i,
        recipe=recipe.text(),
        seed=seed,
        right=right(net, data.take(fold.test)),
        tested=len(fold.test),
        parameters=parameters(module),
        made_with=f"torch {torch.__version__}, numpy {np.__version__}",
    )
    return net, card


def right(net: Net, data: Dataset) -> int:
    """How many images the net names rightly."""
    return int((result(net, data.x).argmax(1) == data.y).sum())


def main(name: str, folder: str = "", seed: str = str(SEED)) -> None:
    """Train a family, or one network of it; write, and say what came out.

    Raises: ValueError for an unknown name.
    """
    known = {f"{f}-{i}": (f, i) for f in RECIPES for i in range(len(folds()))}
    chosen = [n for n, (family, _) in known.items() if name in (n, family)]
    if not chosen:
        raise ValueError(
            f"name must be one of {[*RECIPES, *known]}, got {name}"
        )
    for one in chosen:
        net, card = trained(*known[one], int(seed))
        data = pack(net, asdict(card))
        path = Path(folder or qlib.zoo.FOLDER, f"{one}.npz")
        path.write_bytes(data)
        print(f"{card.text()}\nwritten to  {path}, {len(data):,} bytes")
        print(f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
