"""Codes to codes, element by element; concat, flatten and softmax.

    centred   acc = q - Z                                               (1)
    add       acc = Ma ((qa - Za) 2^20) + Mb ((qb - Zb) 2^20)           (2)
              Ma = Sa / (2 max(Sa, Sb)),  Mb likewise;
              the output has M = 2 max(Sa, Sb) / (2^20 Sy)
    lookup    y = table[q - qmin]                                       (3)
    softmax   y[c] = Z + round(shares[d[c]] / sum over c of exps[d[c]]) (4)
              d = max q - q,  exps[d] = 2^30 exp(-S d),
              shares[d] = exps[d] / Sy, both rounded to integers

(1) is all of a ReLU that stands alone, of TFLite's QUANTIZE, and of a concat
whose inputs have other (S, Z): M and the clamp do the work.  (2) is ADD of
TFLite.  (3) is its LOGISTIC.  Its SOFTMAX sums a table of float32; (4) is
the same in 64-bit integers, and rounds ties up.

Shapes: q (N, C, ...) -> the same.   This file is ON DEVICE: integers.

Source: LiteRT, tflite/kernels/activations.cc; in tflite/kernels/internal/
reference: integer_ops/add.h, requantize.h, concatenation.h.
Chapter: int8-convolution
"""

import numpy as np

from qlib.arrays import Acc, Code
from qlib.multiplier import Requant
from qlib.requant import Scaling, multiply

LEFT = 20  # bits that add gains before it rounds


def centred_loops(q: Code, Z: int) -> Acc:
    """Eq. (1), to read.

    >>> centred_loops(np.int8([-128, 5]), 5)
    array([-133,    0], dtype=int32)
    """
    acc = np.empty(q.shape, np.int32)
    for at in np.ndindex(q.shape):
        acc[at] = int(q[at]) - Z
    return acc


def centred(q: Code, Z: int) -> Acc:
    """Eq. (1).

    >>> centred(np.int8([-128, 5]), 5)
    array([-133,    0], dtype=int32)
    """
    return q - np.int32(Z)


def add_loops(
    a: Code,
    b: Code,
    Za: int,
    Zb: int,
    Ma: Requant,
    Mb: Requant,
    scale_by: Scaling = multiply,
) -> Acc:
    """Eq. (2), to read.

    >>> half = Requant(2**30, 0)
    >>> add_loops(np.int8([3]), np.int8([4]), 1, 2, half, half)  # 2^20 4/2
    array([2097152], dtype=int32)
    """
    acc = np.empty(a.shape, np.int32)
    for at in np.ndindex(a.shape):
        left = np.array((int(a[at]) - Za) << LEFT)
        right = np.array((int(b[at]) - Zb) << LEFT)
        acc[at] = int(scale_by(left, Ma)) + int(scale_by(right, Mb))
    return acc


def add(
    a: Code,
    b: Code,
    Za: int,
    Zb: int,
    Ma: Requant,
    Mb: Requant,
    scale_by: Scaling = multiply,
) -> Acc:
    """Eq. (2).

    >>> half = Requant(2**30, 0)
    >>> add(np.int8([3]), np.int8([4]), 1, 2, half, half)
    array([2097152], dtype=int32)
    """
    left, right = centred(a, Za) << LEFT, centred(b, Zb) << LEFT
    return scale_by(left, Ma) + scale_by(right, Mb)


def concat_loops(*qs: Code) -> Code:
    """The channels of all qs, one array after the other, to read.

    >>> concat_loops(np.int8([[1, 2]]), np.int8([[3]]))
    array([[1, 2, 3]], dtype=int8)
    """
    C = sum(q.shape[1] for q in qs)
    y, first = np.empty((len(qs[0]), C, *qs[0].shape[2:]), qs[0].dtype), 0
    for q in qs:
        for n, c, *at in np.ndindex(q.shape):
            y[n, first + c, *at] = q[n, c, *at]
        first += q.shape[1]
    return y


def concat(*qs: Code) -> Code:
    """The channels of all qs: a copy, for all have one (S, Z).

    >>> concat(np.int8([[1, 2]]), np.int8([[3]]))
    array([[1, 2, 3]], dtype=int8)
    """
    return np.concatenate(qs, 1)


def flatten(q: Code) -> Code:
    """(N, C, H, W) -> (N, C H W), columns fastest.

    >>> flatten(np.int8([[[[1], [2]]]]))
    array([[1, 2]], dtype=int8)
    """
    return q.reshape(len(q), -1)


def lookup_loops(q: Code, table: Code, qmin: int) -> Code:
    """Eq. (3), to read.

    >>> lookup_loops(np.int8([-128]), np.arange(256), -128)
    array([0])
    """
    y = np.empty(q.shape, table.dtype)
    for at in np.ndindex(q.shape):
        y[at] = table[int(q[at]) - qmin]
    return y


def lookup(q: Code, table: Code, qmin: int) -> Code:
    """Eq. (3).

    >>> lookup(np.int8([-128]), np.arange(256), -128)
    array([0])
    """
    return table[centred(q, qmin)]


def softmax_loops(q: Code, exps: Acc, shares: Acc) -> Acc:
    """The quotient of eq. (4), to read.

    >>> softmax_loops(np.int8([[3, 2]]), np.array([4, 2]), np.array([40, 20]))
    array([[7, 3]])
    """
    y = np.empty(q.shape, np.int64)
    for n, *at in np.ndindex(len(q), *q.shape[2:]):
        row = [int(q[n, c, *at]) for c in range(q.shape[1])]
        d = [max(row) - code for code in row]
        total = sum(exps[i] for i in d)
        for c, i in enumerate(d):
            y[n, c, *at] = (2 * shares[i] + total) // (2 * total)
    return y


def softmax(q: Code, exps: Acc, shares: Acc) -> Acc:
    """The quotient of eq. (4), over the channels; `to_codes` adds Z.

    >>> softmax(np.int8([[3, 2]]), np.array([4, 2]), np.array([40, 20]))
    array([[7, 3]])
    """
    d = q.max(1, keepdims=True).astype(np.int32) - q
    total: Acc = exps[d].sum(1, np.int64, keepdims=True)
    y: Acc = (2 * shares[d] + total) // (2 * total)
    return y
