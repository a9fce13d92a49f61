"""The same drawing in fewer bytes, to the pixel.

A line to the side is H and one upwards is V; what the style of neighbours
has in common is said once, by a group around them.
"""

import re
from xml.etree import ElementTree as ET

COORDINATES = ("x", "y", "width", "height", "transform")
STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
INHERITED = re.compile(r"(fill|stroke|font|text-anchor|paint-order)\b")
GROUP = '<g style=""></g>'


def shorten(node: ET.Element) -> None:
    """Two decimals and no needless space, in coordinates only."""
    for key in COORDINATES:
        if key in node.attrib:
            short = re.sub(r"-?\d+\.\d+", two_decimals, node.attrib[key])
            node.set(key, short)
    if "d" in node.attrib:
        node.set("d", path(node.attrib["d"]))
    if node.get("transform", "").startswith("rotate(-0 "):
        del node.attrib["transform"]


def two_decimals(x: re.Match[str]) -> str:
    """12.340000 as 12.34, and -0.001 as 0."""
    return number(float(x[0]))


def number(x: float) -> str:
    """At most two decimals, and no zero in front of them.

    >>> number(12.34), number(-0.5), number(-0.001)
    ('12.34', '-.5', '0')
    """
    return re.sub(r"^(-?)0\.", r"\1.", f"{round(x, 2) + 0:.8g}")


def path(d: str) -> str:
    """A path of absolute M, L, Q, C and z in a shorter spelling.

    >>> path("M 3 4 L 30 4 L 30 5.125 L 1 -2 L 3 4 z")
    'M3 4H30V5.12L1-2z'
    """
    said: list[str] = []
    start, here = [""], [""]
    for letter, numbers in STEP.findall(d):
        there = [number(float(x)) for x in numbers.split()]
        if letter == "M":
            start = there
        if letter in "Zz" and here == start and said[-1][0] in "LHV":
            said.pop()  # z itself draws the line to the start
        said.append(step(letter, here, there))
        here = there[-2:] or start
    return "".join(said)


def step(letter: str, here: list[str], there: list[str]) -> str:
    """One command; a minus parts two numbers as well as a space does."""
    if letter == "L" and here[-1] == there[-1]:
        return f"H{there[0]}"
    if letter == "L" and here[0] == there[0]:
        return f"V{there[-1]}"
    return letter + " ".join(there).replace(" -", "-")


def share(parent: ET.Element) -> None:
    """What the style of neighbours has in common becomes a group's."""
    kept: list[ET.Element] = []
    for run, common in runs(list(parent)):
        said = ";".join(common)
        if len(said) * (len(run) - 1) > len(GROUP):
            group = ET.Element("g", style=said)
            for node in run:
                group.extend(without(node, common))
            run = [group]
        kept += run
    parent[:] = kept
    for group in parent.iterfind("g"):
        share(group)


def without(node: ET.Element, common: list[str]) -> list[ET.Element]:
    """The node with less style; a group that says nothing dissolves."""
    own = ";".join(e for e in entries(node) if e not in common)
    node.attrib.pop("style")
    if own:
        node.set("style", own)
    return list(node) if node.tag == "g" and not node.attrib else [node]


def runs(
    nodes: list[ET.Element],
) -> list[tuple[list[ET.Element], list[str]]]:
    """Neighbours, and the inherited entries of style that all of them have.

    A run goes on as long as the next one makes what it saves no smaller.
    """
    found: list[tuple[list[ET.Element], list[str]]] = []
    for node in nodes:
        mine = [e for e in entries(node) if INHERITED.match(e)]
        run, common = found[-1] if found else ([], [])
        both = [e for e in common if e in mine]
        saves, saved = len(";".join(both)), len(";".join(common))
        if both and saves * len(run) >= saved * (len(run) - 1):
            found[-1] = [*run, node], both
        else:
            found.append(([node], mine))
    return found


def entries(node: ET.Element) -> list[str]:
    """The entries of a node's style."""
    return [e for e in node.get("style", "").split(";") if e]
