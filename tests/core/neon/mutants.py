"""Lines of assembler with faults: characters and words exchanged.

python -m tests.core.neon.mutants 100000
"""

import sys

import numpy as np

from qlib.neon import AssemblyError, Machine, parse
from tests.vectors.neon.read import forms

SEED = 20261121
SIGNS = list("0123456789abdhsqvwxBX.,[]{}#!+-:;@%/*()'\"\\ \t~<&|^_=é")


def lines():
    """Every recorded line, once."""
    return sorted({s for form in forms() for s in form.text.split("\n")})


def mutate(rng, line, words):
    """A line with one to three faults."""
    for _ in range(rng.integers(1, 4)):
        i = int(rng.integers(0, len(line) + 1))
        sign = SIGNS[rng.integers(len(SIGNS))]
        word = words[rng.integers(len(words))]
        match rng.integers(0, 6):
            case 0:
                line = line[:i] + line[i + 1 :]
            case 1:
                line = line[:i] + sign + line[i:]
            case 2:
                line = line[:i] + sign + line[i + 1 :]
            case 3:
                line = line[:i] + word + line[i:]
            case 4:
                line = line.replace(words[rng.integers(len(words))], word, 1)
            case 5:
                line = line[:i]
    return line


def outcomes(count, seed=SEED):
    """How many lines are refused, stop and run; others raise."""
    rng = np.random.default_rng(seed)
    sound = lines()
    words = sorted(
        {w for line in sound for w in line.replace(",", " ").split()}
    )
    found = {"refused": 0, "unnamed": 0, "stopped": 0, "ran": 0}
    for _ in range(count):
        line = mutate(rng, sound[rng.integers(len(sound))], words)
        try:
            program = parse(line, binding={"0": "x3", "1": "v4"})
        except AssemblyError as error:
            named = str(error).startswith(f"line {error.line}: {error.text}")
            found["refused" if named else "unnamed"] += 1
            continue
        machine = Machine(2)
        machine.v[:] = rng.integers(0, 256, machine.v.shape)
        machine.x[1] = machine.bind(np.zeros(256, np.uint8)) + 96
        try:
            machine.run(program, budget=100)
            found["ran"] += 1
        except AssemblyError:
            found["stopped"] += 1
    return found


if __name__ == "__main__":
    print(outcomes(int(sys.argv[1])))
