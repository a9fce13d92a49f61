"""A file from the network, once: mirrors, digest, resume, and no half files.

A file that is in the cache folder with its SHA-256 is never asked for again.
Otherwise each mirror is tried in turn.  Bytes arrive in `<file>.part`, which
stays when a connection breaks, so that the next try asks for the rest only
(HTTP Range).  Only a file with the right digest gets its name, in one step.
Two processes that fetch one file at once spoil each other's part; the digest
notices, and another try mends it.

The folder is that of the system for caches, ~/.cache/qlib on Linux; the
environment variable QLIB_DATA names another one.

pooch (https://www.fatiando.org/pooch) checks, names and speaks HTTP, but it
begins a broken download anew: `_fill` and `_append` are the resume.
Chapter: measuring
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pooch

from qlib.grid import as_index
from qlib.net.progress import terminal

pooch.get_logger().setLevel("WARNING")  # its news would end up on the page

CHUNK = 1 << 14  # bytes at a time; what a breaking connection may lose
MISSING = """{name} could not be downloaded.
{causes}
Put the file at {path}
It has {size} bytes and the SHA-256 {sha256}
The folder {folder} can be another: set QLIB_DATA."""


@dataclass(frozen=True)
class Remote:
    """A file on the network.

    name    its path in the cache folder
    sha256  of its bytes, 64 hexadecimal digits
    size    in bytes
    urls    its mirrors, the best one first

    Raises: ValueError for another digest, no bytes, or no mirror.

    >>> Remote("a.gz", 64 * "0", 10, ("https://example.org/a.gz",)).size
    10
    """

    name: str
    sha256: str
    size: int
    urls: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - {*"0123456789abcdef"}:
            raise ValueError(
                f"sha256 must be 64 hexadecimal digits, got {self.sha256!r}"
            )
        if as_index(self.size, "size") < 1 or not self.urls:
            raise ValueError(
                "a file needs bytes and mirrors, "
                f"got {self.size} and {self.urls}"
            )


def cache_folder() -> Path:
    """Where downloaded files are kept: QLIB_DATA, or the system's folder.

    >>> cache_folder().is_absolute()
    True
    """
    folder = os.environ.get("QLIB_DATA") or pooch.os_cache("qlib")
    return Path(folder).expanduser().resolve()


def fetch(remote: Remote) -> Path:
    """The path of the file, which is downloaded unless it is there.

    Raises: FileNotFoundError if no mirror gave it: it says why, where the
    file can be put by hand, and with which digest.
    """
    folder = cache_folder()
    path = folder / remote.name
    part = Path(f"{path}.part")
    get = partial(_fill, part=part, remote=remote)
    causes = []
    for url in remote.urls:
        try:
            known = f"sha256:{remote.sha256}"
            pooch.retrieve(url, known, remote.name, folder, downloader=get)
            return path
        except (OSError, ValueError) as error:
            causes.append(f"  {url}: {error}")
    if part.exists() and part.stat().st_size == 0:
        part.unlink()
    if path.exists():
        causes.append(f"  {path}: has another SHA-256")
    here = {"path": path, "folder": folder, "causes": "\n".join(causes)}
    raise FileNotFoundError(MISSING.format(**vars(remote), **here))


def _fill(url: str, output: str, _: Any, part: Path, remote: Remote) -> None:
    """Fill the part, then move it to where pooch checks its digest.

    A broken connection is taken up again as long as each try brings bytes.
    """
    with part.open("ab") as file:
        while (have := file.tell()) < remote.size:
            try:
                _append(url, file, have, remote)
                if file.tell() != remote.size:  # a page that says sorry
                    got = file.tell()
                    file.truncate(0)
                    raise ValueError(f"{remote.size} bytes, got {got}")
            except OSError:
                if file.tell() <= have:
                    raise
    os.replace(part, output)


def _append(url: str, file: BinaryIO, have: int, remote: Remote) -> None:
    """Ask for the bytes from `have` on and write them behind the others."""

    def begin(response: Any, **_: Any) -> None:
        if response.status_code == 200:  # all of it, where 206 is the rest
            file.truncate(0)

    ask = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    download = pooch.HTTPDownloader(
        progressbar=Progress(remote.name, remote.size),
        chunk_size=CHUNK,
        headers=ask,
        hooks={"response": begin},
    )
    download(url, file, None)


class Progress:
    """A line in the terminal, never in a notebook's page.

    pooch sets `total`, the bytes of this request, and calls the rest.
    """

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size, self.total, self.done = name, size, 0, 0

    def update(self, n: int) -> None:
        """n bytes more."""
        self.done += n
        before = self.size - self.total if self.total else 0
        have = min(before + self.done, self.size)
        self._say(
            f"\r{self.name} {have / 1e6:.1f} of {self.size / 1e6:.1f} MB"
        )

    def reset(self) -> None:
        """Back to the start of this request."""
        self.done = 0

    def close(self) -> None:
        """End the line."""
        self._say("\n")

    def _say(self, text: str) -> None:
        fd = terminal()
        if fd is not None:
            os.write(fd, text.encode())
