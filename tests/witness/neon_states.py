"""Records machine states under qemu: tests/vectors/neon/*.npz.

Run: python -m tests.witness.neon_states            pools stay as they are
     python -m tests.witness.neon_states --pools    draws the pools anew

It imports no qlib.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

from tests.vectors.neon.read import HERE, first, flat, pools, shifted
from tests.witness.listing import listing
from tests.witness.pools import SIZES, states
from tests.witness.runner import execute, harness

FAMILIES = ["integer", "widen", "narrow", "shift", "permute", "floats"]
FAMILIES += ["memory", "scalar", "branch", "spelling", "others"]
FEWER = {"m": 8, "x": 20, "f": 40, "e": 32, "g": 32}  # states of others
SEED = 20261120
# A64 mnemonics of ncnn, gemmlowp, QNNPACK, XNNPACK, ruy
CENSUS = (
    "b.cond subs add st1 mov cmp b sub ldr ret and ldp str fmul scvtf "
    "tbz sqxtn csel smlal ld1 ld1r sqxtn2 stp sqadd nop fadd smin smax "
    "sdot smull ext smlal2 bti addp sxtl fcvtns fmax fmin sadalp mul "
    "ld2r prfm movi cbnz eor shl srshl tbnz sqdmulh dup fcvtas sqshl "
    "smull2 sqxtun umax umin sqxtun2 saddlp ld2 uxtl usubl tst lsr uzp1 "
    "uzp2 smmla rev32 fcvtn mla rev64 udot sshl lsl saddw zip1 fcvtn2 "
    "sqrdmulh mvni ldrb mls strb strh sqrshl sxtl2 zip2 ccmp ldur ushl "
    "trn1 trn2 saddw2 ldrsh ldrh stur cmn fmov cmeq bic ssra umlal "
    "umlal2 st2 umull umull2 uadalp .inst .word "
)


def family_forms(name):
    """The forms of one family."""
    return importlib.import_module(f"tests.witness.forms.{name}").FORMS


def mnemonics(text):
    """The mnemonics of a form; b.eq is b.cond, .inst what it encodes."""
    for line in text.lower().replace(";", "\n").split("\n"):
        words = line.split(":")[-1].split()
        if words:
            yield "b.cond" if words[0].startswith("b.") else words[0]


def pool_arrays(made):
    """The pools as they are stored: rows once, indices to them."""
    out = {}
    for name, state in made.items():
        v = state["v"]
        rows, index = np.unique(v.reshape(-1, 16), axis=0, return_inverse=True)
        out[f"{name}_rows"] = rows
        out[f"{name}_index"] = index.reshape(v.shape[:2]).astype("<u2")
        for part in ["x", "sp", "nzcv", "qc"]:
            out[f"{name}_{part}"] = state[part]
        out[f"{name}_mem"] = state["mem"][: None if name == "m" else 1]
    return out


def draw_pools():
    """New pools, from the seed."""
    rng = np.random.default_rng(SEED)
    return {name: states(name, n, rng) for name, n in SIZES.items()}


def states_of(name, pool):
    """How many states of a pool a family's forms get."""
    return FEWER.get(pool, 16) if name == "others" else SIZES[pool]


def pack(forms, befores, codes, afters):
    """A family as arrays: what changed, byte place by byte place."""
    places, results, known = [], [], set(CENSUS.split())
    for before, after in zip(befores, afters, strict=True):
        a, b = flat(before), flat(after)
        where = np.flatnonzero((a != b).any(0))
        places.append(where)
        results.append(b[:, where].T.ravel())
    add = [(k, r, n) for k, f in enumerate(forms) for r, n in f[2].items()]
    return {
        "text": np.array([text for text, _, _ in forms]),
        "pool": np.array([pool for _, pool, _ in forms]),
        "states": np.array([len(b["qc"]) for b in befores], "<u2"),
        "add": np.array(add, "<i8").reshape(-1, 3),
        "census": np.array([known >= {*mnemonics(t)} for t, *_ in forms]),
        "listing": np.array(listing(codes)),
        "code": np.frombuffer(b"".join(codes), "u1"),
        "code_bytes": np.array([len(c) for c in codes], "<u2"),
        "place": np.concatenate(places).astype("<u2"),
        "places": np.array([len(p) for p in places], "<u2"),
        "result": np.concatenate(results),
        "results": np.array([len(r) for r in results], "<u4"),
    }


def record(starts):
    """Every family's arrays, from one run of qemu."""
    families = {name: family_forms(name) for name in FAMILIES}
    forms = [f for listed in families.values() for f in listed]
    befores = [
        first(shifted(starts[pool], add), states_of(name, pool))
        for name, listed in families.items()
        for _, pool, add in listed
    ]
    codes, afters = execute([text for text, _, _ in forms], befores)
    at, made = 0, {}
    for name, listed in families.items():
        end = at + len(listed)
        parts = (befores[at:end], codes[at:end], afters[at:end])
        made[name] = pack(listed, *parts)
        at = end
    return made


def main():
    path = HERE / "pools.npz"
    if "--pools" in sys.argv:
        np.savez_compressed(path, **pool_arrays(draw_pools()))
    np.savez_compressed(HERE / "harness.npz", **harness())
    for name, arrays in record(pools(path)).items():
        np.savez_compressed(HERE / f"{name}.npz", **arrays)
        size = Path(HERE / f"{name}.npz").stat().st_size
        print(f"{name:9} {len(arrays['text']):5} forms {size:8} bytes")


if __name__ == "__main__":
    main()
