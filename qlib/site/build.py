"""Build `_build/html` with Jupyter Book, strictly, and say where to look.

    python -m qlib.site.build

All pages are read again each time: Sphinx reports a warning only when it
reads the page, so an incremental build can be green on a broken page.
It also lays down the theme's files again, which are then made lighter.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qlib.site import gate
from qlib.site.chapters import ROOT, pages, toc
from qlib.site.lighter import lighten

SITE = ROOT / "_build" / "html"


def jupyter_book() -> int:
    """Every page, warnings are errors, quiet where all is well."""
    command = str(Path(sys.executable).with_name("jupyter-book"))
    strict = ["--all", "-W", "--keep-going", "-q"]
    return subprocess.run([command, "build", str(ROOT), *strict]).returncode


def main() -> int:
    """Build, make lighter, then look through the gate."""
    code = jupyter_book()
    if code:
        return code
    lighten(SITE)
    found = gate.faults(SITE, [name for name, _ in pages(toc())])
    if found:
        print("The site was built, but the gate is shut:", file=sys.stderr)
        print(*found, sep="\n", file=sys.stderr)
        return 1
    print(f"\nThe book is built. Open\n    {(SITE / 'index.html').as_uri()}")
    print("or type `make serve`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
