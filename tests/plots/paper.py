"""What a figure says, and how far its ink is from the edge of the paper."""

import re

from matplotlib.text import Text

from qlib.plots.page import drawn


def texts(draw, width=640):
    """Every text of a figure."""
    with drawn(draw, width) as fig:
        fig.canvas.draw()
        return [text.get_text() for text in fig.findobj(Text)]


def margin(draw, width):
    """Pixels between what is drawn and the nearest edge; negative outside."""
    with drawn(draw, width, math=True) as fig:
        box = fig.get_tightbbox()
        w, h = fig.get_size_inches()
    return min(box.x0, box.y0, w - box.x1, h - box.y1) * 96


def smallest_text(svg):
    """The size of the smallest letters, in pixels."""
    sizes = re.findall(r"font-size:([\d.]+)px", svg)
    return min(map(float, sizes)) * 4 / 3
