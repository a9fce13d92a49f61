"""No float in `run`: the refusing type refuses, runs every op, and catches.

The type first, with floats planted in every way in; then every op; then a
float planted at every place of every kernel where an array is made.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from qlib.int8.program import lower, run
from qlib.requant import multiply
from tests.core.int8.nets import NETS, codes
from tests.core.int8.no_float import (
    ON_DEVICE,
    FloatRefused,
    Guard,
    NoFloat,
    armed,
    guarded,
    without_floats,
)

WAYS_IN = {
    "a number": lambda q: q * 0.5,
    "a number on the left": lambda q: 0.5 * q,
    "a scalar of numpy": lambda q: q + np.float32(1),
    "an array": lambda q: q + np.ones(4),
    "an array on the left": lambda q: np.ones(4) + q,
    "a quotient": lambda q: q / 2,
    "in place": lambda q: q.__imul__(0.5),
    "out": lambda q: np.add(q, 1, out=np.empty(4)),
    "out, in another's place": lambda q: np.add(
        np.zeros(4, int), q, np.empty(4)
    ),
    "a ufunc's dtype": lambda q: np.add(q, 1, dtype=float),
    "a ufunc's result": np.sqrt,
    "reduce": lambda q: np.add.reduce(q, dtype=np.float64),
    "a reduction's start": lambda q: np.sum(q, initial=0.5),
    "accumulate": lambda q: np.add.accumulate(q, dtype="f4"),
    "where": lambda q: np.where(q > 0, q, 0.5),
    "mean": np.mean,
    "the method mean": lambda q: q.mean(),
    "the method std": lambda q: q.std(),
    "einsum": lambda q: np.einsum("i,i", q, np.ones(4)),
    "einsum's dtype": lambda q: np.einsum("i,i", q, q, dtype=float),
    "dot": lambda q: np.dot(q, np.ones(4)),
    "the method dot": lambda q: q.dot(np.ones(4)),
    "matmul": lambda q: np.ones(4) @ q,
    "pad": lambda q: np.pad(q, 1, constant_values=0.5),
    "concatenate": lambda q: np.concatenate([q, np.ones(4)]),
    "stack": lambda q: np.stack((np.ones(4), q)),
    "clip": lambda q: q.clip(0, 1.5),
    "full_like": lambda q: np.full_like(q, 1, dtype=float),
    "zeros_like": lambda q: np.zeros_like(q, np.float16),
    "astype": lambda q: q.astype(float),
    "astype by letter": lambda q: q.astype("d"),
    "astype by dtype": lambda q: q.astype(np.dtype("float32")),
    "view": lambda q: q.view(np.float64),
    "another dtype": lambda q: setattr(q, "dtype", np.float64),
    "complex": lambda q: q * 1j,
    "float()": lambda q: float(q[0]),
    "complex()": lambda q: complex(q[0]),
    "an item's": lambda q: q[0] * 0.5,
    "stored": lambda q: q.__setitem__(0, 0.5),
    "an array stored": lambda q: q.__setitem__(slice(None), np.ones(4)),
    "an index": lambda q: q[np.ones(4)],
    "interp": lambda q: np.interp(q, q, q),
    "linalg": lambda q: np.linalg.norm(q),
}
MADE = {
    "array": lambda np, q: np.array(q, float),
    "asarray": lambda np, q: np.asarray(q, np.float64),
    "a list": lambda np, q: np.array([0.5]),
    "zeros": lambda np, q: np.zeros(4),
    "empty, to be filled": lambda np, q: np.empty(4).__setitem__(0, q[0]),
    "ones": lambda np, q: np.ones(4),
    "full": lambda np, q: np.full(4, 0.5),
    "linspace": lambda np, q: np.linspace(0, 1, 4),
    "the type": lambda np, q: np.float32(q),
    "rint": lambda np, q: np.rint(q),
    "a ufunc's method": lambda np, q: np.multiply.outer(q, 0.5),
    "pi": lambda np, q: q * np.pi,
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_planted_float_is_refused(way):
    q = guarded(np.arange(4))
    with pytest.raises(FloatRefused):
        WAYS_IN[way](q)


@pytest.mark.parametrize("way", MADE)
def test_the_guard_makes_no_float(way):
    with pytest.raises(FloatRefused):
        MADE[way](Guard(), guarded(np.arange(4)))


def test_integers_pass_and_what_they_become_refuses_too():
    q, np_ = guarded(np.arange(-4, 4, dtype=np.int8)), Guard()
    made = [
        q + 1, q << 3, q // 2, -q, abs(q), q > 0, q @ q, q[0], q[1:], q[q > 0],
        q.sum(), q.max(), q.clip(0, 1), q.astype(np.int64), q.reshape(2, 4),
        np.einsum("i,i->i", q, q), np.pad(q, 1), np.concatenate([q, q]),
        np.add(q, 1, out=q), np.where(q > 0, q, 0), q.copy(), q.T,
        np_.zeros(3, int), np_.asarray(q), np_.asarray([1, 2]), np_.abs(q),
        np_.broadcast_to(1, 3), np_.arange(3), np_.add.reduce(q),
    ]  # fmt: skip
    assert {type(a) for a in made} == {NoFloat}
    for a in made:
        with pytest.raises(FloatRefused):
            a * 1.0


def case(name, seed=0):
    rng = np.random.default_rng(seed)
    net = NETS[name](rng)
    return net, lower(net), codes(rng, net)


@pytest.mark.parametrize("name", NETS)
def test_every_op_runs_on_the_refusing_type(name, monkeypatch):
    net, program, x = case(name)
    want = run(net, program, x)
    without_floats(monkeypatch)
    got = run(net, armed(program), guarded(x))
    for tensor, q in want.items():
        assert type(got[tensor]) is NoFloat
        np.testing.assert_array_equal(got[tensor].view(np.ndarray), q)


def planted(function, place, hits, patch):
    """The function, with its place-th value that is assigned or returned
    multiplied by 1.0 if it is an array; None if there is no such place."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    holders = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return
    found = [n for n in ast.walk(tree) if isinstance(n, holders)]
    if place >= len(found):
        return None
    node = found[place]
    name = ast.Name("_plant", ast.Load())
    node.value = ast.Call(name, [node.value], [])

    def plant(value):
        hits.append(isinstance(value, np.ndarray))
        return value * 1.0 if hits[-1] else value

    made, code = {}, compile(ast.fix_missing_locations(tree), "p", "exec")
    patch.setitem(function.__globals__, "_plant", plant)
    exec(code, function.__globals__, made)
    return made[function.__name__]


KERNELS = sorted(
    {
        (step.kernel.__name__, name)
        for name in NETS
        for step in lower(NETS[name](np.random.default_rng(0)))
    }
)


def catches(net, program, x, change, function, monkeypatch):
    """At how many places of a function a planted float was an array's."""
    want, caught, place = run(net, program, x), 0, 0
    while True:
        with monkeypatch.context() as patch:
            hits = []
            other = planted(function, place, hits, patch)
            if other is None:
                return caught
            changed = change(other)
            without_floats(patch)
            try:
                got = run(net, armed(changed), guarded(x))[net.output]
            except FloatRefused:
                assert hits[-1]
                caught += 1
            else:
                assert not any(hits)
                np.testing.assert_array_equal(got, want[net.output])
        place += 1


@pytest.mark.parametrize(("kernel", "name"), KERNELS)
def test_a_float_planted_anywhere_in_a_kernel_is_caught(
    kernel, name, monkeypatch
):
    net, program, x = case(name)
    function = next(
        step.kernel for step in program if step.kernel.__name__ == kernel
    )

    def change(other):
        return tuple(
            replace(step, kernel=other) if step.kernel is function else step
            for step in program
        )

    assert catches(net, program, x, change, function, monkeypatch) > 0


SHARED = [  # where what every layer calls is looked up
    "qlib.int8.step.to_codes",
    "qlib.int8.conv.padded",
    "qlib.int8.conv.windows",
    "qlib.requant._high",
    "qlib.requant._shifted_left",
    "qlib.requant._int32",
    "qlib.requant._shift_away",
    "qlib.requant.as_code",
    "qlib.int8.program.as_code",
]


@pytest.mark.parametrize("place", SHARED)
def test_a_float_planted_in_what_every_layer_calls_is_caught(
    place, monkeypatch
):
    net, program, x = case("conv", 1)
    module, _, name = place.rpartition(".")
    function = getattr(importlib.import_module(module), name)

    def change(other):
        monkeypatch.setattr(place, other)
        return program

    assert catches(net, program, x, change, function, monkeypatch) > 0


def test_a_float_planted_in_multiply_is_caught(monkeypatch):
    net, program, x = case("conv")

    def change(other):
        out = replace(program[0].out, scale_by=other)
        return (replace(program[0], out=out),)

    assert catches(net, program, x, change, multiply, monkeypatch) == 2


def numbers(thing):
    """Every number and array in a program, however deep."""
    if is_dataclass(thing):
        for field in fields(thing):
            yield from numbers(getattr(thing, field.name))
    elif isinstance(thing, tuple):
        for each in thing:
            yield from numbers(each)
    elif isinstance(thing, Mapping):
        yield from numbers(tuple(thing.values()))
    elif not callable(thing) and not isinstance(thing, str | np.dtype):
        yield thing


@pytest.mark.parametrize("name", NETS)
def test_a_program_holds_integers_only(name):
    found = [*numbers(lower(NETS[name](np.random.default_rng(1))))]
    assert all(
        isinstance(n, int) or n is None or n.dtype.kind == "i" for n in found
    )
    assert len(found) > 0 or name == "flatten"


@pytest.mark.parametrize("name", [n for n in ON_DEVICE if "net" not in n])
def test_the_source_of_what_runs_there_has_no_float(name):
    tree = ast.parse(inspect.getsource(importlib.import_module(name)))
    for node in ast.walk(tree):
        assert not isinstance(getattr(node, "value", None), float)
        if name != "qlib.arrays":
            assert not isinstance(getattr(node, "op", None), ast.Div)
            assert getattr(node, "attr", "") not in ("float32", "float64")
            assert getattr(node, "id", "") != "float"
