"""A progress bar that a page never sees.

A notebook kernel catches whatever is written to stderr, by Python or through
the file descriptor, and puts it into the page.  So the bar goes to the stderr
that was there before, and only if that is a terminal; else nothing is said.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, one by one, with a bar that grows on the terminal.

    >>> list(progress([1, 2], "counting"))
    [1, 2]
    """
    out = terminal()
    for done, item in enumerate(items):
        _draw(out, what, done, len(items))
        yield item
    _draw(out, what, len(items), len(items))


def terminal() -> int | None:
    """The descriptor of the stderr that no kernel took, if a terminal.

    >>> terminal() is None or os.isatty(terminal())
    True
    """
    kept: int = getattr(sys.stderr, "_original_stdstream_copy", None) or 2
    return kept if os.isatty(kept) else None


def _draw(out: int | None, what: str, done: int, total: int) -> None:
    """One line, written over the last one."""
    if out is not None:
        bar = "#" * (30 * done // max(total, 1))
        end = "\n" if done == total else ""
        line = f"\r{what} [{bar:<30}] {done}/{total}{end}"
        os.write(out, line.encode())
