"""A chapter is a test: a fault planted in qlib fails its notebook."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from qlib.site.chapters import ROOT, pages, toc

# chapter: file of qlib, what stands there, what is put in its place
FAULTS = {
    "affine": (
        "affine.py",
        "q = rounding(r / S) + Z",
        "q = rounding(r / S) + Z - 1",
    ),
    "requantization": (
        "requant.py",
        "half = (1 << n) >> 1",
        "half = (1 << n) >> 2",
    ),
    "mobilenet": (
        "net/fold.py",
        "bias = factor * (b - mean) + beta",
        "bias = factor * (b + mean) + beta",
    ),
    "calibration": (
        "calibrate/kl.py",
        "P[-1] += counts[i:].sum()",
        "P[-1] += counts[i + 1 :].sum()",
    ),
    "int8-convolution": (
        "int8/conv.py",
        "view.transpose(0, 1, 4, 5, 2, 3)",
        "view.transpose(0, 1, 5, 4, 2, 3)",
    ),
}
NUMBERED = [name.split("/")[-1] for name, yes in pages(toc()) if yes]


@pytest.fixture
def house(tmp_path):
    """A copy of what nbmake needs."""
    for folder in ("qlib", "book"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    for file in ("_toc.yml", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


@pytest.mark.parametrize("chapter", NUMBERED)
def test_a_planted_fault_fails_nbmake_alone(house, chapter):
    name, right, wrong = FAULTS[chapter]
    file = house / "qlib" / name
    text = file.read_text("utf8")
    assert text.count(right) == 1
    file.write_text(text.replace(right, wrong), "utf8")
    command = [sys.executable, "-m", "pytest", "--nbmake", "-q"]
    run = subprocess.run(
        [*command, f"book/{chapter}.md"],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stdout
    assert re.search(r"1 failed", run.stdout)
    assert "AssertionError" in run.stdout
