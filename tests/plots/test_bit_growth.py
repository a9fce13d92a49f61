"""Bits of a convolution's numbers: counted by running it, and drawn."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from qlib.int8.winograd import F23, F43
from qlib.plots.bit_growth import Way, bit_growth
from qlib.plots.page import WIDTHS, drawn, inline_svg
from qlib.plots.style import CODE, ERR, axes

ALT = "With int8 weights the sums of F(4, 3) leave int32 at ten channels."
DIRECT = Way("direct")
WAYS = [DIRECT, Way("F(2, 3)", F23), Way("F(4, 3)", F43)]
WAYS.append(Way("F(4, 3)", F43, w=31))


def growth(width):
    wide = width >= 560
    room = {"left": 112, "right": 126} if wide else {"left": 34}
    fig, (ax,) = axes(width, 360 if wide else 430, top=4, **room)
    assert bit_growth(WAYS, ax) is ax
    return fig


def texts(width):
    with drawn(growth, width) as fig:
        fig.canvas.draw()
        return [text.get_text() for text in fig.findobj(Text)]


def squares(kind):
    """How many squares each lane has of a kind, where it has any."""
    with drawn(growth, 640) as fig:
        paths = [p.get_path() for p in fig.axes[0].patches if kind(p)]
    return [len(path.vertices) // 5 for path in paths if len(path.vertices)]


def extreme(way):
    """|V|, |U|, |sum| of one channel, for signs that follow a row."""
    if way.tile is None:
        return 127, 127, int(np.full(9, 127) @ np.full(9, 127))
    V, U = (
        max(abs(np.sign(np.outer(row, row)) * most @ row @ row) for row in m)
        for m, most in ((way.tile.B, way.q), (way.tile.G, way.w))
    )
    return int(V), int(U), int(V) * int(U)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.name} {way.w}")
def test_the_largest_numbers_are_attained_by_an_input(way):
    assert way.largest == extreme(way)
    one = np.int64(way.largest[2])
    fits, wraps = (
        (n * one).astype(np.int32) for n in (way.safe, way.safe + 1)
    )
    assert fits == way.safe * one
    assert wraps != (way.safe + 1) * one


def test_the_numbers_of_the_chapter_stand_beside_their_bits():
    wide, narrow = texts(640), texts(358)
    safe = ["14\u202f793", "3\u202f698", "9", "37"]
    assert {f"{n} channels" for n in safe} <= {*wide}
    assert {f"{n} channels fit" for n in safe} <= {*narrow}
    for said in wide, narrow:
        assert {"12\u202f700", "18\u202f288", "4\u202f464"} <= {*said}
        assert [t for t in said if t.endswith("bits")] == [
            "24 bits", "26 bits", "34 bits", "32 bits"
        ]  # fmt: skip


def test_a_square_is_a_bit_and_those_beyond_int32_are_hatched():
    hatched = squares(lambda patch: patch.get_hatch())
    solid = squares(lambda p: p.get_facecolor() == (*to_rgb(CODE), 1))
    pale = squares(lambda p: p.get_facecolor() == (*to_rgb(CODE), 0.3))
    assert hatched == [34 - 31, 32 - 31]
    assert solid == [len(f"{n:b}") for n in [127] * 7 + [31]]
    added = [len(f"{n:b}") for n in (508, 1143, 12700, 18288, 12700, 4464)]
    added = (np.array(added) - [7, 7, 7, 7, 7, 5]).tolist()
    sums = [24, 26, 31, 31]
    assert pale == [24, *added[:2], sums[1], *added[2:4], 31, *added[4:], 31]


def test_only_an_overflow_is_in_the_colour_of_errors():
    with drawn(growth, 640) as fig:
        red = [t.get_text() for t in fig.findobj(Text) if t.get_color() == ERR]
    assert red == ["34 bits", "32 bits"]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_leaves_the_paper(width):
    with drawn(growth, width, math=True) as fig:
        box = fig.get_tightbbox()
        w, h = fig.get_size_inches()
    assert min(box.x0, box.y0, w - box.x1, h - box.y1) * 96 > -0.5


def test_a_figure_is_small_the_same_twice_and_its_text_is_12_pixels():
    once = inline_svg(growth, ALT)
    assert once == inline_svg(growth, ALT)
    assert len(once.encode()) <= 60_000
    sizes = re.findall(r"font-size:([\d.]+)px", once)
    assert min(map(float, sizes)) * 4 / 3 >= 12
