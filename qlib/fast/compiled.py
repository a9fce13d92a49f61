"""Compile with numba, once per machine where that is possible.

The machine code is kept in __pycache__ beside the module, or in the user's
cache if that cannot be written, or in NUMBA_CACHE_DIR if that is set.  Where
there is no such place, each process compiles for itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function as machine code from its first call on; one thread."""
    try:
        fast = numba.njit(cache=True)(function)
    except RuntimeError:  # no place to keep it
        fast = numba.njit(function)
    return cast(Function, fast)
