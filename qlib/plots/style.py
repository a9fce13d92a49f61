"""The look of a figure as data: colours, matplotlib settings, room on paper.

A figure is drawn once, in the light colours below; `page` then replaces each
of them by the variable of the page's stylesheet that has the same role, so
that one drawing serves the light and the dark theme.  No other colour may
be used.

Source: the book's visual language (tokens, type, lines).
"""

from typing import Any

from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TOKENS = {  # role -> light colour
    "ink": "#222832",  # axes, curves, text
    "muted": "#48566b",  # tick labels, captions
    "rule": "#d1d5da",  # hairlines, grid
    "edge": "#848d9a",  # borders
    "touch": "#0d5bc4",  # what the reader moves; never data
    "real": "#5b6a7e",  # real values, data
    "code": "#b05308",  # integer codes
    "float": "#0b5345",  # the float reference, grids with an exponent
    "err": "#a3084a",  # error; clipped = the same, hatched
    "paper": "#ffffff",
    "sheet": "#f3f4f5",
}
INK, MUTED, RULE, EDGE, TOUCH = list(TOKENS.values())[:5]
REAL, CODE, FLOAT, ERR, PAPER, SHEET = list(TOKENS.values())[5:]

Look = dict[str, Any]  # keyword arguments for matplotlib

PX = 0.75  # points per pixel: 9 pt are 12 px
HATCH = "//"  # clipping error; 45 degrees, pitch 5.7 px

STYLE: dict[str, Any] = {
    "figure.dpi": 96,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    # Comes with matplotlib: the same bytes on every machine.  The page shows
    # the theme's font, which is narrower.
    "font.family": ["DejaVu Sans"],
    "font.monospace": ["DejaVu Sans Mono"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.titlecolor": INK,
    "axes.labelsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.75,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.grid.which": "major",
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "xaxis.labellocation": "right",
    "xtick.major.size": 3,
    "xtick.major.width": 0.75,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "butt",
    "patch.linewidth": 0.9,
    "patch.edgecolor": INK,
    "hatch.linewidth": 1.4,
    "hatch.color": ERR,
    "axes.prop_cycle": cycler(color=[CODE, FLOAT, REAL, ERR, INK]),
    "legend.frameon": False,
    "mathtext.fontset": "stix",
    "svg.fonttype": "none",
    "svg.hashsalt": "integers-only",
}


def axes(
    width: float,
    height: float,
    rows: int = 1,
    cols: int = 1,
    *,
    left: float = 46,
    right: float = 16,
    top: float = 28,
    bottom: float = 40,
    gap: tuple[float, float] = (46, 26),
) -> tuple[Figure, list[Axes]]:
    """An empty figure of width by height pixels with rows x cols panels.

    left, right, top, bottom are margins, gap is the room between rows and
    between columns; all in pixels.  The panels come row by row.
    """
    fig = Figure(figsize=(width / 96, height / 96))
    w = (width - left - right - (cols - 1) * gap[1]) / cols
    h = (height - top - bottom - (rows - 1) * gap[0]) / rows
    corners = [
        (left + j * (w + gap[1]), bottom + (rows - 1 - i) * (h + gap[0]))
        for i in range(rows)
        for j in range(cols)
    ]
    return fig, [
        fig.add_axes((x / width, y / height, w / width, h / height))
        for x, y in corners
    ]


def size(ax: Axes) -> tuple[float, float]:
    """Width and height of the panel in pixels of the page."""
    box = ax.get_window_extent()
    scale = 96 / ax.figure.dpi
    return box.width * scale, box.height * scale


def number(x: float, form: str = ".3g") -> str:
    """x as text, with a true minus sign: −0.039."""
    return format(x, form).replace("-", "\N{MINUS SIGN}")
