"""What must hold of the built site, read from its files alone.

Nothing that a page loads lives on another host; every picture says what it
shows; every entry of the table of contents has its page; every link inside
the book arrives. `faults` lists what does not hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HOST = re.compile(r"^(https?:)?//", re.I)
IMPORTED = re.compile(
    r"""(?:url\(\s*|@import\s+|\bimport\s*\(?\s*|\bfrom\s+)["']?"""
    r"""((?:https?:)?//[^"')\s]+)""",
    re.I,
)
LOADS = {  # tag -> attributes whose value the browser fetches
    "script": ["src"],
    "img": ["src", "srcset"],
    "source": ["src", "srcset"],
    "iframe": ["src"],
    "video": ["src", "poster"],
    "audio": ["src"],
    "embed": ["src"],
    "object": ["data"],
    "use": ["href", "xlink:href"],
    "image": ["href", "xlink:href"],
}
LINKED = {"stylesheet", "preload", "prefetch", "modulepreload", "icon"}


@dataclass
class Page(HTMLParser):
    """One page: what it loads, where it points, which pictures are mute."""

    loads: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    mute: list[str] = field(default_factory=list)
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        have = {key: value or "" for key, value in attrs}
        self.inside = tag if tag in ("script", "style") else ""
        self.ids.add(have.get("id", ""))
        self.loads += [have[key] for key in LOADS.get(tag, []) if key in have]
        self.loads += IMPORTED.findall(have.get("style", ""))
        if tag == "link" and LINKED & set(have.get("rel", "").split()):
            self.loads.append(have.get("href", ""))
        if tag == "a" and "href" in have:
            self.points.append(have["href"])
        if is_mute(tag, have):
            self.mute.append(self.get_starttag_text() or tag)

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.loads += IMPORTED.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def is_mute(tag: str, have: dict[str, str]) -> bool:
    """A picture without words: no alternative, or a file name for one."""
    if have.get("aria-hidden") == "true" or have.get("role") == "presentation":
        return False
    if tag == "img":
        alt = have.get("alt", "").strip()
        return not alt or bool(re.search(r"\.\w{3,4}$|/", alt.split()[-1]))
    if tag == "svg":
        return not have.get("aria-label", "").strip()
    return False


def read(path: Path) -> Page:
    """Parse one page of the site."""
    page = Page()
    page.feed(path.read_text("utf8"))
    return page


def outside(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Whatever is fetched from another host."""
    found = [
        f"{path.relative_to(site)} loads {url}"
        for path, page in pages.items()
        for url in page.loads
        if HOST.match(url.strip())
    ]
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = path.read_text("utf8", errors="replace")
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        found += [
            f"{path.relative_to(site)} loads {url}"
            for url in IMPORTED.findall(text)
        ]
    return found


def astray(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Links inside the book that do not arrive."""
    found = []
    for path, page in pages.items():
        for href in page.points:
            url = urlsplit(href)
            if url.scheme or url.netloc:
                continue
            there = (path.parent / unquote(url.path)).resolve()
            target = there if url.path else path
            there_is = not url.fragment or target not in pages
            there_is = there_is or unquote(url.fragment) in pages[target].ids
            if not target.exists() or not there_is:
                found.append(f"{path.relative_to(site)} points to {href}")
    return found


def faults(site: Path, documents: list[str]) -> list[str]:
    """Everything that is wrong with a built site, one sentence each."""
    site = site.resolve()
    pages = {p: read(p) for p in site.rglob("*.html")}
    missing = [
        f"{name}.html is in _toc.yml but was not built"
        for name in documents
        if site / f"{name}.html" not in pages
    ]
    mute = [
        f"{path.relative_to(site)} has a picture without words: {tag[:120]}"
        for path, page in pages.items()
        for tag in page.mute
    ]
    return missing + mute + outside(site, pages) + astray(site, pages)
