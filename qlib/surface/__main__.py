"""The make step: measure the surface, unless it is there."""

from time import perf_counter

from qlib.surface.store import file, keep, load, measured

if __name__ == "__main__":
    said, start = "is there", perf_counter()
    if not file().exists():
        keep(file(), measured())
        said = f"took {perf_counter() - start:.0f} s"
    load()
    print(f"accuracy surface {said}: {file()}")
