"""What a visit downloads, made smaller once the pages are built.

Of the theme's 1,900 icons those stay that a page or a script names: their
rules in the style sheets, and their glyphs in the fonts.  A token of code
in the colour of the code around it loses its mark.  Nothing looks different.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from fontTools import subset

NAME = re.compile(r"\bfa-[a-z0-9-]+")
ICON = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"[^"]*"\}')
ESCAPE = re.compile(r"\\([0-9a-f]{1,5})")
CODE = re.compile(r'(<div class="highlight"><pre)(>.*?</pre>)', re.S)
PLAIN = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')


def lighten(site: Path) -> None:
    """Make the files of a built site smaller, in place."""
    scripts, sheets = site.rglob("*.js"), list(site.rglob("*.css"))
    pages = list(site.rglob("*.html"))
    for page in pages:
        rewrite(page, CODE.sub(unmarked, page.read_text("utf8")))
    named = {
        name
        for file in [*pages, *scripts]
        for name in NAME.findall(file.read_text("utf8"))
    }
    for sheet in sheets:
        rewrite(sheet, fewer_icons(sheet.read_text("utf8"), named))
    said = "".join(sheet.read_text("utf8") for sheet in sheets)
    for font in site.rglob("fontawesome/webfonts/*.woff2"):
        keep_glyphs(font, characters(said))


def rewrite(file: Path, text: str) -> None:
    """Write a file if its text is another one now."""
    if text != file.read_text("utf8"):
        file.write_text(text, "utf8")


def unmarked(block: re.Match[str]) -> str:
    """A block of code in which only tokens with a colour are marked."""
    code, count = PLAIN.subn(r"\1", block[2])
    style = ' style="color:inherit"' if count else ""  # not the colour of pre
    return f"{block[1]}{style}{code}"


def fewer_icons(css: str, named: set[str]) -> str:
    """A style sheet with the rules of the named icons only.

    >>> fewer_icons('.fa-b:before,.fa-c:before{content:"b"}p{}', {"fa-c"})
    '.fa-b:before,.fa-c:before{content:"b"}p{}'
    >>> fewer_icons('.fa-b:before,.fa-c:before{content:"b"}p{}', {"fa-a"})
    'p{}'
    """
    return ICON.sub(
        lambda rule: rule[0] if named & {*NAME.findall(rule[1])} else "", css
    )


def characters(css: str) -> set[int]:
    r"""Every character in a style sheet, and so all that it can show.

    >>> sorted(map(hex, characters(r"\f00d a")))
    ['0x20', '0x61', '0xf00d']
    """
    return {*map(ord, ESCAPE.sub(lambda code: chr(int(code[1], 16)), css))}


def keep_glyphs(file: Path, characters: set[int]) -> None:
    """A font with the glyphs of the characters, by all of their codes."""
    options = subset.Options(flavor="woff2")
    font = subset.load_font(BytesIO(file.read_bytes()), options)
    glyph = font.getBestCmap()
    subsetter = subset.Subsetter(options)
    subsetter.populate(glyphs=[glyph[c] for c in characters & glyph.keys()])
    subsetter.subset(font)
    subset.save_font(font, file, options)
