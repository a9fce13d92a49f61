"""Run the tests on every mutant; see the package's docstring."""

import argparse
import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import entry_points
from itertools import count
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic

import pytest

from tests.mutants.mutate import Mutant, mutants

EXPLAINED = Path(__file__).with_name("survivors.md")
KILLER = ".killed-by"  # in each copy of the tree: the test that failed
FORK = multiprocessing.get_context("fork")
SPARE = 10  # seconds that a busy machine gets on top
OPTIONS = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider"]
VERDICTS = ["failed", "timed out", "explained", "survived"]


class Sharpest:
    """A plugin of pytest: tests that killed before go first."""

    def __init__(self, kills: Counter[str]):
        self.kills = kills

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: -self.kills[item.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            Path(KILLER).write_text(report.nodeid)


class Copy:
    """A copy of the tree, of which one file changes at a time."""

    stamps = count(1)  # another time stamp each: no stale bytecode

    def __init__(self, root: Path, to: Path):
        """Copy what git knows, and what it does not ignore."""
        self.folder = to
        ask = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        said = subprocess.run(ask, cwd=root, capture_output=True, check=True)
        for name in said.stdout.decode().split("\0"):
            if name and (root / name).is_file():
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, to / name)

    def write(self, file: Path, text: str) -> None:
        path, stamp = self.folder / file, next(self.stamps)
        path.write_text(text)
        os.utime(path, (stamp, stamp))

    def killer(self) -> str:
        """The test that failed in the last run, or "" if none did."""
        path = self.folder / KILLER
        said = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return said


def run_tests(folder: Path, tests: list[str], kills: Counter[str]) -> None:
    """In a fork: leave with pytest's exit status."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(folder)
    for name in [*sys.modules]:
        if name.split(".")[0] in ("qlib", "tests"):
            del sys.modules[name]
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = False
    os._exit(int(pytest.main([*OPTIONS, *tests], [Sharpest(kills)])))


def verdicts(jobs, copies, tests, limit=float("inf")):
    """Yield each job (file, mutant), and what its run came to.

    "passed", "failed" or "timed out"; one run at a time in each copy.
    """
    kills, waiting, free, running = Counter(), jobs[::-1], [*copies], {}
    while waiting or running:
        while waiting and free:
            (file, mutant), tree = waiting.pop(), free.pop()
            original = (tree.folder / file).read_text()
            tree.write(file, mutant.source)
            p = FORK.Process(
                target=run_tests, args=(tree.folder, tests, kills)
            )
            p.start()
            running[p] = file, mutant, tree, original, monotonic()
        wait([p.sentinel for p in running], timeout=1)
        for p, (file, mutant, tree, original, start) in [*running.items()]:
            late = monotonic() - start > limit
            if p.is_alive() and not late:
                continue
            p.kill()
            p.join()
            del running[p]
            tree.write(file, original)
            free.append(tree)
            kills[tree.killer()] += 1
            said = (
                "timed out" if late else "failed" if p.exitcode else "passed"
            )
            yield file, mutant, said


def sound(file: Path, tree: Copy, tests: list[str]) -> float:
    """Seconds the tests take as things are; they pass, and read the file."""
    start = monotonic()
    for source, wanted, words in [
        ((tree.folder / file).read_text(), "passed", "pass as things are"),
        ("raise RuntimeError('planted')\n", "failed", f"import {file}"),
    ]:
        job = file, Mutant(0, "", "", source)
        ((_, _, said),) = verdicts([job], [tree], tests)
        if said != wanted:
            sys.exit(f"the tests must {words}, got another end: {tests}")
    return monotonic() - start


def is_explained(file: Path, mutant: Mutant, words: str) -> bool:
    """Whether survivors.md has the two lines under the file's name."""
    section = words.partition(f"\n## {file.as_posix()}\n")[2]
    section = section.partition("\n## ")[0]
    return f"- `{mutant.before}`\n  `{mutant.after}`\n" in section


def arguments():
    """What stands before and after the two dashes."""
    ours, tests = sys.argv[1:], []
    if "--" in ours:
        cut = ours.index("--")
        ours, tests = ours[:cut], ours[cut + 1 :]
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--preload", nargs="*", default=["numpy"])
    said = parser.parse_args(ours)
    if not tests:
        parser.error("tests must follow --, got none")
    return said, tests


def main() -> int:
    said, tests = arguments()
    for name in said.preload:
        importlib.import_module(name)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    words = EXPLAINED.read_text() if EXPLAINED.exists() else ""
    counts, start = dict.fromkeys(VERDICTS, 0), monotonic()
    with tempfile.TemporaryDirectory() as room:
        copies = [Copy(Path(), Path(room, str(i))) for i in range(said.jobs)]
        slowest = max(sound(file, copies[0], tests) for file in said.files)
        limit = SPARE + 5 * slowest
        jobs = [(f, m) for f in said.files for m in mutants(f.read_text())]
        for file, mutant, verdict in verdicts(jobs, copies, tests, limit):
            if verdict == "passed":
                known = is_explained(file, mutant, words)
                verdict = "explained" if known else "survived"
            counts[verdict] += 1
            if verdict == "survived":
                print(f"{file}:{mutant.line}")
                print(f"- `{mutant.before}`\n  `{mutant.after}`", flush=True)
    told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    print(f"{len(jobs)} mutants in {monotonic() - start:.0f} s: {told}")
    return int(counts["survived"] > 0)


if __name__ == "__main__":
    sys.exit(main())
