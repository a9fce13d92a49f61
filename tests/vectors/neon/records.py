"""States as the records that the programs under an emulator work on."""

import numpy as np

from tests.vectors.neon.read import WINDOW, V

RECORD = np.dtype(
    {
        "names": ["v", "x", "sp", "nzcv", "fpsr", "form", "mem"],
        "formats": [
            ("u1", (32, 16)),
            ("<u8", 31),
            *["<u8"] * 4,
            ("u1", WINDOW),
        ],
        "offsets": [0, V, 760, 768, 776, 784, 1024],
        "itemsize": 1280,
    }
)


def to_records(form, state):
    """States as records that ask for one form."""
    records = np.zeros(len(state["nzcv"]), RECORD)
    for name in ["v", "x", "sp", "mem"]:
        records[name] = state[name]
    records["nzcv"] = state["nzcv"].astype("u8") << 28
    records["fpsr"] = state["qc"].astype("u8") << 27
    records["form"] = form
    return records


def to_state(records):
    """Records as a state; fpsr keeps the cumulative flags alone."""
    state = {n: records[n].copy() for n in ["v", "x", "sp", "mem"]}
    state["nzcv"] = (records["nzcv"] >> 28).astype("u1")
    state["qc"] = (records["fpsr"] >> 27 & 1).astype(bool)
    state["fpsr"] = (records["fpsr"] & 0x9F).astype("u1")
    return state
