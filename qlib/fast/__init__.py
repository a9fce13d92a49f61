"""The same integers by other means: BLAS, oneDNN through torch, numba.

    codes = run(qnet, program, q)       as qlib.int8.program.run, faster

program      the steps of a program, each with a faster kernel
product      matrix products: oneDNN, or float32 BLAS exact by proof
selftest     a wrong back end is refused
conv         convolution as matrix products; depthwise without them
scaling      three roundings are one formula
tables       a step on codes, evaluated once on all of them
kernels      the loops that numba compiles
"""

try:
    import numba  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"qlib.fast needs torch and numba: pip install torch numba ({error})"
    ) from error

from qlib.fast.program import faster, run

__all__ = ["faster", "run"]
