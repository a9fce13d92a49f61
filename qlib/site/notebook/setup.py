"""The first code cell of a notebook: qlib becomes importable anywhere."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import packages_distributions

from qlib.site import chapters
from qlib.site.notebook import wheel
from qlib.site.notebook.page import Page

SETUP = """\
# @title Run this first: it makes qlib, the book's package, importable.
import importlib.util
import subprocess
import sys
from pathlib import Path

WHEEL = "{wheel}"
SITE = "{site}"
NEEDS = {{
{needs}
}}
get = [NEEDS[n] for n in NEEDS if not importlib.util.find_spec(n)]
if not importlib.util.find_spec("qlib"):
    beside = Path(WHEEL).exists()
    assert beside or SITE, f"put {{WHEEL}} beside this notebook"
    get.append(WHEEL if beside else SITE + WHEEL)
if get:
    pip = [sys.executable, "-m", "pip", "install", "-q", *get]
    subprocess.run(pip, check=True)
    importlib.invalidate_caches()

from qlib.site.notebook.kernel import begin

begin()"""

installed = functools.cache(packages_distributions)


def needs(page: Page) -> dict[str, str]:
    """The modules that a page's cells and qlib import for it, and the
    distribution that brings each."""
    files = chapters.closure(page.text, page.root)
    sources = [f.read_text("utf8") for f in files if f.suffix == ".py"]
    cells = chapters.cells(page.text)
    names = {n for s in (*cells, *sources) for n in chapters.imported(s)}
    known = {"qlib", "myst_nb", "IPython", *sys.stdlib_module_names}
    tops = (names & set(installed())) - known
    return {top: min(installed()[top]) for top in sorted(tops | {"numpy"})}


def setup(page: Page) -> str:
    """The source of the cell."""
    return SETUP.format(
        wheel=wheel.name(page.root),
        site=page.links.files,
        needs="\n".join(f'    "{m}": "{d}",' for m, d in needs(page).items()),
    )
