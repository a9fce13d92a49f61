"""Who rescales how: engines and their rules, as data.

A row names the function of `qlib.int8.rescale` that gives an engine's codes,
and how that is known:

    make test      the engine runs in this file of tests: no bit differs
    make witness   the same, on what Debian packages
    source         this was read, not run
    reported       it was run elsewhere; the note has the count

An engine is a version on a machine: what runs here runs on x86-64.

Chapter: requantization
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from qlib.grid import INT8, INT8_NARROW, UINT8, Grid
from qlib.int8.rescale import (
    Rescale,
    float32_half_away,
    float32_half_even,
    float32_half_even_after_z,
    float32_reciprocal,
    float64_half_away,
    one_rounding,
    two_roundings,
    two_roundings_ties_up,
)

Known: TypeAlias = Literal["make test", "make witness", "source", "reported"]


@dataclass(frozen=True)
class Dialect:
    """How one engine brings the accumulators of some operators to codes.

    activations   the grids that it was seen on
    source        the file that shows it, a test or the engine's own

    >>> {d.rescale.__name__ for d in DIALECTS if d.engine == "QNNPACK"}
    {'float32_reciprocal'}
    """

    engine: str
    version: str
    operators: str
    rescale: Rescale
    activations: tuple[Grid, ...]
    known: Known
    source: str
    note: str = ""


TESTS = "tests/oracles/"
LITERT: tuple[Known, str] = "make test", TESTS + "test_litert_rescale.py"
TORCH: tuple[Known, str] = "make test", TESTS + "test_float_rescale.py"
ONNX: tuple[Known, str] = "make test", TESTS + "test_export_onnx.py"
NCNN: tuple[Known, str] = "make test", TESTS + "test_export_ncnn.py"

# fmt: off
DIALECTS = (
    Dialect("gemmlowp", "16e8662c", "matrix product",
            two_roundings, (UINT8,), "make witness",
            "fixedpoint/fixedpoint.h",
            "its high multiply and its shift, on pairs of int32"),
    Dialect("LiteRT reference", "2.3.0", "convolution, depthwise, grouped",
            two_roundings, (INT8,), *LITERT),
    Dialect("LiteRT reference", "2.3.0", "fully connected",
            float64_half_away, (INT8,), *LITERT),
    Dialect("LiteRT optimized", "2.3.0", "convolution, fully connected",
            two_roundings_ties_up, (INT8,), *LITERT, "ruy on x86"),
    Dialect("LiteRT optimized", "2.3.0", "depthwise convolution",
            two_roundings_ties_up, (INT8,), *LITERT,
            "filters left over after blocks of eight: two_roundings"),
    Dialect("LiteRT optimized", "2.3.0", "grouped convolution",
            two_roundings, (INT8,), *LITERT),
    Dialect("LiteRT with XNNPACK", "2.3.0",
            "convolution, depthwise, grouped, fully connected",
            float32_half_even, (INT8,), *LITERT,
            "LiteRT's default; it refuses M from 256 on"),
    Dialect("TensorFlow Lite", "2.15.1", "convolution",
            two_roundings, (INT8,), "reported",
            "a probe of the x86 wheel",
            "0 of 8112 outputs differ; 12 do from one_rounding"),
    Dialect("TensorFlow Lite Micro", "90b983c2", "convolution",
            two_roundings, (INT8,), "source",
            "tensorflow/lite/kernels/internal/common.cc",
            "one_rounding if built with TFLITE_SINGLE_ROUNDING"),
    Dialect("CMSIS-NN", "99f736a", "convolution, fully connected",
            two_roundings, (INT8,), "source",
            "Include/arm_nnsupportfunctions.h",
            "one_rounding if built with CMSIS_NN_USE_SINGLE_ROUNDING"),
    Dialect("ruy on Arm", "2af8886", "matrix product",
            one_rounding, (INT8, UINT8), "source",
            "ruy/kernel_arm64.cc, ruy/apply_multiplier.cc",
            "SQDMULH cuts off and SRSHL rounds: one rounding where n >= 1"),
    Dialect("ONNX Runtime", "1.31.1",
            "QLinearConv; Conv and Gemm between DQ and Q, fused",
            float32_half_even, (INT8, UINT8), *ONNX,
            "on x86 it fuses int8 activations only if asked to: "
            "session.qdqisint8allowed"),
    Dialect("FBGEMM", "torch 2.13.0", "convolution without a bias",
            float32_half_even, (UINT8,), *TORCH,
            "3x3 depthwise of a multiple of 8 channels saturates at int16"),
    Dialect("QNNPACK", "torch 2.13.0", "convolution, depthwise",
            float32_reciprocal, (UINT8,), *TORCH,
            "QnnpackUtils.h, generate_requantization_scales"),
    Dialect("oneDNN", "torch 2.13.0",
            "convolution, depthwise, without a bias",
            float32_half_even_after_z, (UINT8,), *TORCH,
            "with less than AVX-512, Sx Sw is one product"),
    Dialect("OpenVINO", "2026.4.1", "Conv between DQ and Q",
            float32_half_even_after_z, (UINT8,), "reported",
            "60 networks of one convolution",
            "0 of 160 000 outputs differ, with another order of operations"),
    Dialect("ncnn", "1.0.20261020",
            "convolution, depthwise, grouped, without a bias",
            float32_half_away, (INT8_NARROW,), *NCNN,
            "a bias is added in float32; packed depthwise has 12 bits of "
            "1 / x; an InnerProduct gives reals"),
)
# fmt: on
