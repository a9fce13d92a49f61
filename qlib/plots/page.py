"""Put a figure into a page: inline SVG in the page's colours, and its words.

`draw(width)` makes the figure for a column of that many pixels.  It is
called once for a desk and once for a phone; the page shows one of the two
(page.css), so that text is never scaled.

    def draw(width):
        fig, (ax,) = axes(width, 180)
        number_line(qp, ax, reals=[-0.3, 0.8, 1.1])
        return fig

    show(draw, "Three reals fall onto the eight codes of a 3-bit grid ...")
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from qlib.plots.style import STYLE
from qlib.plots.svg import to_page

WIDTHS = 640, 358
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))

Draw = Callable[[int], Figure]


def inline_svg(draw: Draw, alt: str) -> str:
    """HTML with the figure for a desk and for a phone, one of them shown.

    alt states the finding, in one sentence or two.
    """
    alt = checked(alt)
    svgs = (svg(draw, alt, width) for width in WIDTHS)
    return f'<div class="q-figure">{"".join(svgs)}</div>'


def show(draw: Draw, alt: str) -> "Shown":
    """The figure as the last line of a cell, or for glue()."""
    return Shown(draw, checked(alt))


@dataclass(frozen=True)
class Shown:
    """A figure that a notebook can show: SVG, PNG and words."""

    draw: Draw
    alt: str

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, str]:
        return {
            "text/html": inline_svg(self.draw, self.alt),
            "image/png": b64encode(png(self.draw)).decode(),
            "text/plain": self.alt,
        }

    def __repr__(self) -> str:
        return self.alt


def svg(draw: Draw, alt: str, width: int) -> str:
    """One <svg> that is width pixels wide."""
    file = StringIO()
    with drawn(draw, width, math=False) as fig:
        fig.savefig(file, format="svg", metadata=NO_METADATA)
    return to_page(file.getvalue(), alt, width)


def png(draw: Draw) -> bytes:
    """The figure for a desk on white, where there is no HTML."""
    file = BytesIO()
    with drawn(draw, WIDTHS[0], math=True) as fig:
        fig.savefig(file, format="png", dpi=144, facecolor="white")
    return file.getvalue()


@contextmanager
def drawn(draw: Draw, width: int, math: bool = False) -> Iterator[Figure]:
    """The figure, while the book's style holds; closed afterwards."""
    before = plt.get_fignums()
    settings: Any = STYLE | {"text.parse_math": math}
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        try:
            yield draw(width)
        finally:
            for number in set(plt.get_fignums()) - set(before):
                plt.close(number)


def checked(alt: str) -> str:
    """The text alternative on one line, or a ValueError."""
    said = " ".join(alt.split())
    file = re.search(r"\.(png|svg|jpe?g|gif|webp|pdf)$|^[./\\]|_images/", said)
    if file or len(said) < 40 or said.count(" ") < 5:
        raise ValueError(
            "the text alternative states what the figure shows, in a "
            f"sentence of at least 40 characters, got {alt!r}"
        )
    return said
