"""A wheel of qlib, for notebooks that are opened elsewhere.

It holds the modules, and beside them the files that `pyproject.toml` names
as package data; of `qlib.site`, only what a notebook needs. Written without
a build tool, so that the same sources give the same bytes.

Source: the binary distribution format, packaging.python.org
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

OF_THE_SITE = {
    "qlib/site/__init__.py",
    "qlib/site/notebook/__init__.py",
    "qlib/site/notebook/kernel.py",
}
WHEEL = "Wheel-Version: 1.0\nGenerator: qlib\nRoot-Is-Purelib: true\n"
TAG = "py3-none-any"
METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: {description}
License: {license}
Requires-Python: {requires-python}
"""


def project(root: Path) -> dict[str, Any]:
    """`pyproject.toml` as it stands."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf8"))


def name(root: Path) -> str:
    """The file's name."""
    of = project(root)["project"]
    return f"{of['name']}-{of['version']}-{TAG}.whl"


def modules(root: Path) -> dict[str, bytes]:
    """Every file of qlib that a notebook may need, by its path."""
    data = project(root)["tool"]["setuptools"]["package-data"]["*"]
    found = {}
    for file in sorted((root / "qlib").rglob("*")):
        path = file.relative_to(root)
        inside = path.parts[1] != "site" or path.as_posix() in OF_THE_SITE
        wanted = any(fnmatch(file.name, p) for p in ("*.py", *data))
        if inside and wanted and file.is_file():
            found[path.as_posix()] = file.read_bytes()
    return found


def members(root: Path) -> dict[str, bytes]:
    """Everything in the wheel but the record of it."""
    of = project(root)["project"]
    info = f"{of['name']}-{of['version']}.dist-info"
    needs = "".join(f"Requires-Dist: {n}\n" for n in of["dependencies"])
    metadata = METADATA.format_map(of) + needs
    return modules(root) | {
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": f"{WHEEL}Tag: {TAG}\n".encode(),
        f"{info}/licenses/LICENSE": (root / "LICENSE").read_bytes(),
    }


def record(files: dict[str, bytes], own: str) -> bytes:
    """Each file's digest and size."""
    lines = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        said = digest.decode().rstrip("=")
        lines.append(f"{path},sha256={said},{len(data)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def write(folder: Path, root: Path) -> Path:
    """The wheel, in a folder."""
    of = project(root)["project"]
    own = f"{of['name']}-{of['version']}.dist-info/RECORD"
    files = members(root)
    files[own] = record(files, own)
    path = folder / name(root)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data in files.items():
            info = zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path
