"""The make step: measure the surface, unless it is there."""

from time import perf_counter

from qlib.surface.store import file, load

if __name__ == "__main__":
    known, start = file().exists(), perf_counter()
    load()
    said = "is there" if known else f"took {perf_counter() - start:.0f} s"
    print(f"accuracy surface {said}: {file()}")
