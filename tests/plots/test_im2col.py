"""Windows as columns: the matrix is torch's, and it fits the paper."""

import re

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from torch.nn.functional import conv2d, pad, unfold

from qlib.plots.im2col import HEIGHT, STACKED, im2col
from qlib.plots.page import WIDTHS, drawn, inline_svg
from qlib.plots.style import CODE, EDGE, axes

ALT = "Windows become columns, and a code from the inside stands in nine."
X = np.array([[3, 7, 5, 2], [4, 8, 6, 1], [1, 5, 3, 4], [0, 6, 7, 3]])
W = np.array([[0, 1, -1], [1, 2, -1], [1, 0, -1]])
Z = 2


def figure(x=X, w=W, Z=Z, **look):
    def draw(width):
        height = HEIGHT if width >= 560 else STACKED
        room = {"left": 4, "right": 4, "top": 4, "bottom": 4}
        fig, (ax,) = axes(width, height + 8, **room)
        assert im2col(x, w, Z, ax, **look) is ax
        return fig

    return draw


def words(draw, width):
    """(x, y, text) of every number in a cell, row by row."""
    with drawn(draw, width) as fig:
        said = [t for t in fig.findobj(Text) if t.get_ha() == "center"]
        at = [(*t.get_position()[::-1], t.get_text()) for t in said]
    return sorted((y, x, text.replace("−", "-")) for y, x, text in at if text)


def lines(draw, width):
    """The numbers that stand on one height, as one list each."""
    rows = {}
    for y, _, text in words(draw, width):
        rows.setdefault(y, []).append(int(text))
    return list(rows.values())


def by_torch(x, w, Z):
    """Padded image, columns, sums: (6, 6), (9, 16), (16,)."""
    wide = pad(torch.tensor(x[None, None]).double(), (1, 1, 1, 1), value=Z)
    kernel = torch.tensor(w[None, None]).double()
    made = wide[0, 0], unfold(wide, 3)[0], conv2d(wide, kernel).ravel()
    return [tensor.int().numpy() for tensor in made]


def others(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 10, (4, 4)), rng.integers(-2, 3, (3, 3)), seed


CASES = [(X, W, Z), others(1), others(2)]


@pytest.mark.parametrize("case", CASES)
def test_on_a_phone_image_filter_matrix_and_sums_are_those_of_torch(case):
    image, columns, sums = by_torch(*case)
    said = lines(figure(*case), 358)
    first = [*image[0], *case[1].ravel()]
    assert said[0] == first
    assert said[1:6] == image[1:].tolist()
    assert said[6:15] == columns.tolist()
    assert said[15:] == [sums.tolist()]


@pytest.mark.parametrize("case", CASES)
def test_on_a_desk_filter_and_sums_stand_in_one_row(case):
    image, columns, sums = by_torch(*case)
    draw = figure(*case)
    assert lines(draw, 640)[-1] == [*case[1].ravel(), *sums]
    seen = [(x, int(t)) for y, x, t in words(draw, 640) if y < 210]
    assert [v for x, v in seen if x < 200] == image.ravel().tolist()
    assert [v for x, v in seen if x > 200] == columns.ravel().tolist()


def test_sums_of_int8_codes_do_not_wrap():
    narrow = X.astype(np.int8), np.full((3, 3), 9, np.int8), np.int8(Z)
    sums = by_torch(X, 9 + 0 * W, Z)[2]
    assert sums.max() > 127
    assert lines(figure(*narrow), 358)[-1] == sums.tolist()


def test_an_int8_range_from_end_to_end_and_a_flat_image_are_drawn():
    ends = np.where(X > 4, 127, -128).astype(np.int8)
    for x in ends, 0 * X:
        image, _, _ = by_torch(x, W, 0)
        said = lines(figure(x, Z=0), 358)
        assert said[1:6] == image[1:].tolist()


@pytest.mark.parametrize(
    ("followed", "copies"), [(5, 9), (1, 6), (0, 4), (15, 4), (10, 9)]
)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_code_is_copied_as_often_as_windows_hold_it(followed, copies, width):
    with drawn(figure(followed=followed), width) as fig:
        said = [text.get_text() for text in fig.findobj(Text)]
        solid = [
            patch
            for patch in fig.axes[0].patches
            if patch.get_facecolor() == (*to_rgb(CODE), 1)
        ]
        cells = [len(patch.get_path().vertices) // 5 for patch in solid]
    assert f"the {X.flat[followed]} is copied {copies} times" in said
    assert cells == [1, copies]


def test_the_padding_is_dashed_and_counted():
    outside = (
        36 - 16,
        int(
            unfold(
                torch.nn.functional.pad(
                    torch.zeros(1, 1, 4, 4), (1, 1, 1, 1), value=1.0
                ),
                3,
            ).sum()
        ),
    )
    with drawn(figure(), 640) as fig:
        dashed = [
            len(patch.get_path().vertices) // 5
            for patch in fig.axes[0].patches
            if patch.get_edgecolor() == (*to_rgb(EDGE), 1)
        ]
    assert tuple(dashed) == outside


@pytest.mark.parametrize("width", WIDTHS)
def test_a_leader_runs_from_each_window_to_its_column(width):
    with drawn(figure(), width) as fig:
        window, _, total, way = (
            np.array([line.get_xydata() for line in fig.axes[0].lines], object)
            .reshape(2, 4)
            .T
        )
    for box, sum_, path in zip(window, total, way, strict=True):
        assert box.min(0)[0] <= path[0][0] <= box.max(0)[0]
        assert box.min(0)[1] <= path[0][1] <= box.max(0)[1]
        assert path[-1][0] == pytest.approx(sum_[:4, 0].mean())


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_leaves_the_paper(width):
    with drawn(figure(), width, math=True) as fig:
        box = fig.get_tightbbox()
        w, h = fig.get_size_inches()
    assert min(box.x0, box.y0, w - box.x1, h - box.y1) * 96 > -0.5


def test_a_figure_is_the_same_twice_and_its_text_is_12_pixels():
    once = inline_svg(figure(), ALT)
    assert once == inline_svg(figure(), ALT)
    assert len(once.encode()) <= 75_000  # 205 numbers, twice
    sizes = re.findall(r"font-size:([\d.]+)px", once)
    assert min(map(float, sizes)) * 4 / 3 >= 12


def test_another_size_is_refused():
    with pytest.raises(ValueError, match=r"got \(5, 5\)"):
        im2col(np.zeros((5, 5), int), W, Z, axes(640, 300)[1][0])
