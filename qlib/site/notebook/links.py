"""Where notebooks are fetched from: one setting, `notebook_links`, in
`sphinx.config` of `_config.yml`.

    site_url         where the built site is served; "" where nowhere
    repository_url   https://github.com/owner/name that keeps the built site
    branch           the branch of that repository

With `repository_url` the pages link to Colab and Binder; with either, a
notebook opened far from its wheel knows where to fetch it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

BINDER = "https://mybinder.org/v2/gh"
COLAB = "https://colab.research.google.com/github"
RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Links:
    """The setting, and the addresses that follow from it."""

    site_url: str = ""
    repository_url: str = ""
    branch: str = "gh-pages"

    @property
    def repository(self) -> str:
        """owner/name on GitHub."""
        url = urlsplit(self.repository_url.removesuffix("/"))
        path = url.path.strip("/").removesuffix(".git")
        if path and (url.netloc != "github.com" or path.count("/") != 1):
            raise ValueError(
                "repository_url must be https://github.com/owner/name, "
                f"got {self.repository_url!r}"
            )
        return path

    @property
    def site(self) -> str:
        """Where the site is served, with a slash at the end, or ""."""
        return self.site_url and f"{self.site_url.rstrip('/')}/"

    @property
    def files(self) -> str:
        """Where a notebook fetches its wheel, or ""."""
        if self.site:
            return f"{self.site}notebooks/"
        raw = f"{RAW}/{self.repository}/{self.branch}/notebooks/"
        return raw if self.repository else ""

    def elsewhere(self, file: str) -> list[tuple[str, str]]:
        """Names and addresses of places that open a notebook."""
        if not self.repository:
            return []
        here = f"{self.repository}/blob/{self.branch}/notebooks/{file}"
        lab = f"?urlpath=lab/tree/notebooks/{file}"
        binder = f"{BINDER}/{self.repository}/{self.branch}{lab}"
        return [("Colab", f"{COLAB}/{here}"), ("Binder", binder)]


def anchor(words: str, url: str, more: str = "") -> str:
    """A link in a page."""
    return f'<a href="{html.escape(url)}"{more}>{words}</a>'


def strip_links(page: str, links: Links) -> str:
    """The notebooks of a page, for the strip under its title."""
    stem = PurePosixPath(page).name
    up = "../" * page.count("/")
    read, work = (f"{stem}{kind}.ipynb" for kind in ("", "-work"))
    shown = [
        anchor("↓ to read", f"{up}notebooks/{read}", " download"),
        anchor("↓ to work in", f"{up}notebooks/{work}", " download"),
    ]
    shown += [anchor(name, url) for name, url in links.elsewhere(work)]
    return " ".join(shown)


def binder(site: Path, links: Links) -> None:
    """What Binder needs beside the site: a Python that qlib runs on."""
    if links.repository:
        folder = site / "binder"
        folder.mkdir(exist_ok=True)
        (folder / "runtime.txt").write_text("python-3.11\n", "utf8")
        needs = "jupyterlab\nnumpy\n"  # a notebook fetches the rest itself
        (folder / "requirements.txt").write_text(needs, "utf8")
