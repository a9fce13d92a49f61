"""Assembler text as kernel authors write it."""

import numpy as np
import pytest

from qlib.neon import AssemblyError, Machine, check, parse
from qlib.neon.encodings import decode
from tests.core.neon.mutants import outcomes
from tests.vectors.neon.read import forms

SAME = [  # two spellings of one program
    ("add x0, x1, #4", "ADD X0 , X1,\t4 // four"),
    ("add x0, x1, #4", "add x0, x1, # 4 @ four"),
    ("add x0, x1, #4", "/* a\n b */ add x0, x1, #0x4 # four"),
    ("add x0, x1, #4", "add x0, x1, #(2 * 2) ; the next row of A"),
    ("add x0, x1, #4\nnop", "add x0, x1, #4; nop"),
    ("add x0, x1, #8", "add x0, x1, #010"),
    ("smull v0.8h, v1.8b, v2.8b", '"smull v0.8h, v1.8b, v2.8b \\n\\t"'),
    ("nop\nret", '"nop \\n ret \\n" // both'),
    ("ld1 {v0.4s-v3.4s}, [x1], #64", "ld1 {v0.4s,v1.4s,v2.4s,v3.4s},[x1],64"),
    ("ld1 {v31.8b, v0.8b}, [x1]", "ld1 {v31.8b-v0.8b}, [x1]"),
    ("mov v0.s[1], v1.s[2]", "mov v0.4s[1], v1.4s[2]"),
    ("cmp w0, w1, lsl #2", "CMP W0, w1, LSL 2"),
    ("add x29, x30, x0", "add fp, lr, x0"),
    ("loop: b loop", "0: b 0b"),
    ("sdot v8.4s, v2.16b, v0.4b[0]", ".word 0x4f80e048"),
    ("nop", ".text\n.globl f\n.p2align 2\nf: nop\n.size f, .-f"),
    ("nop", "#ifdef __ELF__\nBEGIN_FUNCTION f\nnop\nEND_FUNCTION f\n#endif"),
]
TEMPLATES = [
    ("ld1 {v0.8b}, [%0], #8", "ld1 {v0.8b}, [x3], #8"),
    ("subs %w0, %w0, #1", "subs w3, w3, #1"),
    ("fmul v0.4s, v1.4s, %10.4s", "fmul v0.4s, v1.4s, v7.4s"),
    ("ldr %q10, [%[a]]", "ldr q7, [x4]"),
    ("add %x[a], %[a], %5", "add x4, x4, #16"),
    ("loop_%=: b loop_%=", "loop_0: b loop_0"),
]
BINDING = {"0": "x3", "10": "v7", "a": "x4", "5": "#16"}
REFUSED = [  # text, what the error says
    ("vmull.s8 q0, d0, d1", "a mnemonic must be in the table, got 'vmull.s8'"),
    (
        "smull v0.8h, v1.4h, v2.8b",
        "smull must have operands X, W, W; V.8h, V.8b",
    ),
    ("smull v0.8h, v1.8b", "got V.8h, V.8b$"),
    ("sdot v0.4s, v1.16b, v2.4b[4]", "a lane must be below 4, got 4"),
    ("smlal v0.4s, v1.4h, v16.h[0]", "must be of v0-v15, got v16"),
    ("mov v0.d[2], x1", "a lane must be below 2, got 2"),
    ("ld1 {v0.s}[4], [x0]", "a lane must be below 4, got 4"),
    ("shl v0.4s, v1.4s, #32", "the immediate must be 0 to 31, got 32"),
    ("sshr v0.8h, v1.8h, #0", "the immediate must be 1 to 16, got 0"),
    ("adds sp, x0, #1", "got SP, X, #"),
    ("add x0, x1, #4097", "hold, got 4097"),
    ("and x0, x1, #5", "hold, got 5"),
    ("movi v0.4s, #256", "the number must be 0 to 255, got 256"),
    ("fmov s0, #0.1", "the float must fit 8 bits, got 0.1"),
    ("ldr q0, [x1, #24000000]", "the offset must be in range"),
    ("ldr q0, [x1], #256", "the offset must be in range, got 256"),
    ("ld1 {v0.8b}, [x0], #4", "the offset must be in range, got 4"),
    ("ldr x0, [x1, x2, lsl #2]", "a shift must be log2 of 8 bytes, got 2"),
    ("ldr q0, [xzr]", "a base must be an X register or sp, got \\[xzr\\]"),
    ("ld1 {v0.8b, v2.8b}, [x0]", "1 to 4 consecutive registers"),
    ("tbz w0, #32, 0f\n0:", "a bit must be 0 to 31, got 32"),
    ("b missing", "a label must be defined, got missing"),
    ("b 1b\n1:", "a label must be defined, got 1b"),
    ("add x0, x32, x1", "got X, L, X"),
    ("add x0, x1, #1/0", "a number must be constant, got '1/0'"),
    ("subs %w3, %w3, #1", "operand %3 must be bound, got no register"),
    (".inst 0xd503201f", "an encoding must be a dot product, got 0xd503201f"),
]


def texts(program):
    """Mnemonics and operands; a label is where it leads."""
    return [
        (i.row.mnemonic, [getattr(o, "target", o) for o in i.operands])
        for i in program.instructions
    ]


@pytest.mark.parametrize(("plain", "other"), SAME)
def test_spellings_of_one_program_are_one_program(plain, other):
    assert texts(parse(plain)) == texts(parse(other))


@pytest.mark.parametrize(("template", "plain"), TEMPLATES)
def test_templates_of_gcc_are_filled_from_the_binding(template, plain):
    assert texts(parse(template, binding=BINDING)) == texts(parse(plain))


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_not_legal_is_named_with_line_and_text(text, why):
    with pytest.raises(AssemblyError, match=why) as caught:
        parse("nop\n\n" + text)
    line = text.split("\n")[0]
    assert (caught.value.line, caught.value.text) == (3, line)
    assert str(caught.value).startswith(f"line 3: {line}: ")


def test_check_lists_every_bad_line_and_keeps_the_others():
    program, errors = check("nop\nfoo\nret\nadd x0\n")
    assert [i.text for i in program.instructions] == ["nop", "ret"]
    assert [e.line for e in errors] == [2, 4]


def test_another_isa_is_refused():
    with pytest.raises(ValueError, match=r"isa must be 'a64', got 'a32'"):
        parse("nop", isa="a32")


def test_encodings_decode_to_what_assembled_to_them():
    words = {
        form.text.lower(): int.from_bytes(form.code, "little")
        for form in forms()
        if form.text.split()[0]
        in ("sdot", "udot", "usdot", "sudot", "smmla", "ummla", "usmmla")
    }
    assert len(words) > 20
    assert {text: decode(word) for text, word in words.items()} == {
        text: text for text in words
    }


def test_numeric_labels_lead_to_the_nearest():
    code = "mov x0, #0\n1: add x0, x0, #1\nb 1f\n1: add x0, x0, #10\nb 1f\n1:"
    machine = Machine()
    machine.run(parse(code))
    assert machine.x[0] == 11


def test_mutated_lines_raise_assembly_errors_alone():
    found = outcomes(10_000)
    assert found["unnamed"] == 0
    assert found["refused"] > 5_000
    assert found["ran"] > 500


def test_a_label_may_stand_before_its_instruction_or_alone():
    for code in ("a: b: nop", "a:\nb:\n nop", "a: b:\n nop"):
        assert parse(code).labels == (("a", 0), ("b", 0))
    assert np.array_equal([1], [len(parse("a: nop").instructions)])
