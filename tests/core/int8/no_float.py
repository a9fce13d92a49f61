"""An array that refuses floats, and a numpy that makes only such arrays.

`NoFloat` raises `FloatRefused` when a float meets it: as the other operand,
as `out=` or `dtype=`, in a function of numpy, as a value to be stored, as a
dtype to be cast to, as a result.  It cannot see `np.array(q, float)` nor
`np.empty(3)[:] = q`, where numpy does not ask it; so `without_floats` puts
`Guard` into the modules that run on the device, in the place of numpy: all
that it makes is a NoFloat, or refused.
"""

import importlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

ON_DEVICE = [
    "qlib.int8.conv",
    "qlib.int8.pointwise",
    "qlib.int8.pool",
    "qlib.int8.program",
    "qlib.int8.step",
    "qlib.requant",
    "qlib.net.window",
    "qlib.arrays",
]
FLOATS = {  # their names, such as "f8"
    name
    for name, kind in np.sctypeDict.items()
    if isinstance(name, str) and issubclass(kind, np.inexact)
}


class FloatRefused(TypeError):
    """A float came near."""


class NoFloat(np.ndarray):
    """Integers and booleans, and nothing else."""

    def __array_finalize__(self, source):
        refuse(self.dtype)

    def __array_ufunc__(self, ufunc, method, *xs, out=(), **words):
        refuse((xs, out, words))
        if out:
            words["out"] = tuple(map(plain, out))
        made = getattr(ufunc, method)(*map(plain, xs), **plain(words))
        return out[0] if len(out) == 1 else guarded(made)

    def __array_function__(self, function, types, args, words):
        refuse((args, words))
        return guarded(function(*plain(args), **plain(words)))

    def __getitem__(self, key):
        refuse(key)
        return guarded(super().__getitem__(plain(key)))

    def __setitem__(self, key, value):
        refuse((key, value))
        super().__setitem__(plain(key), plain(value))

    def view(self, *types):
        refuse(types)
        return super().view(*types)

    def __setattr__(self, name, value):
        refuse(value)
        super().__setattr__(name, value)

    def __float__(self):
        raise FloatRefused("float() of an array")

    def __complex__(self):
        raise FloatRefused("complex() of an array")


class Guard:
    """numpy, for a module on the device."""

    def __init__(self, of=np):
        self._of = of

    def __getattr__(self, name):
        thing = (
            getattr(np, name) if self._of is np else getattr(self._of, name)
        )
        refuse(thing)
        if isinstance(thing, type) or not callable(thing):
            return thing
        return Guard(thing)

    def __call__(self, *args, **words):
        refuse((args, words))
        return guarded(self._of(*args, **words))


def refuse(thing):
    """Raise if there is a float, or the type of one, in it."""
    match thing:
        case np.ndarray() | np.generic():
            refuse(thing.dtype)
        case np.dtype() if thing.kind in "fc":
            raise FloatRefused(f"dtype {thing}")
        case float() | complex():
            raise FloatRefused(f"the number {thing}")
        case type() if issubclass(thing, float | complex | np.inexact):
            raise FloatRefused(f"the type {thing.__name__}")
        case str() if thing.lstrip("<>=") in FLOATS:
            raise FloatRefused(f"the dtype {thing!r}")
        case tuple() | list():
            for each in thing:
                refuse(each)
        case Mapping():
            refuse([*thing.values()])


def guarded(thing):
    """Arrays in it become NoFloat; floats in it are refused."""
    refuse(thing)
    match thing:
        case np.ndarray() | np.generic():
            return np.asarray(thing).view(NoFloat)
        case tuple() | list():
            return type(thing)(map(guarded, thing))
    return thing


def armed(program):
    """A program whose arrays refuse floats."""
    return tuple(
        replace(step, ints={n: guarded(a) for n, a in step.ints.items()})
        for step in program
    )


def plain(thing):
    """NoFloat becomes an array again, for numpy to work on."""
    match thing:
        case NoFloat():
            return thing.view(np.ndarray)
        case tuple() | list():
            return type(thing)(map(plain, thing))
        case dict():
            return {name: plain(each) for name, each in thing.items()}
    return thing


def without_floats(monkeypatch):
    """From now on every module on the device makes NoFloat arrays only."""
    for name in ON_DEVICE:
        module = importlib.import_module(name)
        if hasattr(module, "np"):
            monkeypatch.setattr(module, "np", Guard())
