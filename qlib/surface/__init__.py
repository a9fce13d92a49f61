"""The accuracy surface: what clipping costs the running network, measured.

    surface = load()        counts by tensor, bits and threshold

settings     which tensors, bits and thresholds; a network clipped there
measure      every setting, in integers, by the fast path, on all cores
store        the counts, measured once and kept by digest

`python -m qlib.surface` measures what is not there yet.
"""

from qlib.surface.store import load

__all__ = ["load"]
