"""From text to operands.

    "v0.4s, {v1.16b}, [x2], #16" -> Vector, Vectors, Address

Source: GNU as manual; Arm Architecture Reference Manual, section C1.2.
Chapter: neon
"""

import ast
import math
import operator
import re
from collections.abc import Callable
from itertools import pairwise

from qlib.neon import operands as op

_EXTENDS = "lsl lsr asr ror msl uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx"


def operands(text: str) -> tuple[op.Operand, ...]:
    """The operands of an instruction; what follows `[x0],` belongs to it.

    Raises: ValueError for text that is no operand.

    >>> [o.form for o in operands("{v0.8b}, [x0], #8")]
    ['{V.8b x1}', '[X], #']
    """
    found: list[op.Operand] = []
    for part in _parts(text):
        last, now = found[-1] if found else None, operand(part)
        if isinstance(last, op.Address) and not last.writeback:
            found[-1] = op.Address(last.base, last.inner, now, True)
        else:
            found.append(now)
    return tuple(found)


def operand(text: str) -> op.Operand:
    """One operand.   Raises: ValueError for text that is none.

    >>> operand("xzr")
    Register(form='X', number=31)
    """
    text = text.strip()
    low = re.sub(r"\s+", " ", text.lower())
    for read in (_register, _vector, _list, _address, _shift, _immediate):
        found = read(low)
        if found is not None:
            return found
    word = op.ALIASES.get(low, low)
    if word in op.CONDITIONS.split():
        return op.Word(word, "cc")
    if re.fullmatch(r"p(ld|li|st)l[123](keep|strm)", word):
        return op.Word(word, "prfop")
    if re.fullmatch(r"[\w.$]+", text):
        return op.Word(text, "L")
    raise ValueError(f"an operand must be A64 syntax, got {text!r}")


def number(text: str) -> int | float:
    """A constant expression of GNU as: + - * / << >> & | ~ and brackets.

    >>> number("-0x10"), number("1.5e1"), number("(1 << 4) - 1"), number("010")
    (-16, 15.0, 15, 8)
    """
    text = text.strip().removeprefix("#").strip()
    try:
        if not _CONSTANT.fullmatch(text):
            raise SyntaxError
        text = re.sub(r"(?<![\w.])0(?=\d+(?![\w.]))", "0o", text)
        value = _value(ast.parse(text, mode="eval").body)
        return value if math.isfinite(value) else int(value)
    except _NOT_CONSTANT as error:
        raise ValueError(f"a number must be constant, got {text!r}") from error


_NOT_CONSTANT = SyntaxError, TypeError, ValueError, KeyError, ArithmeticError
_CONSTANT = re.compile(r"[0-9a-fA-FxX.()+\-*/<>&|~ \t]{1,99}")
_INFIX: dict[type, Callable[..., int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.LShift: lambda a, b: a << min(b, 64),
    ast.RShift: operator.rshift,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def _value(node: ast.expr) -> int | float:
    """The value of a constant expression; others lack an attribute."""
    match node:
        case ast.Constant(value=int() | float() as n):
            return n
        case ast.UnaryOp(op=op, operand=a):
            return _INFIX[type(op)](_value(a))
        case ast.BinOp(left=a, op=op, right=b):
            return _INFIX[type(op)](_value(a), _value(b))
    raise SyntaxError


def _parts(text: str) -> list[str]:
    """Operands between the commas outside of brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "[{(") - (c in ")}]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts if text.strip() else []


def _register(text: str) -> op.Register | None:
    """x0-x30, w0-w30, b h s d q 0-31, sp, wsp, xzr, wzr, fp, lr."""
    named = {"sp": ("SP", 31), "wsp": ("WSP", 31), "xzr": ("X", 31)}
    named |= {"wzr": ("W", 31), "fp": ("X", 29), "lr": ("X", 30)}
    if text in named:
        return op.Register(*named[text])
    m = re.fullmatch(r"([xwbhsdq])([12]?\d|3[01])", text)
    if not m or (m[1] in "xw" and m[2] == "31"):
        return None
    return op.Register(m[1].upper(), int(m[2]))


_V = r"v([12]?\d|3[01])"
_LANE = r"\[\s*(\d+)\s*\]"


def _vector(text: str) -> op.Vector | op.Element | None:
    """v3.8h, v3.h[2], v1.4b[2]; v3.8h[2] is read as v3.h[2]."""
    sizes = "(?:8|16|4)?b|[248]?h|[24]?s|[12]?d"
    m = re.fullmatch(rf"{_V}\.({sizes})\s*(?:{_LANE})?", text)
    if not m:
        return None
    if m[3] is None:
        return op.Vector(int(m[1]), m[2])
    lanes = m[2] if m[2] in ("4b", "2h") else m[2][-1]
    return op.Element(int(m[1]), lanes, int(m[3]))


def _list(text: str) -> op.Vectors | None:
    """{v0.16b, v1.16b}, {v0.16b-v3.16b}, {v0.s}[1]."""
    m = re.fullmatch(rf"\{{(.*)\}}\s*(?:{_LANE})?", text)
    if not m:
        return None
    index = None if m[2] is None else int(m[2])
    ends = [_vector(v.strip()) for v in re.split("[,-]", m[1])]
    if not all(isinstance(v, op.Vector) for v in ends):
        return None
    first, numbers = ends[0], [v.number for v in ends if v]
    if "-" in m[1]:
        count = (numbers[-1] - numbers[0]) % 32 + 1
        numbers = [(numbers[0] + k) % 32 for k in range(count)]
    same = all(v and v.lanes == first.lanes for v in ends if first)
    consecutive = all((b - a) % 32 == 1 for a, b in pairwise(numbers))
    if not (first and same and consecutive and len(numbers) <= 4):
        raise ValueError(
            f"a list must be 1 to 4 consecutive registers, got {text}"
        )
    return op.Vectors(tuple(numbers), first.lanes, index)


def _address(text: str) -> op.Address | None:
    """[x0], [x0, #16], [x0, x1, lsl #3], [x0, w1, uxtw], [x0, #16]!."""
    m = re.fullmatch(r"\[(.*)\]\s*(!?)", text)
    if not m:
        return None
    base, *inner = (operand(part) for part in _parts(m[1]))
    match base:
        case op.Register(form="SP") | op.Register(form="X", number=0 | int()):
            if base != op.Register("X", 31):
                return op.Address(base.number, tuple(inner), None, bool(m[2]))
    raise ValueError(f"a base must be an X register or sp, got {text}")


def _shift(text: str) -> op.Shift | None:
    """lsl #2, uxtw, sxtw #1."""
    m = re.fullmatch(r"([a-z]+)(?: ?(#.+| \S+))?", text)
    if not m or m[1] not in _EXTENDS.split():
        return None
    amount = number(m[2]) if m[2] else 0
    return op.Shift(m[1], int(amount), f"{m[1]} #" if m[2] else m[1])


def _immediate(text: str) -> op.Immediate | None:
    """#4, 4, -4, #0x10, #(2 * 8)."""
    if re.match(r"#|[-+~(]|\d+(?![\dbf]*[bf]$)|0x", text):
        return op.Immediate(number(text))
    return None
