"""A drawing in fewer bytes is the same drawing."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from qlib.plots.shorter import path, share, shorten

INK = "fill:red;stroke:blue;stroke-width:2"
NOT_INHERITED = {"opacity", "mask-type"}
CLOSED = [
    "M 0 0 L 4 0 L 4 4 L 0 4 z",
    "M 0 0 L 4 0 L 4 4 L 0 4 L 0 0 z",
    "M 0 0 L 4 0 L 0 0 z M 1 1 L 1 7 z L 3 3",
    "M 1 2 Q 3 4 1 2 z",
    "M 1 2 C 0 0 3 4 1 2 z",
    "M 3 3 z",
]


def drawn(d):
    """What fontTools reads; a line to the start before z is not needed."""
    pen = RecordingPen()
    parse_path(d, pen)
    strokes, start = [], None
    for name, points in pen.value:
        start = points if name == "moveTo" else start
        if name == "closePath" and strokes[-1] == ("lineTo", start):
            strokes.pop()
        strokes.append((name, points))
    return strokes


def some_path(rng):
    """Steps between points of a coarse grid: many in one row or column."""
    said = "M 0 0"
    for letter in rng.choice(list("MLLLLLCQz"), 40):
        points = {"C": 3, "Q": 2, "z": 0}.get(letter, 1)
        xy = rng.integers(-3, 4, 2 * points) / 4
        said += f" {letter} " + " ".join(f"{x:.6f}" for x in xy)
    return said


@pytest.mark.parametrize("seed", range(20))
def test_a_path_says_the_same_steps(seed):
    d = some_path(np.random.default_rng(seed))
    assert drawn(path(d)) == drawn(d)
    assert len(path(d)) < len(d) / 2


@pytest.mark.parametrize("d", CLOSED)
def test_only_a_straight_line_to_the_start_is_left_to_z(d):
    assert drawn(path(d)) == drawn(d)
    assert path(d).count("z") == d.count("z")


def test_a_box_is_said_in_four_steps():
    for d in CLOSED[:2]:
        assert path(d) == "M0 0H4V4H0z"


def test_coordinates_have_two_decimals_and_no_empty_zero():
    node = ET.Element("path", d="M 0.004 -0.504 L 12.3456 100", x="0.125")
    shorten(node)
    assert node.attrib == {"d": "M0-.5L12.35 100", "x": ".12"}


def look(root):
    """Each leaf with its attributes and its style, inherited or its own."""
    found = []

    def visit(node, above):
        own = dict(e.split(":") for e in node.get("style", "").split(";") if e)
        style = above | own
        if node.tag != "g":
            rest = {k: v for k, v in node.attrib.items() if k != "style"}
            found.append((node.tag, node.text, rest, style))
        for child in node:
            passed = {k: style[k] for k in style.keys() - NOT_INHERITED}
            visit(child, passed)

    visit(root, {})
    return found


def drawing(rng):
    """Neighbours of similar style, texts with spans, groups, a clip path."""
    root = ET.Element("svg", style="fill:black")
    clip = ET.SubElement(ET.SubElement(root, "defs"), "clipPath", id="c")
    for width in "12":
        ET.SubElement(clip, "rect", width=width, style=INK)
    for k in range(60):
        style = [
            f"{p}:{v}"
            for p in ("fill", "stroke", "stroke-width")
            if (v := rng.choice(["", "red", "var(--q-code)"]))
        ]
        style += ["opacity:0.5"] * rng.integers(2)
        at = ET.SubElement(root, "g", style=INK) if rng.integers(2) else root
        node = ET.SubElement(at, "text", x=str(k), style=";".join(style))
        node.text = "a"
        for _ in range(3):
            ET.SubElement(node, "tspan", style="font-style:italic;fill:blue")
    return root


@pytest.mark.parametrize("seed", range(20))
def test_every_leaf_looks_as_before_where_styles_are_shared(seed):
    root = drawing(np.random.default_rng(seed))
    before, length = look(root), len(ET.tostring(root))
    share(root)
    assert look(root) == before
    assert len(ET.tostring(root)) < length


def test_opacity_stays_where_it_is():
    root = ET.Element("svg")
    for _ in range(9):
        ET.SubElement(root, "path", style=f"opacity:0.5;{INK}")
    share(root)
    (group,) = root
    assert group.get("style") == INK
    assert {node.get("style") for node in group} == {"opacity:0.5"}


@pytest.mark.parametrize("tag", ["text", "clipPath", "pattern"])
def test_a_group_stands_only_where_a_group_may(tag):
    root = ET.Element("svg")
    holder = ET.SubElement(root, tag)
    for _ in range(9):
        ET.SubElement(holder, "tspan", style=INK)
    before = ET.tostring(root)
    share(root)
    assert ET.tostring(root) == before


def test_a_group_that_says_nothing_more_dissolves():
    root = ET.Element("svg")
    for k in range(4):
        ET.SubElement(ET.SubElement(root, "g", style=INK), "path", d=f"M{k} 0")
    share(root)
    assert re.findall(r"<(\w+)", ET.tostring(root, "unicode")) == [
        *("svg", "g", "path", "path", "path", "path")
    ]


def test_a_group_in_a_group_says_what_some_of_its_members_share():
    root, all_of_them = ET.Element("svg"), f"{INK};stroke-linejoin:round"
    for width in "89":
        for _ in range(4):
            style = f"{all_of_them};font-size:{width}"
            ET.SubElement(root, "path", style=style)
    share(root)
    (group,) = root
    assert group.get("style") == all_of_them
    assert [inner.get("style") for inner in group] == [
        "font-size:8",
        "font-size:9",
    ]
    assert [len(inner) for inner in group] == [4, 4]


@pytest.mark.parametrize(("count", "groups"), [(1, 0), (3, 0), (4, 1)])
def test_a_group_is_made_where_it_says_less_than_its_members(count, groups):
    root = ET.Element("svg")
    for _ in range(count):
        ET.SubElement(root, "path", style="fill:red")
    share(root)
    assert len(root.findall("g")) == groups
