"""Shapes of operands that the other families do not name: others.txt."""

from pathlib import Path

from .spell import form

LINES = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
FORMS = [
    form(line.partition(" ")[2].replace("\\n", "\n"), line.partition(" ")[0])
    for line in LINES.splitlines()
    if line[0] != "#"
]
