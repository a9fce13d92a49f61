"""Mutants of the instruction table, made by rule; which states kill them?

    python -m tests.core.neon.table_mutants        survivors of the table
    python -m tests.core.neon.table_mutants smlal  of one mnemonic

A mutant changes all rows of one mnemonic.  It is killed by the first
recorded form of that mnemonic whose states it does not reproduce.
"""

import re
import sys
import types
from collections import defaultdict
from dataclasses import replace
from functools import partial

import numpy as np

from qlib.neon import scalars, vector
from qlib.neon.table import TABLE
from qlib.neon.views import clamp
from tests.core.neon.replay import report
from tests.vectors.neon.read import forms


def one_more(of, *xs):
    """The last lane is one more."""
    x = np.array(of(*xs))
    x[..., -1] = x[..., -1] + x.dtype.type(1)
    return x


def turned(of, *xs):
    """Lanes move by one."""
    return np.roll(of(*xs), 1, axis=-1)


def exchanged(of, *xs):
    """The last two sources change places."""
    return of(*xs[:-2], xs[-1], xs[-2])


def repeated(of, *xs):
    """The first source stands in the place of all."""
    return of(*[xs[0]] * len(xs))


def clamped(dtype, of, *xs):
    """Saturated before QC is looked at."""
    return clamp(of(*xs), dtype)[0]


def constants(of):
    """The function with one integer constant of its code changed."""
    code = getattr(of, "__code__", None)
    for k, c in enumerate(code.co_consts if code else ()):
        if type(c) is int:
            consts = (*code.co_consts[:k], c + 1, *code.co_consts[k + 1 :])
            code_ = code.replace(co_consts=consts)
            rest = of.__globals__, of.__name__, of.__defaults__, of.__closure__
            yield f"{c} is {c + 1}", types.FunctionType(code_, *rest)


def lane_mutants(build):
    """(what changed, build) of a row that maps lanes."""
    meaning, roles, lanes, mark = build.args
    of, kinds = meaning.of, meaning.kinds
    exact = "f" not in kinds

    def mutant(what, mark=mark, **how):
        new = replace(meaning, **how)
        return what, partial(build.func, new, roles, lanes, mark)

    flipped = kinds.translate(str.maketrans("iu", "ui"))
    if flipped != kinds:
        yield mutant("other signs", kinds=flipped)
        if meaning.saturates:
            yield mutant("other limits", kinds=flipped[0] + kinds[1:])
    if mark:
        yield mutant("other half", mark="")
    if meaning.saturates:
        dtype = f"{kinds[0]}{vector.SIZES[lanes[0][-1]]}"
        yield mutant("wraps", saturates=False)
        yield mutant("no QC", of=partial(clamped, dtype, of))
    elif exact and "N" in roles:
        yield mutant("saturates", saturates=True)
    if exact and not meaning.saturates:
        for into in {None, np.add, np.subtract} - {meaning.into}:
            yield mutant(f"into {into and into.__name__}", into=into)
    for change in (one_more, turned):
        yield mutant(change.__name__, of=partial(change, of))
    if len(roles) - 1 + meaning.reads > 1:
        for change in (exchanged, repeated):
            yield mutant(change.__name__, of=partial(change, of))
    for what, f in constants(of):
        yield mutant(what, of=f)


def flagged(bit, of, *xs):
    """One flag is wrong."""
    value, nzcv = of(*xs)
    return value, nzcv ^ bit


def next_number(of, *xs):
    """The result is one more."""
    found = of(*xs)
    return (found[0] + 1, found[1]) if type(found) is tuple else found + 1


def scalar_mutants(build):
    """(what changed, build) of a row on x and w registers."""
    of, flags, _, silent, *rest = build.args

    def mutant(what, new):
        args = flags, False, silent, *rest
        return what, partial(build.func, new, *args)

    if not silent:
        yield mutant("one more", partial(next_number, of))
    for bit in (8, 4, 2, 1) if flags else ():
        yield mutant(f"flag {bit}", partial(flagged, bit, of))
    for what, f in constants(of):
        yield mutant(what, f)


def mutants(name):
    """{what: rows} of a mnemonic."""
    found = defaultdict(dict)
    for form, row in TABLE[name].items():
        func = getattr(row.build, "func", None)
        if func is vector._build:
            made = lane_mutants(row.build)
        elif func is scalars._build:
            made = scalar_mutants(row.build)
        else:
            continue
        for what, build in made:
            key = f"{row.meaning.__name__}: {what}"
            found[key][form] = replace(row, build=build)
    return found


def survivors(pattern=""):
    """(mutants, those that no state kills)."""
    known = defaultdict(list)
    for form in forms():
        if "\n" not in form.text:
            known[form.text.split()[0].lower()].append(form)
    count, alive = 0, []
    for name in sorted(TABLE):
        if not re.match(pattern, name) or name.startswith("("):
            continue
        for what, rows in mutants(name).items():
            sound, count = TABLE[name], count + 1
            TABLE[name] = sound | rows
            with np.errstate(all="ignore"):
                killed = any(map(dies, known[name]))
            TABLE[name] = sound
            if not killed:
                alive.append(f"{name}: {what}")
    return count, alive


def dies(form):
    """Whether a form differs, or cannot be computed any more."""
    try:
        return bool(report(form))
    except Exception:
        return True


if __name__ == "__main__":
    total, left = survivors(*sys.argv[1:])
    print("\n".join(left), f"\n{len(left)} of {total} survive")
