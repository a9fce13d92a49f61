"""What a figure says, and how far its ink is from the edge of the paper."""

import re
from itertools import combinations

from matplotlib.text import Text

from qlib.plots.page import WIDTHS, drawn, inline_svg


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


def fits(draw, alt, most=60_000):
    """Small, the same twice, readable, and on the paper at both widths."""
    once = inline_svg(draw, alt)
    assert len(once.encode()) <= most, len(once.encode())
    assert once == inline_svg(draw, alt)
    assert smallest_text(once) >= 12
    assert all(margin(draw, width) > -0.5 for width in WIDTHS)


def boxes(fig):
    """Of every text that is seen, in pixels."""
    fig.canvas.draw()
    said = [t for t in fig.findobj(Text) if t.get_text() and visible(t)]
    return {t: t.get_window_extent() for t in said}


def visible(text):
    """Whether a text is drawn: the labels of a hidden axis are not."""
    axis = text.axes and text.axes.xaxis
    hidden = axis and not axis.get_visible()
    return text.get_visible() and not (
        hidden and text in axis.get_ticklabels()
    )


def apart(draw):
    """No two texts overlap, at either width."""
    for width in WIDTHS:
        with drawn(draw, width) as fig:
            for (a, one), (b, other) in combinations(boxes(fig).items(), 2):
                assert not one.overlaps(other), (a.get_text(), b.get_text())
