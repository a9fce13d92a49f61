"""Records the kernels of qlib/neon/kernels under qemu, on tiles of extremes.

Run: python -m tests.witness.kernels    writes tests/vectors/neon/kernels.npz

A tile is a run of its own; all tiles see the same memory, each has its own
pointers.  Array n lies at n << 32, as the simulator binds the first, second,
... array.  It imports no qlib: it reads the kernels' text.
"""

from pathlib import Path

import numpy as np

from tests.vectors.neon.read import HERE
from tests.witness.neon_kernel import run, start
from tests.witness.pools import integers

FOLDER = Path(__file__).parents[2] / "qlib" / "neon" / "kernels"
TILES, BLOCKS, PAD = 6, 3, 2
SEED = 4416
SHAPES = {  # bytes of A and B in a block, columns of C
    "smull_4x4": (64, 64, 4),
    "sdot_4x16": (16, 64, 16),
    "sdot_4x16_requant": (16, 64, 16),
}
PARTS = ["v", "x", "sp", "nzcv", "qc"]


def biased(bits, size, rng):
    """Half extremes, half anything."""
    dtype = f"i{bits // 8}"
    wild = rng.integers(0, 256, (*size, bits // 8), "u1").view(dtype)[..., 0]
    ends = rng.choice(integers(bits), size).view(dtype)
    return np.where(rng.random(size) < 0.5, ends, wild)


def constants(rng):
    """Of each tile: bias, m0 and -shift of 16 columns, Z, qmin, qmax."""
    rows = np.concatenate(
        [
            biased(32, (TILES, 16), rng) >> rng.integers(0, 16, (TILES, 1)),
            rng.integers(2**30, 2**31, (TILES, 16)),
            -rng.integers(0, 16, (TILES, 16)),
        ],
        axis=1,
    ).astype("<i4")
    rows[0, :18] = -(2**31)
    rows[5, :16], rows[5, 32:] = 1000, -10
    zero_points = rng.integers(-128, 128, TILES).astype("<i2")
    last = np.zeros((TILES, 4), "u1")
    last[:, :2] = zero_points.view("u1").reshape(TILES, 2)
    last[:, 2] = np.array([-128, -127, -100, 0, -128, 5], "i1").view("u1")
    last[:, 3] = np.array([127, 127, 100, 90, 0, 9], "i1").view("u1")
    last[5, :2] = 3, 0
    return np.concatenate([rows.view("u1").reshape(TILES, -1), last], axis=1)


def arrays(name, rng):
    """The memory of all tiles: A, B, C, constants."""
    a, b, columns = SHAPES[name]
    dtype = "i1" if "requant" in name else "<i4"
    made = [biased(8, (TILES, BLOCKS * size), rng) for size in (a, b)]
    for array in made:
        array[0] = -128  # the pair that leaves a lane of 16 bits
        array[5] >>= 5  # nothing saturates
    made.append(np.full((TILES, 4, columns + PAD), 77, dtype))
    return [*made, constants(rng)] if "requant" in name else made


def states(name, memory, rng):
    """A state per tile: pointers, counts, and anything elsewhere."""
    row = memory[2].strides[1]
    for tile in range(TILES):
        x = dict(enumerate(rng.integers(0, 2**64 - 1, 31, "u8")))
        x |= {0: BLOCKS, 4: row}
        for number, register in enumerate([1, 2, 3, 5][: len(memory)]):
            step = memory[number].strides[0]
            x[register] = (number + 1 << 32) + tile * step
        v = rng.integers(0, 256, (1, 32, 16), "u1")
        yield start(x, (9 << 32) + 4096, v)


def record(name, rng):
    """One kernel's arrays: memory and registers, before and after."""
    text = (FOLDER / f"{name}.s").read_text(encoding="utf-8")
    memory = arrays(name, rng)
    befores, afters = list(states(name, memory, rng)), []
    out = {f"memory{k}": array for k, array in enumerate(memory)}
    final = [array.copy() for array in memory]
    for tile, before in enumerate(befores):
        placed = {k + 1 << 32: array for k, array in enumerate(memory)}
        after, found = run(text, before, placed)
        afters.append(after)
        for was, now, array in zip(memory, found.values(), final, strict=True):
            array[tile] = now[tile]
            others = np.arange(TILES) != tile
            np.testing.assert_array_equal(was[others], now[others])
    out |= {f"memory{k}_after": array for k, array in enumerate(final)}
    for part in PARTS:
        out[part] = np.concatenate([s[part] for s in befores])
        out[f"{part}_after"] = np.concatenate([s[part] for s in afters])
    return {f"{name}.{key}": array for key, array in out.items()}


def record_all():
    """Every kernel's arrays."""
    rng, made = np.random.default_rng(SEED), {}
    for name in SHAPES:
        made |= record(name, rng)
    return made


def main():
    np.savez_compressed(HERE / "kernels.npz", **record_all())


if __name__ == "__main__":
    main()
