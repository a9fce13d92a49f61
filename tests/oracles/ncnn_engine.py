"""ncnn as an oracle: one thread, packing and Winograd off unless asked for.

With packing, depthwise convolution takes 12 bits of 1 / x; with Winograd,
3 x 3 convolution can overflow int32.
"""

import tempfile
from pathlib import Path

import ncnn
import numpy as np


def run_ncnn(files, x, y="y", packing=False, winograd=False):
    """What ncnn makes of the batch x, codes or reals, sample by sample."""
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_packing_layout = packing
    net.opt.use_winograd_convolution = winograd
    if net.load_param_mem(files.param):
        raise ValueError("ncnn does not take the .param file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        path.write_bytes(files.bin)
        if net.load_model(str(path)):
            raise ValueError("ncnn does not take the .bin file")
    return np.stack([_one(net, sample, y) for sample in x])


def _one(net, x, y):
    """One sample through a fresh extractor; codes come out as floats."""
    extractor = net.create_extractor()
    extractor.input(0, ncnn.Mat(np.ascontiguousarray(x)).clone())
    failed, out = extractor.extract(y)
    if failed:
        raise ValueError(f"ncnn cannot compute {y}")
    return np.array(out)
