"""What a network of the zoo is, as data and as text.

Chapter: measuring
"""

from dataclasses import dataclass
from textwrap import fill

LIMITS = (
    "The images that test it were never seen in training, but the same hands "
    "wrote both: it says nothing about other writers. It is made to be "
    "quantized in a book, for nothing else."
)


@dataclass(frozen=True)
class Card:
    """A network's origin and its result.

    name        under which `load` finds it
    what        it is, in a few words
    data        the images, a name of `qlib.data`
    fold        whose test part it never saw, an index of `digits.folds()`
    recipe      how it was trained, in words
    seed        of the recipe
    right       how many images of the test part it names rightly
    tested      how many there are
    parameters  trained numbers
    made_with   versions

    >>> card = Card("n-0", "net", "digits", 0, "by lot", 3, 9, 10, 5, "torch")
    >>> print(card.text().splitlines()[2])
    tested on   10 images of the test part of fold 0: 9 right, 90.0 %
    """

    name: str
    what: str
    data: str
    fold: int
    recipe: str
    seed: int
    right: int
    tested: int
    parameters: int
    made_with: str

    def text(self) -> str:
        """The card, to read.

        >>> Card("n", "net", "d", 0, "r", 3, 9, 10, 5, "torch").text()[:3]
        'n: '
        """
        part = f"part of fold {self.fold}"
        share = f"{100 * self.right / self.tested:.1f} %"
        rows = {
            "trained on": f"{self.data}, the training {part}",
            "tested on": f"{self.tested} images of the test {part}: "
            f"{self.right} right, {share}",
            "recipe": f"{self.recipe}; seed {self.seed}",
            "made with": f"{self.made_with}, on the CPU, one thread",
            "limits": LIMITS,
        }
        head = f"{self.name}: {self.what}, {self.parameters:,} parameters"
        return "\n".join((head, *(_row(*row) for row in rows.items())))


def _row(title: str, text: str) -> str:
    """A title and a text beside it, in lines of 79 columns."""
    start, rest = f"{title:12}", " " * 12
    return fill(text, 79, initial_indent=start, subsequent_indent=rest)
