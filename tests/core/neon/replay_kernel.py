"""Runs a whole kernel in the simulator on recorded states, all tiles at once.

The arrays of tests/witness/kernels.py: memory and registers before.
"""

from pathlib import Path

import numpy as np

import qlib.neon
from qlib.neon import Machine, parse

FOLDER = Path(qlib.neon.__file__).parent / "kernels"


def machine_of(before):
    """A machine with these registers; equal x registers are one number."""
    machine = Machine(len(before["nzcv"]))
    machine.v[:] = before["v"].transpose(1, 0, 2)
    for k, x in enumerate([*before["x"].T, before["sp"]]):
        machine.x[k] = int(x[0]) if (x == x[0]).all() else x.copy()
    machine.nzcv, machine.qc[:] = int(before["nzcv"][0]), before["qc"]
    return machine


def simulated(name, before):
    """What the simulator makes of a kernel's states and memory."""
    machine = machine_of(before)
    keys = sorted(key for key in before if key.startswith("memory"))
    memory = {key: before[key].copy() for key in keys}
    for array in memory.values():
        machine.bind(array)
    machine.run(parse((FOLDER / f"{name}.s").read_text(encoding="utf-8")))
    tiles = len(before["nzcv"])
    x = [np.broadcast_to(np.uint64(a), tiles) for a in machine.x]
    return memory | {
        "v": machine.v.transpose(1, 0, 2),
        "x": np.array(x[:31]).T,
        "sp": x[31],
        "nzcv": np.broadcast_to(np.uint8(machine.nzcv), tiles),
        "qc": machine.qc,
    }
