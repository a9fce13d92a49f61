"""The instruction forms, by family.

Each module has FORMS: tuples (text, pool, add).  The text is what an
assembler reads, lines separated by newlines; pool names the states
(tests/witness/pools.py); add maps x registers (31 is sp) to numbers added to
the pool's values.
"""
