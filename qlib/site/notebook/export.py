"""Each notebook page as two notebooks: one to read, one to work in.

    python -m qlib.site.notebook.export     # writes _build/html/notebooks

The one to read has the outputs of the run that the book shows. The one to
work in has none, and in place of each solution what the reader starts from
and a cell that checks it. Beside them lies a wheel of qlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nbformat import NotebookNode

from qlib.site import chapters, execute
from qlib.site.build import SITE
from qlib.site.notebook import wheel
from qlib.site.notebook.links import Links, binder
from qlib.site.notebook.page import Page, config
from qlib.site.notebook.writer import Writer

FOLDER = SITE / "notebooks"


def page(path: Path, root: Path = chapters.ROOT, work: bool = False) -> Page:
    """A page with the run that the book shows."""
    run = execute.record(path, root)
    if run is None:
        raise ValueError(f"{path.stem} is stale: `make notebooks` runs it")
    ran = execute.cache(root).get_cache_bundle(run.pk).nb
    seconds = (run.data or {}).get("execution_seconds", 0.0)
    return Page(path, root, ran, seconds, work)


def text(notebook: NotebookNode) -> str:
    """A notebook as a file has it: the same notebook, the same bytes."""
    said = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    return said + "\n"


def write(folder: Path = FOLDER, root: Path = chapters.ROOT) -> list[Path]:
    """Every notebook and the wheel; what else was made before is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [wheel.write(folder, root)]
    for path in chapters.notebooks(root):
        for work in (False, True):
            made = page(path, root, work)
            file = folder / made.notebook(made.name)
            file.write_text(text(Writer(made).notebook()), "utf8")
            written.append(file)
    for old in [*folder.glob("*.ipynb"), *folder.glob("*.whl")]:
        if old not in written:
            old.unlink()
    binder(folder.parent, Links(**config(root).get("notebook_links", {})))
    return written


def main() -> int:
    try:
        written = write()
    except ValueError as error:
        print(f"No notebooks: {error}", file=sys.stderr)
        return 1
    print(f"{len(written) - 1} notebooks and a wheel are in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
