"""Do the tests notice a mistake?  Make mistakes mechanically, and see.

    PY=.venv/bin/python
    $PY -m tests.mutants qlib/requant.py -- tests/core/test_requant.py
    $PY -m tests.mutants qlib/int8/*.py --jobs 1 -- tests/core tests/oracles
    $PY -m tests.mutants qlib/affine.py --preload torch -- tests/oracles

Each mutant is one file of the list with one change: an operator, a
comparison, a constant plus or minus one, a bound, min for max, a removed
`not`, swapped arguments, a dropped call, a dropped `raise`, another dtype
(`mutate.py` has them all).  What stands after `--` goes to pytest; its first
failure kills the mutant, and so does a run that takes far too long.

A survivor is printed with its line before and after.  Either a test is
missing, or no test can tell the two apart; then `survivors.md` says why, and
the mutant is counted as explained.  The exit status is 0 if none is left.

The working tree is copied to a temporary directory (what git knows, and what
it does not ignore), and only the copies are changed.  Each run is a fork of a
process that has numpy, pytest and the `--preload`ed modules imported, so a
mutant costs as long as its tests run until they fail: name the quick and
sharp test files first.
"""
