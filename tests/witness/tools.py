"""Find the Debian tools that the witnesses need, or bring them.

    python -m tests.witness.tools

In this order: what is there; Debian's packages, where apt is and we are
root; else one sentence that says what to do.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = {  # what must be found -> the package that brings it
    "g++": "g++",
    "gemmlowp/fixedpoint/fixedpoint.h": "libgemmlowp-dev",
    "qemu-aarch64": "qemu-user",
    "aarch64-linux-gnu-as": "binutils-aarch64-linux-gnu",
}


def is_there(name: str) -> bool:
    """Whether a command is on the PATH, or a header can be included."""
    if not name.endswith(".h"):
        return shutil.which(name) is not None
    ask = ["g++", "-E", "-x", "c++", "-include", name, os.devnull]
    found = is_there("g++") and subprocess.run(ask, capture_output=True)
    return bool(found) and found.returncode == 0


def missing() -> list[str]:
    """The packages that are still to be installed."""
    return [pack for name, pack in PACKAGES.items() if not is_there(name)]


def install(packages: list[str]) -> None:
    """Try apt."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        get = ["apt-get", "install", "-q", "-y", "--no-install-recommends"]
        subprocess.run(["apt-get", "update", "-q"], env=env)
        subprocess.run([*get, *packages], env=env)


def main() -> int:
    if packages := missing():
        install(packages)
    packages = missing()
    print(
        f"The witnesses need {' '.join(packages)} (Debian's names): install "
        "them, then run `make witness` again."
        if packages
        else f"Witnesses: {', '.join(PACKAGES)}"
    )
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(main())
