"""Every small mistake that can be made in a source, one at a time."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS = {  # operator -> what may have been typed instead
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
PAIRS = [
    "minimum maximum",
    "min max",
    "any all",
    "argmin argmax",
    "floor ceil",
    "zeros ones",
    "qmin qmax",
    "rmin rmax",
    "first last",
    "int64 int32",
    "float64 float32",
    "int8 uint8",
    "uint16 int16",
]
NAMES = {a: b for p in PAIRS for a, b in (p.split(), p.split()[::-1])}
DROPPED = {  # f(x, ...) or x.f(...) -> x
    *("abs", "absolute", "sign", "rint", "floor", "ceil", "trunc", "round"),
    *("sorted", "reversed", "int", "float", "asarray", "array", "clip"),
    *("ascontiguousarray", "astype", "copy", "ravel", "cumsum"),
}
COMMUTING = {
    *("min", "max", "minimum", "maximum", "add", "multiply", "gcd", "lcm"),
    *("array_equal", "logical_and", "logical_or"),
    *("bitwise_and", "bitwise_or", "bitwise_xor"),
}


@dataclass(frozen=True)
class Mutant:
    """A source with one mistake: the lines that changed, before and after."""

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source, in the order of its lines."""
    found = {}
    for node in nodes(ast.parse(source)):
        for place, words in changes(node):
            mutant = splice(source, place, words)
            if mutant and mutant.source not in found:
                found[mutant.source] = mutant
    yield from sorted(found.values(), key=lambda m: m.line)


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that compute: no types, no imports, no messages."""
    yield tree
    for name, field in ast.iter_fields(tree):
        if name in ("annotation", "returns", "type_comment"):
            continue
        for node in field if isinstance(field, list) else [field]:
            strange = ast.JoinedStr | ast.Import | ast.ImportFrom
            if isinstance(node, ast.AST) and not isinstance(node, strange):
                yield from nodes(node)


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What to write in the place of a node, or of a part of it."""
    if isinstance(node, ast.expr):
        for other in expressions(node):
            yield node, ast.unparse(other)
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            yield from denied(node.test)
        case ast.match_case(guard=ast.expr() as guard):
            yield from denied(guard)
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield node, "pass"
        case ast.AugAssign():
            yield node, "pass"
            for op in SWAPS[type(node.op)]:
                yield node, ast.unparse(but(node, op=op()))
        case ast.Break():
            yield node, "continue"
        case ast.Continue():
            yield node, "break"


def denied(test: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """The opposite, where no other change already says it."""
    match test:
        case ast.Compare(ops=[_]) | ast.UnaryOp(op=ast.Not()):
            return
    yield test, ast.unparse(ast.UnaryOp(ast.Not(), test))


def expressions(node: ast.expr) -> Iterator[ast.expr]:
    """What may have been meant for an expression."""
    match node:
        case ast.BinOp() | ast.BoolOp():
            for op in SWAPS[type(node.op)]:
                yield but(node, op=op())
        case ast.Compare(ops=ops):
            for i, old in enumerate(ops):
                for op in SWAPS[type(old)]:
                    yield but(node, ops=[*ops[:i], op(), *ops[i + 1 :]])
        case ast.UnaryOp():
            yield node.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        case ast.Attribute() if node.attr in NAMES:
            yield but(node, attr=NAMES[node.attr])
        case ast.Name() if node.id in NAMES:
            yield but(node, id=NAMES[node.id])
        case ast.Call():
            yield from calls(node)


def calls(node: ast.Call) -> Iterator[ast.expr]:
    """Arguments swapped or left out, and the call itself left out."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            pass
        case _:
            name = ""
    args, words = node.args, node.keywords
    if len(args) > 1 and name not in COMMUTING:
        yield but(node, args=[args[1], args[0], *args[2:]])
    for i in range(len(words)):
        yield but(node, keywords=words[:i] + words[i + 1 :])
    if name in DROPPED:
        match node.func:
            case ast.Attribute(value=ast.Name(id="np" | "math")) | ast.Name():
                yield from args[:1]
            case ast.Attribute(value=x):
                yield x


def but(node, **fields):
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def splice(source: str, node: ast.AST, words: str) -> Mutant | None:
    """The source with words where the node stood, if that says another."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno
    head = lines[first][: node.col_offset].decode()
    tail = lines[last - 1][node.end_col_offset :].decode()
    above = b"".join(lines[:first]).decode()
    old = b"".join(lines[first:last]).decode()
    below = b"".join(lines[last:]).decode()
    guarded = parsed(above + head + f"({words})" + tail + below)
    plain = parsed(above + head + words + tail + below)
    if isinstance(node, ast.expr) and guarded != plain:
        words, plain = f"({words})", guarded
    if plain in (None, parsed(source)):
        return None
    new = head + words + tail
    return Mutant(first + 1, flat(old), flat(new), above + new + below)


def parsed(source: str) -> str | None:
    """What a source says, however it is spelled; None where it is none."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return None


def flat(text: str) -> str:
    """Lines of a source on one line."""
    return " ".join(text.split())
