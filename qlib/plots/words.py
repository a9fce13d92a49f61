r"""Short formulas inside SVG text: $r$, $S_1$, $10^{-3}$.

A browser knows no mathtext, and matplotlib would place every character by
the width of its own font.  So a letter between dollars becomes italic in
the page's mathematical font, _ and ^ become small and shifted, and
everything else stays as it is.  More than that belongs in the text.
"""

import re
from xml.etree import ElementTree as ET

MATH = "font-family:var(--q-math,serif);font-style:italic"
PIECE = re.compile(r"([_^])(?:\{([^}]*)\}|(.))|([^_^])")


def spell(text: ET.Element) -> None:
    """Replace the dollars in one <text> by tspans."""
    said = re.sub(r"\\mathdefault\{(.*?)\}\$", r"\1$", text.text or "")
    if "\\" in said:
        raise ValueError(
            "a figure's text may hold $r$, $S_1$ and $10^{-3}$, and no TeX "
            f"beyond that, got {text.text!r}"
        )
    plain, *rest = said.split("$")
    text.text = plain
    for formula, after in zip(rest[::2], rest[1::2], strict=True):
        raised = 0.0
        for piece in PIECE.finditer(formula.replace("-", "−")):
            raised = add(text, piece, raised)
        if after:
            put(text, after, "", -raised)


def add(text: ET.Element, piece: re.Match[str], raised: float) -> float:
    """One character or one index; how far it stands above the line."""
    sign, braced, single, plain = piece.groups()
    said = plain or braced or single
    height = {"^": 0.4, "_": -0.2, None: 0.0}[sign]
    styles = [MATH] if re.search("[A-Za-z]", said) else []
    styles += ["font-size:.8em"] if sign else []
    put(text, said, ";".join(styles), height - raised)
    return height


def put(text: ET.Element, said: str, style: str, up: float) -> None:
    """Append a run of characters, up em above the one before."""
    last = text[-1] if len(text) else None
    if not style and not up:
        if last is None:
            text.text = (text.text or "") + said
        else:
            last.tail = (last.tail or "") + said
        return
    span = ET.SubElement(text, "tspan")
    if style:
        span.set("style", style)
    if up:
        span.set("dy", f"{-up:.1f}em")
    span.text = said
