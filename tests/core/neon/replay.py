"""Replays recorded states in the simulator.

    python -m tests.core.neon.replay sq        forms that match differ where

One tile is one state; each tile has its own 256 bytes of memory.  Where
branches depend on the state, each state is a run of its own.
"""

import re
import sys

import numpy as np

from qlib.neon import AssemblyError, Machine, parse
from tests.vectors.neon.read import BASE, WINDOW, forms

POINTERS = (1, 5, 31)  # the x registers that point into memory; 31 is sp


def load(state, points, watch=False):
    """A machine of one tile per state; what was added to its pointers."""
    n = len(state["nzcv"])
    machine, mem = Machine(n, watch), state["mem"].copy()
    at = machine.bind(mem)
    moved = np.arange(n, dtype=np.uint64) * np.uint64(WINDOW)
    moved += np.uint64(at - BASE)
    moved *= np.uint64(points)
    x = [*state["x"].T.copy(), state["sp"].copy()]
    for k in POINTERS:
        x[k] += moved
    machine.v[:] = state["v"].transpose(1, 0, 2)
    machine.x[:] = [int(a[0]) for a in x] if n == 1 else x
    machine.nzcv = int(state["nzcv"][0]) if n == 1 else state["nzcv"].copy()
    machine.qc[:] = state["qc"]
    return machine, mem, moved


def unload(machine, mem):
    """The state of a machine; pointers are where it has them."""
    n = len(mem)
    if all(isinstance(a, int) for a in machine.x):
        x = np.array([machine.x], np.uint64).repeat(n, axis=0)
    else:
        x = [np.broadcast_to(np.uint64(a), n) for a in machine.x]
        x = np.array(x).T
    return {
        "v": machine.v.transpose(1, 0, 2),
        "x": x[:, :31],
        "sp": x[:, 31],
        "nzcv": np.broadcast_to(np.uint8(machine.nzcv), n),
        "qc": machine.qc,
        "mem": mem,
    }


def differences(form, watch=False):
    """The parts of the state that are not as recorded."""
    program = parse(form.text)
    jumps = any(i.row.cost == "branch" for i in program.instructions)
    n = len(form.before["nzcv"])
    wrong = set()
    for at in np.split(np.arange(n), n if jumps else 1):
        before = {k: a[at] for k, a in form.before.items()}
        machine, mem, moved = load(before, form.pool == "m", watch)
        machine.run(program)
        for part, got in unload(machine, mem).items():
            want = form.after[part][at]
            same = got == want
            if part in ("x", "sp"):
                same |= got == (want.T + moved).T
            if not same.all():
                wrong.add(part)
    return sorted(wrong)


def report(form, watch=False):
    """One line for a form that is not as recorded, else nothing."""
    try:
        wrong = differences(form, watch)
    except AssemblyError as error:
        return [f"{form.family}: {error}"]
    return [f"{form.family}: {form.text!r}: {wrong}"] if wrong else []


def main(pattern="", family=""):
    lines = [
        line
        for form in forms()
        if re.match(pattern, form.text) and family in form.family
        for line in report(form)
    ]
    print("\n".join(lines), f"\n{len(lines)} differ")


if __name__ == "__main__":
    main(*sys.argv[1:])
