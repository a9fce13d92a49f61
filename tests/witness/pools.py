"""Machine states with lanes from pools of extremes.

A pool is named by its lanes: b h s d (8 to 64 bits), g f e (float16, 32,
64), x (scalar registers), m (memory).  In a pool of lanes of k bits:

    v0 v1 v2 v7 v16-v19   lanes of k bits; (v1, v2) is a cross product
    v3 v4 v5              lanes of 2k, k/2, 4k bits
    v6                    shift counts in the low byte of each lane
    others                bytes

In pools of integers, states 0 to 8 have one extreme in every lane of v1 and
one in every lane of v2; in states 9 to 11 nothing saturates.  In pools of
floats, the products of states 0 to 7 overflow, those of 8 to 11 are ties.
x1, x5 and sp point into the window in pool m; x2 is 0 to 7, w3 too with the
upper half set; w4 is -8 to -1.
"""

import numpy as np

from tests.vectors.neon.read import BASE, WINDOW

SIZES = dict.fromkeys("bhsdg", 64) | dict.fromkeys("fex", 128) | {"m": 16}
BITS = {"b": 8, "h": 16, "s": 32, "d": 64, "g": 16, "f": 32, "e": 64}
FLOATS = {"g": "f2", "f": "f4", "e": "f8"}
REALS = [0.0, 1.0, 0.5, 1.5, 2.5, 3.5, 0.25, 127.5, 128.5, 65504.0, 65520.0]
REALS += [65519.99, 2**31, 2**31 - 128, 2**31 - 0.5, 2**32, 2**63, 1e10, 1e-7]
REALS += [8388607.5, 8388608.5, 4194303.25, 2**-24, 2**-25, 6e-5, 3.3e38]
REALS += [1.0009765, 0.49999997, 2147483904.0, 1e300, 1e-300, 2**52 + 0.5]
REALS += [1e-40, 2**-126, 2**-149, 2**-1074, 1.0000001, 0.1]


def integers(bits):
    """Extremes of a lane, the first four the ones that overflow."""
    top = 1 << bits - 1
    near = [-top, top - 1, -1, 0, 1 - top, 1, top - 2, 2, -2, top >> 1]
    near += [-(top >> 1), 1 - (top >> 1), (top >> 1) - 1, 3, -3, -33, 33, 32]
    near += [-63, 63, 64, -64, 65, 100, -100, 10, -32]
    wide = [1 << k for k in range(8, bits - 1, 8)]
    wide += [127, 128, 255, -128, -129] if bits > 8 else []
    wide += [32767, 32768, 65535, -32768, -32769] if bits > 16 else []
    kept = [n for n in near + wide if -top <= n < top]
    return np.array(kept).astype(f"i{bits // 8}").view(f"u{bits // 8}")


def reals(kind):
    """Extremes of a float: halves, limits, denormals, NaN, infinity."""
    dtype = np.dtype(FLOATS[kind])
    unsigned = np.dtype(f"u{dtype.itemsize}")
    with np.errstate(over="ignore", under="ignore"):
        plain = np.array([*REALS, np.finfo(dtype).max], dtype).view(unsigned)
    inf, quiet = np.array([np.inf, np.nan], dtype).view(unsigned)
    first = [0, inf, quiet + 3, inf + 5, *plain[1:], inf + 1, quiet]
    plus = np.array(list(dict.fromkeys(first)), unsigned)
    minus = plus | (unsigned.type(1) << unsigned.type(8 * dtype.itemsize - 1))
    return np.stack([plus, minus], 1).ravel()


def extremes(kind):
    """The values that lanes of a pool are drawn from."""
    return reals(kind) if kind in FLOATS else integers(BITS[kind])


def lanes(values, n, rng):
    """n registers: four lanes of five from the values, one wild."""
    size, dtype = (n, 16 // values.itemsize), values.dtype
    wild = rng.integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)
    picked = np.where(rng.random(size) < 0.8, rng.choice(values, size), wild)
    return picked.astype(dtype).view("u1")


def cross(values, side, n, rng):
    """Two registers whose low halves hold all pairs of the first values.

    What is left of the low halves, and the high halves, are random pairs,
    some lanes wild.
    """
    half = 8 // values.itemsize
    side = min(int(np.sqrt(n * half)), side)
    pairs = np.stack(np.meshgrid(values[:side], values[:side]), 2)
    pairs = pairs.reshape(-1, 2)
    more = rng.choice(values, (n * half * 2 - len(pairs), 2))
    wild = rng.integers(0, np.iinfo(more.dtype).max, more.shape, more.dtype)
    more = np.where(rng.random(more.shape) < 0.3, wild, more)
    left = n * half - len(pairs)
    low = rng.permutation(np.concatenate([pairs, more[:left]]))
    both = [low.reshape(n, half, 2), more[left:].reshape(n, half, 2)]
    both = np.concatenate(both, axis=1)
    return (np.ascontiguousarray(both[..., k]).view("u1") for k in (0, 1))


def counts(values, bits, rng):
    """Shift counts that meet each value in turn; upper bytes wild or 0.

    Shapes: values uint8[n, 16] -> uint8[n, 16].
    """
    near = [-bits - 1, -bits, 1 - bits, -1, 0, 1, bits - 1, bits, bits + 1]
    near = np.array([*near, -128, 127, -2, 2, 7, -7], "i1").view("u1")
    n, width = len(values), bits // 8
    cells = values.reshape(n, 2, -1, width).transpose(1, 0, 2, 3)
    _, which = np.unique(cells.reshape(-1, width), axis=0, return_inverse=True)
    met = np.zeros(which.max() + 1, int)
    low = np.zeros(len(which), "u1")
    for i, k in enumerate(which.ravel()):
        low[i] = near[(met[k] + k) % len(near)]
        met[k] += 1
    out = rng.integers(0, 256, (2, n, len(low) // (2 * n), width), "u1")
    out[rng.random(out.shape) < 0.5] = 0
    out[..., 0] = low.reshape(out.shape[:3])
    return out.transpose(1, 0, 2, 3).reshape(n, 16)


def splat(number, bits):
    """One number in all lanes of a register."""
    cells = np.full(128 // bits, number % 2**bits, f"u{bits // 8}")
    return cells.view("u1")


def edges(v, bits):
    """States 0 to 8: one extreme in all lanes, sums at the edge."""
    top = 1 << bits - 1
    ends = [-top, top - 1, -1]
    for i, (a, b) in enumerate((a, b) for a in ends for b in ends):
        v[i, [1, 16, 18]] = splat(a, bits)
        v[i, [2, 7, 17, 19]] = splat(b, bits)
        for r, wide in [(0, bits), (3, 2 * bits), (5, 4 * bits)]:
            if wide <= 64:
                low = -1 << wide - 1
                v[i, r] = splat(low if (a < 0) != (b < 0) else ~low, wide)


def calm(v, bits):
    """States 9 to 11: nothing saturates."""
    for i, (a, b, count) in enumerate([(5, 3, -1), (1, 0, 1), (0, 0, 0)], 9):
        v[i, [1, 16, 18]] = splat(a, bits)
        v[i, [2, 7, 17, 19]] = splat(b, bits)
        v[i, 6] = splat(count, bits)
        for r, wide in [(0, bits), (3, 2 * bits), (5, 4 * bits)]:
            v[i, r] = splat(2, min(wide, 64))


def fused(v, kind):
    """States 0 to 11: products beyond the largest, ties that a sum breaks."""
    dtype = np.dtype(FLOATS[kind])
    info = np.finfo(dtype)
    top, inf, bits = float(info.max), np.inf, info.nmant + 1
    tiny = 2.0 ** {"g": -20, "f": -80, "e": -200}[kind]
    x, y = 1 + 2.0 ** -(bits // 2), 1 + 2.0 ** -(bits - bits // 2)
    ends = [(top, top, d) for d in (inf, -inf, top, -top)]
    ends += [(top, -top, d) for d in (inf, -inf, top, -top)]
    ends += [(a, y, d) for a in (x, -x) for d in (tiny, -tiny)]
    for i, (a, b, d) in enumerate(ends):
        for register, number in [(1, a), (2, b), (0, d)]:
            cells = np.full(16 // dtype.itemsize, number, dtype)
            v[i, register] = cells.view("u1")


def vectors(kind, n, rng):
    """uint8[n, 32, 16]: the registers of a pool of lanes."""
    rows = rng.integers(0, 256, (24, 16), "u1")
    v = rows[rng.integers(0, 24, (n, 32))]
    if kind not in BITS:
        return v
    values, bits = extremes(kind), BITS[kind]
    for r in [0, 7, 16, 17, 18, 19]:
        v[:, r] = lanes(values, n, rng)
    side = 9 if kind in FLOATS else len(values)
    v[:, 1], v[:, 2] = cross(values, side, n, rng)
    for r, wide in [(3, 2 * bits), (4, bits // 2), (5, 4 * bits)]:
        if 8 <= wide <= 64:
            v[:, r] = lanes(integers(wide), n, rng)
    v[:, 6] = counts(v[:, 1], bits, rng)
    if kind not in FLOATS:
        edges(v, bits)
        calm(v, bits)
    else:
        fused(v, kind)
        for r, k in [(3, "gfe".find(kind) + 1), (4, "gfe".find(kind) - 1)]:
            if 0 <= k < 3:
                v[:, r] = lanes(reals("gfe"[k]), n, rng)
    return v


def scalars(kind, n, rng):
    """uint64[n, 31]: x registers, pointers and indices in pool m."""
    ends = [integers(64)[:24], integers(32)[:24].astype("u8")]
    some = np.stack(ends, 1).ravel()
    x = rng.choice(some[:20], (n, 31))
    if kind == "x":
        wild = rng.integers(0, 2**64 - 1, x.shape, "u8")
        x = np.where(
            rng.random(x.shape) < 0.3, wild, rng.choice(some, x.shape)
        )
        side = int(np.sqrt(0.8 * n))
        pairs = np.stack(np.meshgrid(some[:side], some[:side]), 2)
        x[: side**2, 1:3] = rng.permutation(pairs.reshape(-1, 2))
        x[:, 4] = rng.integers(0, 70, n)
    if kind == "m":
        high = rng.integers(0, 2**32, (n, 2), "u8") << np.uint64(32)
        x[:, 1], x[:, 5] = (BASE + 96 + rng.integers(0, 16, n) for _ in "ab")
        x[:, 2] = rng.integers(0, 8, n)
        x[:, 3] = high[:, 0] | rng.integers(0, 8, n, "u8")
        x[:, 4] = high[:, 1] | rng.integers(2**32 - 8, 2**32, n, "u8")
    return x


def states(kind, n, rng):
    """n states of a pool, at least 12."""
    qc = rng.random(n) < 0.25
    qc[[0, 9, 10, 11]] = False
    return {
        "v": vectors(kind, n, rng),
        "x": scalars(kind, n, rng),
        "sp": np.full(n, BASE + 96, "u8"),
        "nzcv": rng.permutation(np.resize(np.arange(16, dtype="u1"), n)),
        "qc": qc,
        "mem": rng.integers(0, 256, (n if kind == "m" else 1, WINDOW), "u1")
        + np.zeros((n, 1), "u1"),
        "fpsr": np.zeros(n, "u1"),
    }
