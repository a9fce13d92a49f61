"""JupyterLab on the notebooks to work in, at a loopback address.

    python -m qlib.site.notebook.lab     # arguments go to JupyterLab

The notebooks are copied to `notebooks/`. A copy in which a reader has worked
is never written again: a newer one is put beside it, as `affine-work-2`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from qlib.site.chapters import ROOT
from qlib.site.notebook.export import FOLDER

DESK = ROOT / "notebooks"
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def place(new: Path, desk: Path, given: dict[str, str]) -> Path:
    """Copy a notebook; given says what was written to each file before."""
    data = new.read_bytes()
    for k in itertools.count(1):
        number = f"-{k}" if k > 1 else ""
        file = desk / f"{new.stem}{number}{new.suffix}"
        was = given.get(file.name)
        if was == digest(data) and file.exists():
            return file  # this very notebook, with or without work in it
        if not file.exists() or digest(file.read_bytes()) == was:
            file.write_bytes(data)
            given[file.name] = digest(data)
            return file
    raise AssertionError("counting does not end")


def lay_out(folder: Path = FOLDER, desk: Path = DESK) -> list[Path]:
    """The notebooks to work in, where a reader works."""
    desk.mkdir(exist_ok=True)
    memory = desk / ".given.json"
    known = memory.read_text("utf8") if memory.exists() else "{}"
    given: dict[str, str] = json.loads(known)
    files = sorted(folder.glob("*-work.ipynb"))
    placed = [place(file, desk, given) for file in files]
    memory.write_text(json.dumps(given, indent=1, sort_keys=True), "utf8")
    return placed


def command(desk: Path, arguments: Sequence[str] = ()) -> list[str]:
    """JupyterLab on a folder; it asks for a token, and opens a browser."""
    root = ["--allow-root"] if os.geteuid() == 0 else []  # as in a container
    where = ["--ip=127.0.0.1", f"--ServerApp.root_dir={desk}"]
    lab = [sys.executable, "-m", "jupyterlab"]
    return [*lab, *where, *QUIET, *root, *arguments]


def main(arguments: Sequence[str] = ()) -> int:
    for file in lay_out():
        print(file.relative_to(ROOT))
    return subprocess.run(command(DESK, arguments)).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
