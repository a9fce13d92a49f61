"""From the SVG that matplotlib writes to the SVG that stands in the page.

Colours become the page's variables, fonts the theme's, ids unique; text
stays text.  `to_page` calls the other functions in order; each changes the
element tree it is given.
"""

import re
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from itertools import count
from xml.etree import ElementTree as ET

import numpy as np
from matplotlib.image import imread

from qlib.plots.shorter import share, shorten
from qlib.plots.style import TOKENS
from qlib.plots.words import spell

VARIABLE = {
    colour: "currentColor" if role == "ink" else f"var(--q-{role})"
    for role, colour in TOKENS.items()
}
MONO = "var(--q-mono,monospace)"
HALO = (
    "paint-order:stroke;stroke:var(--q-paper);stroke-width:3;"
    "stroke-linejoin:round"
)
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
LINK = re.compile(r"url\(#([^)]+)\)|^#(.+)$")


def to_page(raw: str, alt: str, width: int) -> str:
    """The text of one <svg>, to be put into an HTML page as it is.

    raw is what savefig wrote for a figure that is width pixels wide; alt
    is its name for those who do not see it.
    """
    root = parse(raw)
    images_follow_the_theme(root)
    for node in root.iter():
        restyle(node)
        shorten(node)
    for text in list(root.iter("text")):
        spell(text)
    rename_ids(root, sha256(f"{width} {alt} {raw}".encode()).hexdigest())
    flatten(root)
    share(root)
    box = root.attrib["viewBox"]
    w, h = (f"{float(points) * 4 / 3:.0f}" for points in box.split()[2:])
    root.attrib = {
        "class": "q-wide" if width >= 560 else "q-narrow",
        "role": "img",
        "aria-label": alt,
        "width": w,
        "height": h,
        "viewBox": box,
        "style": "fill:currentColor;stroke-linejoin:round",
    }
    return ET.tostring(root, encoding="unicode")


def parse(raw: str) -> ET.Element:
    """The tree without namespaces, comments, metadata and white space."""
    root = ET.fromstring(raw)
    for node in root.iter():
        node.tag = node.tag.split("}")[-1]
        node.attrib = {k.split("}")[-1]: v for k, v in node.attrib.items()}
        node.tail = None
        if node.tag != "text":
            node.text = None
    for parent in list(root.iter()):
        parent[:] = [c for c in parent if c.tag not in ("metadata", "style")]
    return root


def restyle(node: ET.Element) -> None:
    """Colours to variables, fonts to the page's, a halo where asked for."""
    entries = re.split("; ?", node.get("style", ""))
    style = dict(re.split(": ?", e, maxsplit=1) for e in entries if e)
    if "Mono" in style.pop("font-family", ""):
        style["font-family"] = MONO
    if style:
        node.set("style", ";".join(f"{k}:{v}" for k, v in style.items()))
    for key in ("style", "fill", "stroke"):
        if key in node.attrib:
            node.set(key, COLOUR.sub(variable, node.attrib[key]))
    if node.get("id", "").startswith("halo"):
        node.set("style", HALO)


def variable(colour: re.Match[str]) -> str:
    """The page's name for a light colour."""
    if colour[0] not in VARIABLE:
        raise ValueError(
            "a figure is drawn in the colours of qlib.plots.style.TOKENS, "
            f"got {colour[0]}"
        )
    return VARIABLE[colour[0]]


def images_follow_the_theme(root: ET.Element) -> None:
    """An image of one token at varying opacity becomes a mask.

    Behind the mask lies a rectangle in the token's variable.
    """
    number = count()
    for parent in list(root.iter()):
        for at, image in enumerate(parent):
            token = only_token(image)
            if token is not None:
                name = f"mask{next(number)}"
                parent[at] = ET.Element("g")
                parent[at].extend(masked(image, name, token))


def only_token(node: ET.Element) -> str | None:
    """The one token in which all visible pixels of an image are, or None."""
    if node.tag != "image":
        return None
    png = BytesIO(b64decode(node.attrib["href"].split(",", 1)[1]))
    pixels = np.atleast_3d(imread(png, format="png"))
    if pixels.shape[-1] != 4:
        return None
    seen = pixels[pixels[..., 3] > 0][:, :3]
    bytes_ = np.unique(np.rint(seen * 255).astype(int), axis=0)
    colours = ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in bytes_]
    one = len(colours) == 1 and colours[0] in VARIABLE
    return colours[0] if one else None


def masked(image: ET.Element, name: str, token: str) -> list[ET.Element]:
    """A mask of the image's opacity, and the rectangle seen through it."""
    place = {k: image.attrib.pop(k) for k in ("transform", "id")}
    mask = ET.Element("mask", id=name, style="mask-type: alpha")
    mask.append(image)
    rect = ET.Element("rect", fill=token, mask=f"url(#{name})")
    for key in ("width", "height"):
        rect.set(key, image.attrib[key])
    rect.set("transform", place["transform"])
    return [mask, rect]


def rename_ids(root: ET.Element, digest: str) -> None:
    """Ids nobody refers to go; the others get the figure's own prefix."""
    new: dict[str, str] = {}
    for node in root.iter():
        for value in node.attrib.values():
            for one, other in LINK.findall(value):
                new.setdefault(one or other, f"q{digest[:8]}-{len(new)}")
    for node in root.iter():
        name = node.attrib.pop("id", None)
        for key, value in node.attrib.items():
            for old in LINK.findall(value):
                found = old[0] or old[1]
                value = value.replace(f"#{found}", f"#{new[found]}")
            node.set(key, value)
        if name in new:
            node.set("id", new[name])


def flatten(node: ET.Element) -> None:
    """Replace groups that say nothing by what they hold.

    What holds or draws nothing goes.
    """
    kept: list[ET.Element] = []
    for child in node:
        flatten(child)
        if child.tag == "g" and not child.attrib:
            kept += child
        elif len(child) or not is_empty(child):
            kept.append(child)
    node[:] = kept


def is_empty(node: ET.Element) -> bool:
    """A group without members or a path without steps."""
    says = node.attrib.keys() & {"d", "id"}
    return node.tag in ("g", "defs") or (node.tag == "path" and not says)
