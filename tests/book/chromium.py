"""Find a Chromium for the browser tests, or bring one.

    python -m tests.book.chromium

In this order: the one that is there; Debian's, where apt is and we are root;
playwright's own; else one sentence that says what to do.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ADVICE = (
    "The browser tests need Chromium: install it so that `chromium` is on "
    "the PATH, then run `make test` again."
)
APT = (
    "apt-get update -q && apt-get install -q -y --no-install-recommends "
    "chromium fonts-liberation"
)


def playwright_own() -> Path | None:
    """The browser that `playwright install` brought, if it did."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        path = Path(p.chromium.executable_path)
    return path if path.exists() else None


def find() -> str | None:
    """The path of a Chromium on this machine."""
    there = next(filter(None, map(shutil.which, NAMES)), None)
    return there or (str(own) if (own := playwright_own()) else None)


def install() -> None:
    """Try apt, then playwright."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(APT, shell=True, env=env)
    if find() is None:
        own = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(own)


def main() -> int:
    if find() is None:
        install()
    path = find()
    print(f"Chromium: {path}" if path else ADVICE)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
