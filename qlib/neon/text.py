"""Assembler text as kernels carry it: statements without comments.

    /* */  //  @  and a `#` that is no immediate    are comments
    ;                                               ends a statement
    "ld1 {v0.8b}, [%0], #8 \\n"                      a C string, unquoted

Templates of GCC (`%0`, `%w4`, `%[name]`) are filled from a binding.

Source: GNU as manual, sections 3.3 and 9.1; GCC manual, section 6.47.2.
Chapter: neon
"""

import re
from collections.abc import Iterator, Mapping


class AssemblyError(ValueError):
    """A line that is not what the simulator can run: number, text, why.

    >>> print(AssemblyError(3, "smull v0", "smull takes 3 operands"))
    line 3: smull v0: smull takes 3 operands
    """

    def __init__(self, line: int, text: str, why: str) -> None:
        super().__init__(f"line {line}: {text.strip()}: {why}")
        self.line, self.text, self.why = line, text.strip(), why


_BLOCK = re.compile(r"/\*.*?\*/", re.S)
_IMMEDIATE = re.compile(r"([,\[(]|\b(?:lsl|lsr|asr|ror|msl|[su]xt[bhwx]))\s*$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OPERANDS = re.compile(
    r"(?:[\w.$]+:\s*)*[a-z][a-z0-9.]*\s+[%{\[#]?[%a-z]*\[?\d", re.I
)
_TEMPLATE = re.compile(r"%(%|=|([a-z]?)(\d+|\[\w+\]))")


def statements(text: str) -> Iterator[tuple[int, str]]:
    r"""Line numbers and statements, comments gone.

    >>> list(statements("0: nop // wait\nadd x0, x0, #4 # next; ret"))
    [(1, '0: nop'), (2, 'add x0, x0, #4')]
    """
    text = _BLOCK.sub(lambda m: " " + "\n" * m[0].count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith('"'):
            line = "".join(_STRING.findall(line))
            line = re.sub(r"\\n", "\n", line).replace("\\t", " ")
        for part in line.split("\n"):
            yield from ((number, s) for s in _split(part))


def fill(text: str, binding: Mapping[str, str]) -> str:
    """A statement with its GCC templates replaced.

    Raises: ValueError for an operand that the binding lacks.

    >>> fill("dup v0.4s, %w2", {"2": "x7"})
    'dup v0.4s, w7'
    """

    def register(m: re.Match[str]) -> str:
        if not m[3]:
            return "%" if m[1] == "%" else "0"
        name = m[3].strip("[]")
        if name not in binding:
            raise ValueError(f"operand %{m[3]} must be bound, got no register")
        value = str(binding[name])
        return m[2] + value[1:] if m[2] else value

    return _TEMPLATE.sub(register, text)


def _split(line: str) -> Iterator[str]:
    """The statements of one line; words after a `;` may be a comment."""
    for n, part in enumerate(_uncomment(line).split(";")):
        part = part.strip()
        words = n and not _OPERANDS.match(part) and len(part.split()) > 1
        if part and not words:
            yield part


def _uncomment(line: str) -> str:
    """The line up to the first comment sign."""
    for m in re.finditer(r"//|@|#", line):
        before = line[: m.start()]
        if m[0] != "#" or not _IMMEDIATE.search(before.lower()):
            return before
    return line
