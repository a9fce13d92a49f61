"""Hypothesis looks at the same cases on every machine and run."""

from hypothesis import settings

settings.register_profile("book", deadline=None, derandomize=True)
settings.load_profile("book")
