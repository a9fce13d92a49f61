"""The overflow watch: it changes nothing, and it sees every wrapped lane."""

import numpy as np
import pytest

from qlib.neon import Machine, parse
from tests.core.neon.replay import load, report
from tests.vectors.neon.read import forms

FORMS = {form.text: form for form in forms()}
VECTORS = ["integer", "widen", "shift"]


def lanes(v, dtype):
    """Registers as exact integers.   Shapes: (..., 16) -> (..., lanes)."""
    return np.ascontiguousarray(v).view(dtype).astype(object)


def long(sign, kind, size, upper=False):
    """d +- n m, twice as wide."""

    def true(d, n, m):
        half = slice(8 // size, None) if upper else slice(8 // size)
        p = (
            lanes(n, f"{kind}{size}")[:, half]
            * lanes(m, f"{kind}{size}")[:, half]
        )
        return lanes(d, f"{kind}{2 * size}") + sign * p

    return f"{kind}{2 * size}", true


def same(of, dtype):
    return dtype, lambda d, n, m: of(*(lanes(x, dtype) for x in (d, n, m)))


def pairs(kind, size):
    """d + neighbours of n, twice as wide."""

    def true(d, n, m):
        x = lanes(n, f"{kind}{size}")
        return lanes(d, f"{kind}{2 * size}") + x[:, ::2] + x[:, 1::2]

    return f"{kind}{2 * size}", true


def dot(kind):
    """d + four products of bytes."""

    def true(d, n, m):
        p = lanes(n, f"{kind}1") * lanes(m, f"{kind}1")
        return lanes(d, f"{kind}4") + p.reshape(len(p), 4, 4).sum(axis=2)

    return f"{kind}4", true


def joined(dtype):
    """Neighbours of n, then of m."""

    def true(d, n, m):
        x = np.concatenate([lanes(n, dtype), lanes(m, dtype)], axis=1)
        return x[:, ::2] + x[:, 1::2]

    return dtype, true


TRUE = [  # text, lanes of the result and their true values from d, n, m
    ("smlal v3.8h, v1.8b, v2.8b", long(1, "i", 1)),
    ("smlal2 v3.8h, v1.16b, v2.16b", long(1, "i", 1, True)),
    ("smlsl v3.4s, v1.4h, v2.4h", long(-1, "i", 2)),
    ("umlal v3.4s, v1.4h, v2.4h", long(1, "u", 2)),
    ("umlsl2 v3.2d, v1.4s, v2.4s", long(-1, "u", 4, True)),
    ("sadalp v3.8h, v1.16b", pairs("i", 1)),
    ("uadalp v3.4s, v1.8h", pairs("u", 2)),
    ("sdot v3.4s, v1.16b, v2.16b", dot("i")),
    ("udot v3.4s, v1.16b, v2.16b", dot("u")),
    ("addp v3.4s, v1.4s, v2.4s", joined("i4")),
    ("addp v3.8h, v1.8h, v2.8h", joined("i2")),
    ("mla v3.16b, v1.16b, v2.16b", same(lambda d, n, m: d + n * m, "i1")),
    ("mls v3.4s, v1.4s, v2.4s", same(lambda d, n, m: d - n * m, "i4")),
    ("add v3.4s, v1.4s, v2.4s", same(lambda d, n, m: n + m, "i4")),
    ("sub v3.8h, v1.8h, v2.8h", same(lambda d, n, m: n - m, "i2")),
    ("mul v3.8h, v1.8h, v2.8h", same(lambda d, n, m: n * m, "i2")),
]


@pytest.mark.parametrize("family", VECTORS)
def test_the_watch_changes_no_result(family):
    chosen = [f for f in FORMS.values() if f.family == family]
    wrong = [x for form in chosen for x in report(form, watch=True)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("text", "rule"), TRUE)
def test_every_wrapped_lane_is_seen_with_its_true_value(text, rule):
    dtype, true_of = rule
    pool = FORMS["smlal v3.8h, v1.8b, v2.8b"].before
    machine, *_ = load(pool, False, watch=True)
    info = np.iinfo(dtype)
    machine.v[3, ::3].view(dtype)[:] = info.max
    machine.v[3, 1::3].view(dtype)[:] = info.min
    before, seen = machine.v.copy(), 0
    for step in machine.steps(
        parse(f"{text}\n{text}")
    ):  # bounds unknown, known
        d, n, m = (machine.v[k].copy() for k in (3, 1, 2))
        machine.overflows.clear()
        step()
        true, kept = true_of(d, n, m), lanes(machine.v[3], dtype)
        wrapped = np.argwhere(true != kept)
        assert sum(e.count for e in machine.overflows) == len(wrapped)
        for event in machine.overflows:
            shown = np.stack([event.tiles, event.lanes], axis=1)
            assert np.array_equal(shown, wrapped[:64])
            assert (event.true == true[tuple(shown.T)]).all()
            assert (event.kept == kept[tuple(shown.T)]).all()
        seen += len(wrapped)
    assert seen
    assert (machine.v[4:] == before[4:]).all()


@pytest.mark.parametrize(
    ("of", "width"), [("8h, v1.16b", 8), ("4h, v1.8b", 4)]
)
def test_a_sum_is_seen_where_it_wraps_after_many_that_do_not(of, width):
    code = parse(f"0: sadalp v3.{of}\nsubs x0, x0, #1\nb.ne 0b")
    for times, count in ((129, 0), (130, width)):  # 254 * 129 = 32766
        machine = Machine(2, watch=True)
        machine.v[1] = 127
        machine.x[0] = times
        machine.run(code)
        assert sum(e.count for e in machine.overflows) == 2 * count


def test_what_a_load_brings_is_no_known_bound():
    code = "sadalp v3.8h, v1.16b\nld1 {v3.8h}, [x0]\nsadalp v3.8h, v1.16b"
    machine = Machine(watch=True)
    machine.v[1] = 127
    machine.x[0] = machine.bind(np.full(8, 32600, np.int16))
    machine.run(parse(code))
    assert [e.count for e in machine.overflows] == [8]
    assert str(machine.overflows[0]) == (
        "line 3: sadalp v3.8h, v1.16b: v3.h[0] of tile 0 is 32854, "
        "kept as -32682; 8 lanes"
    )
