"""What is legal: the simulator's parser beside GNU as, line by line.

Lines of the recorded forms with other numbers, arrangements and register
letters; both must take a line or both refuse it.
"""

import re
import subprocess

import numpy as np

from qlib.neon import check
from tests.core.neon.mutants import lines

SEED, COUNT = 1985, 20_000
AS = ["aarch64-linux-gnu-as", "-march=armv8.6-a+i8mm+dotprod+fp16"]
NUMBERS = "0 1 2 3 4 7 8 15 16 17 31 32 33 63 64 255 256 4095 4096 -1 -8 -257"
LANES = "8b 16b 4h 8h 2s 4s 1d 2d b h s d"
LIBERAL = {"mov v.16b for all lanes": r"mov v\d+\.\w+, ?v\d+\.\w+$"}
STRICT = {  # what GNU as takes, and we do not
    "a w register extended as if it were x": r"(add|sub|cm).*(sp|[us]xtx)",
    "a list of two arrangements": r"(ld|st)\dr? \{.*-",
    "a fixed point in scalar registers": r"([su]cvtf|fcvtz[su]) .*#",
    "a sign behind 0x": r".*#0x-",
    "a byte of ones as -1": r"(movi|mvni|orr|bic) v\S+ ?, ?#?-",
}
ODD = re.compile("|".join([*LIBERAL.values(), *STRICT.values()]))


def varied(rng, line):
    """A line with some numbers, arrangements or registers exchanged."""

    def other(words):
        def choose(m):
            if rng.random() < 0.5:
                return m[0]
            return m[1] + str(rng.choice(words.split())) + m[3]

        return choose

    match rng.integers(3):
        case 0:
            return re.sub(r"(?<!\.)()(\d+)()", other(NUMBERS), line)
        case 1:
            return re.sub(r"(\.)(\d*[bhsd])(\b)", other(LANES), line)
        case _:
            return re.sub(r"(\b)([xwbhsdq])(\d)", other("x w b h s d q"), line)


def candidates():
    """Varied lines without labels, comments and directives."""
    rng = np.random.default_rng(SEED)
    sound = [
        s for s in lines() if not re.search(r"[:;@%/]|^\.|^[ct]?bn?z?", s)
    ]
    return [
        varied(rng, sound[k]) for k in rng.integers(len(sound), size=COUNT)
    ]


def refused_by_as(texts, folder):
    """The numbers of the lines that GNU as refuses."""
    (folder / "lines.s").write_text("\n".join(texts) + "\n", encoding="utf-8")
    done = subprocess.run(
        [*AS, "-o", "/dev/null", "lines.s"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return {int(n) for n in re.findall(r"lines.s:(\d+): Error", done.stderr)}


def test_a_line_is_legal_here_where_it_is_legal_to_gnu_as(tmp_path):
    texts = candidates()
    refused = refused_by_as(texts, tmp_path)
    apart = [
        f"{text}: GNU as {'refuses' if n in refused else 'takes'} it"
        for n, text in enumerate(texts, 1)
        if bool(check(text)[1]) != (n in refused) and not ODD.match(text)
    ]
    assert 0.2 < len(refused) / COUNT < 0.9
    assert not apart, "\n".join(apart)
