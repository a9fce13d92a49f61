"""Run a .tflite file in LiteRT, one thread, with the kernels of choice.

reference   BUILTIN_REF: portable loops
optimized   BUILTIN_WITHOUT_DEFAULT_DELEGATES: ruy and hand-written loops
xnnpack     AUTO: XNNPACK takes every node that it can
"""

from functools import partial

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run(kernels, model, x):
    """Codes in and out, (N, C, H, W) or (N, C)."""
    engine = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=kernels,
    )
    (put,), (get,) = engine.get_input_details(), engine.get_output_details()
    engine.resize_tensor_input(put["index"], _last(x).shape)
    engine.allocate_tensors()
    engine.set_tensor(put["index"], _last(x))
    engine.invoke()
    y = engine.get_tensor(get["index"])
    return np.moveaxis(y, -1, 1)


def _last(x):
    """Channels last."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


reference = partial(run, OpResolverType.BUILTIN_REF)
optimized = partial(run, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
xnnpack = partial(run, OpResolverType.AUTO)
