"""How fast the simulator is, beside unicorn on the same machine code.

    .venv/bin/python -m benchmarks.neon

One layer, 196 x 512 x 512, int8: all tiles at once through the SDOT and the
SMULL kernel, with and without the overflow watch.  Unicorn runs the kernel,
assembled now, tile after tile in one loop of machine code.  Times are CPU
seconds of this process, which has one thread, the least of nine runs in
turn; the results of all are equal to numpy's.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn.arm64_const import (
    UC_ARM64_REG_X19,
    UC_ARM64_REG_X20,
    UC_CPU_ARM64_MAX,
)

from qlib.neon import Machine, parse

M, K, N, RUNS = 196, 512, 512, 9
KERNELS = Path(__file__).parents[1] / "qlib/neon/kernels"
AS, COPY = "aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy"
DRIVER = """
0:  ldp x0, x1, [x19], #16
    ldp x2, x3, [x19], #16
    ldr x4, [x19], #8
    bl kernel
    subs x20, x20, #1
    b.ne 0b
    b .
kernel:
"""
TILES = {"sdot_4x16": (4, 16, 4), "smull_4x4": (4, 4, 16)}
CODE, BASE = 0x10000, 0x10000000


def pack(x, rows, depth):
    """(n, K) -> (n / rows, K / depth, rows, depth), in memory order."""
    n, k = x.shape
    parts = x.reshape(n // rows, rows, k // depth, depth)
    return np.ascontiguousarray(parts.transpose(0, 2, 1, 3))


def arguments(a, b, c, rows, columns, depth, at):
    """x0 to x4 of every tile.   Shapes: -> (tiles, 5)."""
    i, j = np.divmod(np.arange(M // rows * (N // columns)), N // columns)
    table = np.empty((len(i), 5), np.uint64)
    table[:, 0] = K // depth
    table[:, 1] = at[0] + i * (K * rows)
    table[:, 2] = at[1] + j * (K * columns)
    table[:, 3] = at[2] + i * (rows * N * 4) + j * (columns * 4)
    table[:, 4] = N * 4
    return table


def simulated(program, a, b, tile, watch):
    """Seconds and C of the simulator."""
    c = np.zeros((M, N), np.int32)
    machine = Machine(M // tile[0] * (N // tile[1]), watch=watch)
    at = [machine.bind(x) for x in (a, b, c)]
    table = arguments(a, b, c, *tile, at)
    machine.x[0], machine.x[4] = int(table[0, 0]), N * 4
    machine.x[1:4] = table[:, 1:4].T.copy()
    start = process_time()
    machine.run(program)
    return process_time() - start, c


def assembled(text):
    """The machine code of the driver and a kernel."""
    with tempfile.TemporaryDirectory() as folder:
        s, o, b = (str(Path(folder) / n) for n in ("k.s", "k.o", "k.bin"))
        Path(s).write_text(DRIVER + text, encoding="utf-8")
        subprocess.run(
            [AS, "-march=armv8.2-a+dotprod", s, "-o", o], check=True
        )
        subprocess.run([COPY, "-O", "binary", o, b], check=True)
        return Path(b).read_bytes()


def emulated(code, a, b, tile):
    """Seconds and C of unicorn."""
    machine = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    machine.ctl_set_cpu_model(UC_CPU_ARM64_MAX)
    machine.mem_map(CODE, 0x10000)
    machine.mem_map(BASE, 0x1000000)
    machine.mem_write(CODE, code)
    c = np.zeros((M, N), np.int32)
    at = [BASE, BASE + 0x100000, BASE + 0x200000]
    table = arguments(a, b, c, *tile, at)
    for where, x in zip([*at, BASE + 0x800000], [a, b, c, table], strict=True):
        machine.mem_write(where, x.tobytes())
    machine.reg_write(UC_ARM64_REG_X19, BASE + 0x800000)
    machine.reg_write(UC_ARM64_REG_X20, len(table))
    start = process_time()
    machine.emu_start(CODE, CODE + 24)
    seconds = process_time() - start
    c = np.frombuffer(machine.mem_read(at[2], c.nbytes), np.int32)
    return seconds, c.reshape(M, N)


def race(name, tile, a, b, want):
    """CPU seconds of every way to run one kernel."""
    text = (KERNELS / f"{name}.s").read_text(encoding="utf-8")
    program, code = parse(text), assembled(text)
    packs = pack(a, tile[0], tile[2]), pack(b, tile[1], tile[2])
    ways = {
        "qlib": lambda: simulated(program, *packs, tile, False),
        "qlib, watched": lambda: simulated(program, *packs, tile, True),
        "unicorn": lambda: emulated(code, *packs, tile),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(RUNS):
        for way, run in ways.items():
            seconds, c = run()
            if not np.array_equal(c, want):
                sys.exit(f"{name} on {way} gives other sums than numpy")
            best[way] = min(best[way], seconds)
    return best


def main():
    if not (shutil.which(AS) and shutil.which(COPY)):
        sys.exit(f"unicorn needs machine code, and {AS} is not installed")
    rng = np.random.default_rng(0)
    a = rng.integers(-127, 128, (M, K)).astype(np.int8)
    b = rng.integers(-128, 128, (N, K)).astype(np.int8)
    want = a.astype(np.int32) @ b.astype(np.int32).T
    macs = M * K * N / 1e6
    print(f"{M} x {K} x {N}, {macs:.1f} M MAC, least of {RUNS} runs")
    for name, tile in TILES.items():
        best = race(name, tile, a, b, want)
        for way, seconds in best.items():
            print(
                f"{name:10} {way:14} {1000 * seconds:6.1f} ms "
                f"{macs / seconds:6.0f} M MAC/s"
            )
        cost = best["qlib, watched"] / best["qlib"] - 1
        print(f"{name:10} the watch costs {100 * cost:.1f} %")


if __name__ == "__main__":
    main()
