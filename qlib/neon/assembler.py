"""From text to a program.

    parse("0: subs x0, x0, #1\n b.ne 0b")

Labels become indices of instructions; `.inst` and `.word` are decoded;
directives that place or describe code are passed over.   Chapter: neon
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import qlib.neon.instructions  # noqa: F401  fills the table
from qlib.neon.encodings import decode
from qlib.neon.machine import Machine
from qlib.neon.operands import Word
from qlib.neon.reading import number, operands
from qlib.neon.table import Instruction, Program, row_of
from qlib.neon.text import AssemblyError, fill, statements

_LABEL = re.compile(r"\s*([\w.$]+)\s*:(?!:)")
_PASSED = (
    ".text .global .globl .p2align .align .balign .type .size .section .arch "
    ".cpu .arch_extension .hidden .func .endfunc .file .ident .loc .previous "
    ".weak .private_extern .subsections_via_symbols .cfi begin_function "
    "end_function"
)
_DATA = (".inst", ".word", ".long")


def parse(
    text: str, isa: str = "a64", binding: Mapping[str, str] | None = None
) -> Program:
    r"""The program of a text; `binding` fills `%0` and `%[name]`.

    Raises: AssemblyError with line and text for what is not legal or not
    known; ValueError for another isa.

    >>> program = parse("0: subs %w0, %w0, #1\n b.ne 0b", binding={"0": "x9"})
    >>> [i.text for i in program.instructions], program.labels
    (['subs w9, w9, #1', 'b.ne 0b'], (('0', 0),))
    """
    program, errors = check(text, isa, binding)
    if errors:
        raise errors[0]
    return program


def check(
    text: str, isa: str = "a64", binding: Mapping[str, str] | None = None
) -> tuple[Program, list[AssemblyError]]:
    r"""The program of the lines that are sound, and every other line.

    >>> check("sdot v0.4s, v1.16b, v2.16b\nvmull.s8 q0, d0, d1")[1][0].line
    2
    """
    if isa != "a64":
        raise ValueError(f"isa must be 'a64', got {isa!r}")
    errors, labels = list[AssemblyError](), list[tuple[str, int]]()
    lines: list[tuple[int, str]] = []
    for line, statement in statements(text):
        try:
            body = fill(statement, {} if binding is None else binding)
        except ValueError as error:
            errors.append(AssemblyError(line, statement, str(error)))
            continue
        while m := _LABEL.match(body):
            labels.append((m[1], len(lines)))
            body = body[m.end() :]
        lines += [(line, s) for s in _instructions(body)]
    scratch, found = Machine(), []
    for at, (line, statement) in enumerate(lines):
        try:
            i = _instruction(line, statement, at, labels)
            scratch.step(i)
            found.append(i)
        except ValueError as error:
            why = getattr(error, "why", str(error))
            errors.append(AssemblyError(line, statement, why))
    program = Program(tuple(found), tuple(labels))
    return program, sorted(errors, key=lambda e: e.line)


def _instructions(body: str) -> Iterator[str]:
    """The instructions of a statement: one, none, or words of data."""
    body = body.strip()
    name, _, rest = body.partition(" ")
    name = name.lower()
    if name in _DATA:
        for word in rest.split(","):
            yield f"{name} {word.strip()}"
    elif body and not name.startswith(tuple(_PASSED.split())):
        yield body


def _instruction(
    line: int, text: str, at: int, labels: list[tuple[str, int]]
) -> Instruction:
    """One instruction, its labels resolved."""
    name, rest = (*text.split(None, 1), "")[:2]
    name = name.lower()
    if name in _DATA:
        name, rest = (*decode(int(number(rest))).split(None, 1), "")[:2]
    found = tuple(
        _resolved(o, at, labels) if isinstance(o, Word) else o
        for o in operands(rest)
    )
    row = row_of(name, ", ".join(o.form for o in found))
    return Instruction(line, text, found, row)


def _resolved(word: Word, at: int, labels: list[tuple[str, int]]) -> Word:
    """A label with the index of its instruction; -1 where there is none."""
    name, m = word.text, re.fullmatch(r"(\d+)([bf])", word.text)
    if not m:
        targets = [k for label, k in labels if label == name]
    elif m[2] == "b":
        targets = [k for label, k in labels if label == m[1] and k <= at][-1:]
    else:
        targets = [k for label, k in labels if label == m[1] and k > at]
    return replace(word, target=targets[0]) if targets else word
