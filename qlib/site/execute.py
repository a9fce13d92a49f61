"""Execute each chapter once, by nbmake; the book build shows those outputs.

    python -m qlib.site.execute     # executes the chapters that are stale

A chapter is stale when its cells, or a file of qlib that it imports, or the
pinned requirements differ from those of its last successful run. `pytest
--nbmake book` always executes; both leave what they saw in the same cache,
`_build/.jupyter_cache`, where Jupyter Book looks for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbformat import NotebookNode
from nbmake.nb_result import NotebookResult
from nbmake.nb_run import NotebookRun

from qlib.site import chapters


def cache(root: Path = chapters.ROOT) -> Any:
    """The cache of executed notebooks that Jupyter Book reads."""
    return get_cache(str(root / "_build" / ".jupyter_cache"))


def record(path: Path, root: Path = chapters.ROOT) -> Any | None:
    """The chapter's run in the cache; None where it is stale."""
    try:
        return cache(root).match_cache_notebook(chapters.read(path, root))
    except KeyError:
        return None


def seconds(nb: NotebookNode) -> float:
    """From the first cell's start to the last cell's end."""
    times = [
        datetime.fromisoformat(t.replace("Z", "+00:00"))
        for cell in nb.cells
        for t in cell.metadata.get("execution", {}).values()
    ]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def keep(path: Path, nb: NotebookNode, root: Path = chapters.ROOT) -> None:
    """Put an executed chapter where the build looks."""
    data = {"execution_seconds": seconds(nb)}
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
    cache(root).cache_notebook_bundle(
        CacheBundleIn(nb, str(path), data=data),
        check_validity=False,
        overwrite=True,
    )


class ChapterRun(NotebookRun):
    """nbmake's run of a notebook, for a chapter in Markdown."""

    def execute(self) -> NotebookResult:
        nb = chapters.read(self.filename)
        with mock.patch("nbmake.nb_run.nbformat.read", return_value=nb):
            result = super().execute()
        now = chapters.read(self.filename).metadata.kernelspec
        same = now.stands_on == nb.metadata.kernelspec.stands_on
        if result.error is None and same:  # nothing was edited meanwhile
            keep(self.filename, result.nb)
        return result


def main(arguments: Sequence[str] = ()) -> int:
    """Run nbmake on the stale chapters; say what needs no run."""
    stale = []
    for path in chapters.notebooks():
        run = record(path)
        if run is None:
            stale.append(str(path))
        else:
            age = f"{run.created:%Y-%m-%d %H:%M}"
            print(f"{path.stem}: nothing it stands on changed since {age}")
    if not stale:
        return 0
    command = [sys.executable, "-m", "pytest", "--nbmake", "-q", "-n", "2"]
    return subprocess.run([*command, *arguments, *stale]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
