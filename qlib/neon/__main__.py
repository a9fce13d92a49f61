"""Kernels from files.

    python -m qlib.neon check FILE.s
    python -m qlib.neon run FILE.s --bind x0=4 x1=a.npy x2=c.npy --out x2=d.npy

`check` lists the lines that the simulator does not know.  `run` runs one
tile; the README of this folder says how to bind a kernel.   Chapter: neon
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from qlib.neon.assembler import check, parse
from qlib.neon.machine import Machine

LISTS = {"--bind": "R=VALUE", "--out": "R=VALUE", "--stack": "VALUE"}


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 if all is well, else 1.

    >>> main(["check", "missing.s"])
    missing.s: No such file or directory
    1
    """
    parser = argparse.ArgumentParser(prog="python -m qlib.neon")
    parser.add_argument("what", choices=["check", "run"])
    parser.add_argument("file", type=Path)
    for name, value in LISTS.items():
        parser.add_argument(name, nargs="+", default=[], metavar=value)
    parser.add_argument("--budget", type=int, default=10**7)
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        return _check(text) if options.what == "check" else _run(text, options)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}")
    except ValueError as error:
        print(error)
    return 1


def _check(text: str) -> int:
    """List the lines that are not known or not legal."""
    text = re.sub(r"%(\d+|\[\w+\])(?=\.)", r"v9", text)
    names = re.findall(r"%[a-z]?\[?(\w+)", text)
    program, errors = check(text, binding=dict.fromkeys(names, "x9"))
    for error in errors:
        print(error)
    print(f"{len(program.instructions)} instructions, {len(errors)} unknown")
    return 1 if errors else 0


def _run(text: str, options: argparse.Namespace) -> int:
    """Bind, run, report, save."""
    pairs = dict(_pair(b) for b in options.bind)
    operands = {k[1:].strip("[]"): v for k, v in pairs.items() if k[0] == "%"}
    program = parse(text, binding=operands)
    machine, arrays = Machine(watch=True), dict[str, Any]()
    machine.stack(*(_value(machine, v, arrays, "") for v in options.stack))
    for name, value in pairs.items():
        if name[0] != "%":
            _set(machine, name, value, arrays)
    count = machine.run(program, options.budget)
    print(f"{count} instructions, QC {int(machine.qc[0])}")
    for event in machine.overflows:
        print(event)
    for name, path in map(_pair, options.out):
        if name not in arrays:
            raise ValueError(f"--out must name a bound array, got {name}")
        np.save(path, arrays[name])
    return 0


def _pair(text: str) -> tuple[str, str]:
    """NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"a binding must be NAME=VALUE, got {text!r}")
    return name.lower(), value


def _value(
    machine: Machine, value: str, arrays: dict[str, Any], name: str
) -> int:
    """A number, or the address of an array from a file, plus an offset."""
    if re.fullmatch(r"-?\w+", value) and value.lstrip("-")[0].isdigit():
        return int(value, 0) & (1 << 64) - 1
    path, _, offset = value.partition("+")
    arrays[name] = np.load(path)
    return machine.bind(arrays[name]) + int(offset or "0", 0)


def _set(
    machine: Machine, name: str, value: str, arrays: dict[str, Any]
) -> None:
    """Give a register its value."""
    m = re.fullmatch(r"([xv])(\d|[12]\d|3[01])", name)
    if not m or name == "x31":
        raise ValueError(f"a register must be x0-x30 or v0-v31, got {name}")
    if m[1] == "x":
        machine.x[int(m[2])] = _value(machine, value, arrays, name)
        return
    data = np.ascontiguousarray(np.load(value)).reshape(-1).view(np.uint8)
    if len(data) != 16:
        raise ValueError(f"{name} must have 16 bytes, got {len(data)}")
    machine.v[int(m[2]), 0] = data


if __name__ == "__main__":
    sys.exit(main())
