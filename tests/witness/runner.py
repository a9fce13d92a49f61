"""Runs forms on states under qemu-aarch64: one process for all of them.

Tools: aarch64-linux-gnu-as, -ld, -objcopy; qemu-aarch64 -cpu max.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tests.vectors.neon.read import BASE
from tests.vectors.neon.records import RECORD, to_records, to_state

HERE = Path(__file__).parent
TEXT = 0x400000
ARCH = "aarch64-linux-gnu-"
QEMU = ["qemu-aarch64", "-cpu", "max"]
STUB = """f{k}:
    record x30
    ldr x30, [x30, #752]
s{k}:
{text}
e{k}:
    b resume
"""


def tool(*command):
    """Run a tool; what it says is the error."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
    return done.stdout


def part(name):
    """One of the assembler files here."""
    return (HERE / name).read_text(encoding="utf-8")


def source(texts):
    """The runner with a stub for each form, and where each begins."""
    stubs = "".join(STUB.format(k=k, text=t) for k, t in enumerate(texts))
    table = "".join(f"    .word f{k}\n" for k in range(len(texts)))
    spans = "".join(f"    .word s{k}, e{k}\n" for k in range(len(texts)))
    return (
        part("state.s")
        + part("runner.s")
        + f"\n{stubs}\n    .data\n    .balign 4\ntable:\n{table}"
        + f'    .section .spans, "a"\n{spans}'
    )


def build(text, folder):
    """Assemble and link; return the program, its code and its spans."""
    made = {n: str(Path(folder) / n) for n in ["r.s", "r.o", "r", "t", "p"]}
    Path(made["r.s"]).write_text(text, encoding="utf-8")
    tool(ARCH + "as", "-o", made["r.o"], made["r.s"])
    at = [f"-Ttext={TEXT:#x}", f"--section-start=.rec={BASE - 1024:#x}"]
    tool(ARCH + "ld", *at, "-o", made["r"], made["r.o"])
    copy = [ARCH + "objcopy", "-O", "binary"]
    tool(*copy, "-j", ".text", made["r"], made["t"])
    tool(*copy, "-j", ".spans", made["r"], made["p"])
    spans = np.fromfile(made["p"], "<u4") - TEXT
    return made["r"], Path(made["t"]).read_bytes(), spans


def harness():
    """The loop for unicorn: code; where resume, quit and the prefix are."""
    with tempfile.TemporaryDirectory() as folder:
        _, code, spans = build(part("state.s") + part("harness.s"), folder)
    return {"code": np.frombuffer(code, "u1"), "spans": spans}


def execute(texts, states):
    """Run each form on its states: code and state after, form by form."""
    with tempfile.TemporaryDirectory() as folder:
        program, code, spans = build(source(texts), folder)
        into, out = Path(folder) / "in", Path(folder) / "out"
        with into.open("wb") as stream:
            for form, state in enumerate(states):
                to_records(form, state).tofile(stream)
        with into.open("rb") as stdin, out.open("wb") as stdout:
            done = subprocess.run([*QEMU, program], stdin=stdin, stdout=stdout)
        got = np.fromfile(out, RECORD)
    sizes = [len(state["nzcv"]) for state in states]
    if done.returncode or len(got) != sum(sizes):
        form = int(np.searchsorted(np.cumsum(sizes), len(got), "right"))
        raise RuntimeError(f"qemu stopped at {texts[form]!r}")
    ends = np.cumsum(sizes)[:-1]
    codes = [code[a:b] for a, b in spans.reshape(-1, 2)]
    return codes, [to_state(part) for part in np.split(got, ends)]
