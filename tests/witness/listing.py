"""Machine code as the census of kernels spells it, from objdump.

smlal V.4s, V.4h, V.h[i]        st1 {V.s X}[i], [X], #
"""

import re
import tempfile
from pathlib import Path

from tests.witness.runner import ARCH, tool

DUMP = [ARCH + "objdump", "-D", "-b", "binary", "-m", "aarch64"]
BRANCHES = {"b", "b.cond", "cbz", "cbnz", "tbz", "tbnz"}
RULES = [  # what objdump prints, what the census prints
    (r"\s*//.*", ""),
    (r"\{v\d+\.(\w+)-v\d+\.\w+\}", r"{V.\1 xN}"),
    (r"\{v\d+\.(\w+)[^V}]*\}", r"{V.\1 X}"),
    (r"\}\[\d+\]", "}[i]"),
    (r"v\d+\.(\w+)\[\d+\]", r"V.\1[i]"),
    (r"v\d+\.(\w+)", r"V.\1"),
    (r"#-?[\w.]+", "#"),
    (r"\b(x\d+|xzr|sp)\b", "X"),
    (r"\b(w\d+|wzr|wsp)\b", "W"),
]


def generic(line):
    """One line of objdump without its numbers."""
    name, _, operands = line.partition("\t")
    name = "b.cond" if name.startswith("b.") else name.strip()
    if name in BRANCHES:
        return f"{name} L"
    for pattern, becomes in RULES:
        operands = re.sub(pattern, becomes, operands)
    operands = re.sub(
        r"\b([bhsdq])\d+\b", lambda m: m[1].upper(), operands.strip()
    )
    return f"{name} {operands}".strip()


def listing(codes):
    """For each piece of code its instructions, joined by semicolons."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(b"".join(codes))
        out = tool(*DUMP, file.name)
    parts = [line.split("\t", 2) for line in out.splitlines()]
    lines = iter([generic(p[2]) for p in parts if len(p) == 3])
    return ["; ".join(next(lines) for _ in range(len(c) // 4)) for c in codes]
