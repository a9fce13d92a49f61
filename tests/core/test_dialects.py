"""The table of dialects: what it names is there, and tells engines apart."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from qlib.int8 import rescale
from qlib.int8.dialects import DIALECTS
from qlib.qparams import QParams

ROOT = Path(__file__).parents[2]
RULES = {
    f
    for name, f in inspect.getmembers(rescale, inspect.isfunction)
    if f.__module__ == rescale.__name__ and name[0] != "_"
}


def test_every_rule_has_an_engine_and_every_engine_a_rule():
    assert {d.rescale for d in DIALECTS} == RULES


def test_no_row_stands_twice():
    rows = [(d.engine, d.version, d.operators) for d in DIALECTS]
    assert len(rows) == len({*rows})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_row_of_make_test_names_a_test_that_runs_this_rule(dialect):
    inside = dialect.source.startswith("tests/")
    assert inside == (dialect.known == "make test")
    if inside:
        text = (ROOT / dialect.source).read_text(encoding="utf-8")
        assert dialect.rescale.__name__ in text


def codes(dialect, acc, S_x, S_y, Z=0):
    """What this engine makes of acc Sx / Sy, on each of its grids."""
    for grid in dialect.activations:
        qp = QParams(S_y, Z, grid)
        yield dialect.rescale(np.array(acc), S_x, 1.0, S_y, qp)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_engines_agree_but_where_two_roundings_add_up(dialect):
    two = dialect.rescale.__name__.startswith("two_roundings")
    for q in codes(dialect, [0, 1, 2, 7, 100], 0.3, 1.0):
        assert q.tolist() == [0, int(two), 1, 2, 30]  # 0.3 -> 1/2 -> 1


# acc / 4, without a clamp in the way: the rule by hand, from its name.
QUARTERS = {
    "two_roundings": [1, 1, 1, 1, 2, 2, 2, 2],
    "two_roundings_ties_up": [1, 1, 1, 1, 2, 2, 2, 2],
    "one_rounding": [0, 1, 1, 1, 1, 2, 2, 2],
    "float64_half_away": [0, 1, 1, 1, 1, 2, 2, 2],
    "float32_half_even": [0, 0, 1, 1, 1, 2, 2, 2],
    "float32_reciprocal": [0, 0, 1, 1, 1, 2, 2, 2],
    "float32_half_even_after_z": [0, 0, 1, 1, 1, 2, 2, 2],
    "float32_half_away": [0, 1, 1, 1, 1, 2, 2, 2],
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_quarters_show_which_way_ties_go(dialect):
    for q in codes(dialect, np.arange(1, 9), 0.25, 1.0):
        assert q.tolist() == QUARTERS[dialect.rescale.__name__]


def test_an_odd_zero_point_turns_the_ties_of_one_engine():
    for dialect in DIALECTS:
        after_z = dialect.rescale is rescale.float32_half_even_after_z
        for q in codes(dialect, [2, 6], 0.25, 1.0, Z=1):
            even = "half_even" in dialect.rescale.__name__
            if after_z:
                assert q.tolist() == [2, 2]
            elif even:
                assert q.tolist() == [1, 3]
