"""python -m qlib.neon: check and run."""

import numpy as np
import pytest

from qlib.neon.__main__ import main
from tests.core.neon.gemm import FOLDER, pack

SUM = "ld1 {v0.4s}, [%0]\nld1 {v1.4s}, [%[b]]\nadd v0.4s, v0.4s, v1.4s\n"
SUM += "dup v1.4s, %w5\nmul v0.4s, v0.4s, v1.4s\nst1 {v0.4s}, [x2]"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_lists_unknown_instructions_with_their_lines(folder, capsys):
    (folder / "a.s").write_text("nop\nfoo x0\nsubs %w0, %w0, #1\nfmla %3.4s\n")
    assert main(["check", "a.s"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("line 2: foo x0: a mnemonic must be in the")
    assert lines[1].startswith("line 4: fmla v9.4s: fmla must have operands")
    assert lines[2:] == ["2 instructions, 2 unknown"]


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*.s")), ids=lambda p: p.stem
)
def test_check_knows_all_of_our_kernels(path, capsys):
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.endswith(" 0 unknown\n")


def test_run_binds_arrays_numbers_and_operands(folder, capsys):
    a, b = np.arange(4, dtype=np.int32), np.full(4, 10, np.int32)
    np.save("a.npy", a)
    np.save("b.npy", b)
    np.save("c.npy", np.zeros(4, np.int32))
    (folder / "sum.s").write_text(SUM)
    bind = ["%0=x0", "%[b]=x1", "%5=x7", "x0=a.npy", "x1=b.npy", "x2=c.npy"]
    out = ["--out", "x2=d.npy"]
    assert main(["run", "sum.s", "--bind", *bind, "x7=3", *out]) == 0
    assert capsys.readouterr().out == "6 instructions, QC 0\n"
    assert np.array_equal(np.load("d.npy"), 3 * (a + b))
    assert np.array_equal(np.load("c.npy"), np.zeros(4))


def test_run_reports_what_wraps(folder, capsys):
    a = b = np.full((4, 16), -128, np.int8)
    for name, x in (
        ("a", pack(a, 4, 16)),
        ("b", pack(b, 4, 16)),
        ("c", np.zeros((4, 4), np.int32)),
    ):
        np.save(f"{name}.npy", x)
    bind = ["x0=1", "x1=a.npy", "x2=b.npy", "x3=c.npy", "x4=0x10"]
    assert main(["run", str(FOLDER / "smull_4x4.s"), "--bind", *bind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "85 instructions, QC 0"
    assert len(lines) == 17
    assert lines[1].endswith("is 32768, kept as -32768; 8 lanes")


def test_run_reads_arguments_from_the_stack(folder, capsys):
    np.save("c.npy", np.zeros(2, np.uint64))
    (folder / "s.s").write_text("ldp x1, x2, [sp]\nstp x1, x2, [x0]")
    words = ["run", "s.s", "--bind", "x0=c.npy", "--stack", "5", "-1"]
    assert main([*words[:4], "--stack=5", "--out", "x0=c.npy"]) == 0
    assert np.array_equal(np.load("c.npy"), [5, 0])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "missing.s"], "missing.s: No such file"),
        (["run", "a.s", "--bind", "x0"], "a binding must be NAME=VALUE"),
        (["run", "a.s", "--bind", "y0=1"], "a register must be x0-x30 or v0-"),
        (["run", "a.s", "--bind", "x0=b.npy"], "b.npy: No such file"),
        (["run", "a.s"], "line 1: ldr q0, [x0]: reads must stay in a bound"),
        (["run", "a.s", "--bind", "x0=s.npy"], "got bytes 0 to 15 of 8"),
        (
            ["run", "a.s", "--bind", "x0=l.npy", "--out", "x1=c.npy"],
            "--out must",
        ),
        (["run", "a.s", "--bind", "v0=s.npy"], "v0 must have 16 bytes, got 8"),
    ],
)
def test_a_mistake_is_one_sentence(folder, capsys, words, says):
    np.save("s.npy", np.zeros(8, np.int8))
    np.save("l.npy", np.zeros(16, np.int8))
    (folder / "a.s").write_text("ldr q0, [x0]")
    assert main(words) == 1
    out = capsys.readouterr().out
    assert says in out
    assert out.count("\n") <= 2
