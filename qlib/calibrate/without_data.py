"""Ranges without data: what ncnn's table holds when no images are given.

    stored scale = 127 / max |w|, or 1 where all w are 0                (1)

Only weights have a range then.  For Convolution, ConvolutionDepthWise and
InnerProduct the table holds nothing at all, not even the scales of the
weights; for Embed, MultiHeadAttention, RNN, LSTM and GRU it holds (1), one
per row, or one for the matrix of Embed and the last one of the attention.

Source: Tencent/ncnn a4d2ea1d, tools/quantize/ncnn2table.cpp, `save_table`
(lines 227 to 251: only with a data set) and lines 468 to 664.
Chapter: calibration
"""

from collections.abc import Iterable, Sequence

import numpy as np

from qlib.arrays import Real, as_finite

WEIGHTS_ONLY = ("Embed", "MultiHeadAttention", "RNN", "LSTM", "GRU")
ONE_SCALE = (("Embed", 0), ("MultiHeadAttention", 3))


def ncnn_without_data(
    layers: Iterable[tuple[str, str, Sequence[Real]]],
) -> dict[str, Real]:
    """The lines of the table: name -> scales, eq. (1).

    layers  (name, type of ncnn, weights): q, k, v, out of an attention;
            input and state of RNN, LSTM, GRU

    Shapes: weights (rows, columns) or (directions, rows, columns) -> (rows,).

    >>> w = np.array([[1.0, -2.0], [0.0, 0.0]])
    >>> layers = [("conv1", "Convolution", [w]), ("rnn", "RNN", [w, w])]
    >>> [(name, s.tolist()) for name, s in ncnn_without_data(layers).items()]
    [('rnn_param_0', [63.5, 1.0]), ('rnn_param_1', [63.5, 1.0])]
    """
    table: dict[str, Real] = {}
    for name, kind, weights in layers:
        for k, w in enumerate(weights if kind in WEIGHTS_ONLY else ()):
            axis = None if (kind, k) in ONE_SCALE else -1
            a = np.abs(as_finite(w, name)).max(axis).reshape(-1)
            scale = 127 / np.where(a == 0, 127.0, a)
            table[f"{name}_param_{k}"] = scale
    return table
