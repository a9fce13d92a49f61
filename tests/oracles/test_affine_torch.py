"""The affine map against PyTorch: where codes differ, the rule has a name.

Ours divides in float64.  PyTorch multiplies by the float32 reciprocal of S,
and its three operators add Z at three places.  Each rule stands here as one
line of numpy, and must explain every single code.
"""

import numpy as np
import pytest
import torch
from torch.ao.quantization import MinMaxObserver

from qlib.affine import (
    affine_qparams,
    dequantize,
    fake_quantize,
    fbgemm,
    quantize,
    symmetric_qparams,
)
from qlib.grid import INT4, INT8, INT8_NARROW, INT16, UINT8, Grid
from qlib.qparams import QParams

pytestmark = pytest.mark.filterwarnings(
    "ignore:torch.quantize_per:UserWarning",
    "ignore:.*torch.ao.quantization is deprecated:DeprecationWarning",
)
N = 10**6
SCALES = [0.1, 0.0235294122, 0.0078431377]
F = np.float32


@pytest.fixture(autouse=True)
def one_thread():
    """So that no chunk ends between two vectors, in a scalar tail."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def reciprocal(x, S, Z):
    """torch.fake_quantize_*: round(x (1/S)) + Z."""
    return np.rint(x * (F(1) / S)) + Z


def reciprocal_z_first(x, S, Z):
    """torch.quantize_per_channel: round(x (1/S) + Z), all in float32."""
    return np.rint(x * (F(1) / S) + F(Z))


def reciprocal_z_fused(x, S, Z):
    """torch.quantize_per_tensor: the same as one fused multiply-add."""
    inverse = np.float64(F(1) / S)
    return np.rint(F(np.float64(x) * inverse + Z))


def has_fma():
    return torch.backends.cpu.get_cpu_capability() != "DEFAULT"


def codes_of(rule, x, S, Z, grid):
    S, Z = np.broadcast_to(S, x.shape[:1]), np.broadcast_to(Z, x.shape[:1])
    q = [rule(*row) for row in zip(x, S, Z, strict=True)]
    return np.clip(q, grid.qmin, grid.qmax).astype(int)


def smooth(S, rows):
    """Normal values, hardly ever a tie."""
    x = np.random.default_rng(7).normal(0, 60, (rows, N // rows))
    return F(x * S[:, None])


def ties(S, rows):
    """Nothing but ties, as far as float32 can hold them."""
    k = np.random.default_rng(7).integers(-300, 300, (rows, N // rows))
    return F((k + 0.5) * S[:, None])


# The fraction of codes in which the rule differs from division in float64
SMOOTH, TIES = (0, 1e-5), (0.05, 0.3)
CASES = [(smooth, SMOOTH), (ties, TIES)]


@pytest.mark.parametrize(("values", "expected"), CASES)
@pytest.mark.parametrize("scale", SCALES)
def test_fake_quantize_differs_by_the_reciprocal_alone(
    scale, values, expected
):
    S, Z, qp = F([scale]), 100, QParams(F(scale), 100, UINT8)
    x = values(S, 1)
    theirs = torch.fake_quantize_per_tensor_affine(
        torch.from_numpy(x), float(S[0]), Z, 0, 255
    ).numpy()
    q = codes_of(reciprocal, x, S, Z, UINT8)
    np.testing.assert_array_equal(theirs, F(q - Z) * S[0])
    differ = theirs != F(fake_quantize(x, qp))
    np.testing.assert_array_equal(differ, q != quantize(x, qp))
    check_fraction(differ, expected)


@pytest.mark.parametrize(("values", "expected"), CASES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("grid", "Z", "dtype"),
    [(UINT8, 100, torch.quint8), (INT8, -5, torch.qint8)],
)
def test_quantize_per_tensor_differs_by_a_fused_multiply_add_alone(
    scale, grid, Z, dtype, values, expected
):
    S, qp = F([scale]), QParams(F(scale), Z, grid)
    x = values(S, 1)
    tensor = torch.quantize_per_tensor(
        torch.from_numpy(x), float(S[0]), Z, dtype
    )
    theirs = tensor.int_repr().numpy()
    rule = reciprocal_z_fused if has_fma() else reciprocal
    np.testing.assert_array_equal(theirs, codes_of(rule, x, S, Z, grid))
    check_fraction(theirs != quantize(x, qp), expected)
    np.testing.assert_array_equal(
        tensor.dequantize().numpy(), F(dequantize(theirs, qp))
    )


def check_fraction(differ, expected):
    """The rule's share is small, and where there are ties it is not 0."""
    low, high = expected
    assert low <= differ.mean() <= high


@pytest.mark.parametrize(("Z", "share"), [(-6, 0), (-5, 1)])
def test_z_added_first_makes_ties_go_to_the_odd_code_if_z_is_odd(Z, share):
    """S = 1/2: quotients and reciprocals are exact, only Z's place counts."""
    S, qp = F([0.5]), QParams(0.5, Z, INT8)
    x = ties(S, 1)
    theirs = torch.quantize_per_tensor(
        torch.from_numpy(x), 0.5, Z, torch.qint8
    )
    inside = (x > qp.rmin) & (x < qp.rmax)
    differ = theirs.int_repr().numpy() != quantize(x, qp)
    assert differ[inside].mean() == (share if has_fma() else 0)
    assert not differ[~inside].any()


PER_CHANNEL_S = F([0.1, 0.7, 0.003, 0.31, 0.09, 0.011, 0.5, 0.77])
PER_CHANNEL_Z = np.array([-128, 127, 0, 3, -77, 50, 100, -1])


@pytest.mark.parametrize(("values", "expected"), CASES)
def test_fake_quantize_per_channel_differs_by_the_reciprocal_alone(
    values, expected
):
    S, Z = PER_CHANNEL_S, PER_CHANNEL_Z
    x, qp = values(S, 8), QParams(S, Z, INT8, axis=0)
    theirs = torch.fake_quantize_per_channel_affine(
        torch.from_numpy(x),
        torch.from_numpy(S),
        torch.from_numpy(Z).int(),
        0,
        -128,
        127,
    ).numpy()
    q = codes_of(reciprocal, x, S, Z, INT8)
    np.testing.assert_array_equal(theirs, F(dequantize(q, qp)))
    check_fraction(q != quantize(x, qp), expected)


@pytest.mark.parametrize(("values", "expected"), CASES)
def test_quantize_per_channel_differs_by_z_added_in_float32_alone(
    values, expected
):
    S, Z = PER_CHANNEL_S, PER_CHANNEL_Z
    x, qp = values(S, 8), QParams(S, Z, INT8, axis=0)
    tensor = torch.quantize_per_channel(
        torch.from_numpy(x),
        torch.from_numpy(S).double(),
        torch.from_numpy(Z),
        0,
        torch.qint8,
    )
    theirs = tensor.int_repr().numpy()
    q = codes_of(reciprocal_z_first, x, S, Z, INT8)
    np.testing.assert_array_equal(theirs, q)
    check_fraction(theirs != quantize(x, qp), expected)
    np.testing.assert_array_equal(
        tensor.dequantize().numpy(), F(dequantize(theirs, qp))
    )


GRIDS = [INT8, UINT8, INT8_NARROW, INT4, Grid(0, 127), INT16]
EDGES = [
    (0, 0),
    (-1, 1),
    (-1e-6, 2e-6),
    (0, 1e-6),
    (-1e-6, 0),
    (0, 1e-40),
    (-1e-44, 0),
    (0, 1e-36),
    (-1e-36, 2e-36),
    (2.1, 3.5),
    (-3.5, -2.1),
    (-0.5, 254.5),
    (-2.5, 252.5),
    (-3e38, 3e38),
]


def ranges(n):
    """float32 ranges of every size; every third is a multiple of itself."""
    rng = np.random.default_rng(0)
    ends = rng.normal(size=(n, 2)) * 10.0 ** rng.uniform(-9, 9, (n, 1))
    ends[::3, 1] = -ends[::3, 0] * rng.choice([0.5, 1, 2], len(ends[::3]))
    return F(np.concatenate([EDGES, np.sort(ends)]))


def fbgemm_in_torch(rmin, rmax, grid):
    """torch passes a given range to fbgemm::ChooseQuantizationParams."""
    channels = len(rmin)
    scale = torch.zeros(channels)
    zero_point = torch.zeros(channels, dtype=torch.int32)
    torch.fused_moving_avg_obs_fake_quant(
        torch.zeros(channels, 1),
        observer_on=torch.tensor([0]),
        fake_quant_on=torch.tensor([1]),
        running_min=torch.from_numpy(rmin.copy()),
        running_max=torch.from_numpy(rmax.copy()),
        scale=scale,
        zero_point=zero_point,
        averaging_const=0.01,
        quant_min=grid.qmin,
        quant_max=grid.qmax,
        ch_axis=0,
        per_row_fake_quant=True,
        symmetric_quant=False,
    )
    return scale.numpy(), zero_point.numpy()


@pytest.mark.parametrize("grid", GRIDS)
def test_fbgemms_rule_is_the_one_inside_torch_bit_for_bit(grid):
    rmin, rmax = ranges(N // 10).T
    scale, zero_point = fbgemm_in_torch(rmin, rmax, grid)
    qp = affine_qparams(rmin, rmax, grid, axis=0, zero_point=fbgemm)
    np.testing.assert_array_equal(qp.scale, scale)
    np.testing.assert_array_equal(qp.zero_point, zero_point)


def aten_zero_point(rmin, rmax):
    """ATen's copy of fbgemm on uint8, its comment says "identical": S stays
    float64 until Z is known, and the end has the smaller |q| - |r/S|."""
    S = (max(float(rmax), 0) - min(float(rmin), 0)) / 255
    low, high = min(rmin, 0) / S, max(rmax, 0) / S
    z = -low if -abs(low) < 255 - abs(high) else 255 - high
    return int(np.clip(np.rint(z), 0, 255))


def test_atens_copy_of_fbgemm_differs_where_z_is_a_tie():
    """aten/src/ATen/native/quantized/cpu/QuantUtils.h."""
    differ = []
    for rmin, rmax in ranges(3000):
        ours = affine_qparams(rmin, rmax, UINT8, zero_point=fbgemm)
        if ours.scale <= 6.1e-5 or (rmin, rmax) == (0, 0):
            continue  # S was raised, in both
        theirs = torch._choose_qparams_per_tensor(torch.tensor([rmin, rmax]))
        assert F(theirs[0]) == ours.scale
        if rmin < 0 < rmax:
            assert theirs[1] == aten_zero_point(float(rmin), float(rmax))
        if theirs[1] != ours.zero_point:
            differ.append(rmin == -rmax)
    assert len(differ) > 100
    assert all(differ)


def observed(rmin, rmax, dtype, qscheme=torch.per_tensor_affine):
    observer = MinMaxObserver(dtype=dtype, qscheme=qscheme)
    observer(torch.tensor([rmin, rmax], dtype=torch.float32))
    scale, zero_point = observer.calculate_qparams()
    return scale.item(), zero_point.item()


def observer_rule(rmin, rmax, grid):
    """torch.ao's own rule, in float32: qmin - round(rmin / S), S >= 2^-23."""
    low, high = min(rmin, F(0)), max(rmax, F(0))
    S = max((high - low) / F(grid.qmax - grid.qmin), F(2**-23))
    Z = grid.qmin - np.rint(low / S)
    return float(S), int(np.clip(Z, grid.qmin, grid.qmax))


@pytest.mark.parametrize(
    ("dtype", "grid"), [(torch.quint8, UINT8), (torch.qint8, INT8)]
)
def test_the_observer_rounds_before_it_adds_qmin(dtype, grid):
    """So it differs from fbgemm where qmin - rmin/S is a tie, and in the
    floor of S: 2^-23 instead of 6.1e-5."""
    differ = 0
    for rmin, rmax in ranges(3000):
        if rmax > 1e38:
            continue  # the observer's S overflows float32; fbgemm's does not
        theirs = observed(rmin, rmax, dtype)
        assert theirs == observer_rule(rmin, rmax, grid)
        qp = affine_qparams(rmin, rmax, grid, zero_point=fbgemm)
        if theirs[0] < FLOOR or qp.scale <= FLOOR:
            continue
        assert theirs[0] == pytest.approx(qp.scale, rel=2**-23)
        if theirs[1] != qp.zero_point:
            z = grid.qmin - min(float(rmin), 0) / qp.scale
            assert abs(z % 1 - 0.5) < 1e-4
            differ += 1
    assert differ > 0


FLOOR = float(F(6.1e-5))


@pytest.mark.parametrize("absmax", [0.5, 1.0, 6.0, 1e-3, 1234.5])
def test_the_symmetric_observer_has_half_a_code_more(absmax):
    """torch.ao divides by (qmax - qmin) / 2 = 127.5, ours by qmax."""
    scale, zero_point = observed(
        -absmax, absmax, torch.qint8, torch.per_tensor_symmetric
    )
    qp = symmetric_qparams(absmax, INT8)
    assert zero_point == qp.zero_point == 0
    assert scale * 127.5 == pytest.approx(qp.scale * 127, rel=1e-6)
