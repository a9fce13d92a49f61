"""One page becomes one notebook, to read or to work in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from nbformat import NotebookNode, v4

from qlib.site.notebook.blocks import Block, blocks
from qlib.site.notebook.outputs import shown
from qlib.site.notebook.page import Page
from qlib.site.notebook.setup import setup
from qlib.site.notebook.stubs import Part, split
from qlib.site.notebook.teaching import form
from qlib.site.notebook.words import folded

V4: Any = v4
TITLE = re.compile(r"# (.+)((?:\n\n> difficulty.*(?:\n>.*)*)?)")
LANGUAGE = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
HIDDEN = {"jupyter": {"source_hidden": True}, "cellView": "form"}
FOLDED = {
    "jupyter": {"source_hidden": True, "outputs_hidden": True},
    "cellView": "form",
}
WITHOUT_INPUT = {"hide-input", "remove-input", "remove-cell"}
READ = (
    "*A page of the book Integers Only, as it was executed. To go on from "
    "here, run the cell below before any other (it is folded); a widget moves "
    "once its own cell has run.*"
)
WORK = (
    "*A page of the book Integers Only, to work in. Run the cell below before "
    "any other (it is folded). An exercise is followed by what you start from "
    "and by a cell that checks your answer.*"
)


@dataclass
class Solution:
    """The solution in which the writer stands."""

    number: str
    line: int
    said: bool = False
    known: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


class Writer:
    """Goes through a page from top to bottom; `notebook` does it once."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.solution: Solution | None = None
        self.cells: list[NotebookNode] = []

    def notebook(self) -> NotebookNode:
        ran = iter([c for c in self.page.run.cells if c.cell_type == "code"])
        started = False
        for cell, line in self.page.pieces():
            if cell.cell_type == "markdown":
                self.prose(cell.source, line)
            else:
                self.code(cell, next(ran, None), line)
            if not started and self.cells:
                self.begin()
                started = True
        if self.solution is not None:
            self.wrong(self.solution.line, "this solution has no end")
        for k, cell in enumerate(self.cells):  # the same page, the same bytes
            cell["id"] = f"{self.page.path.stem}-{k}"
        made: NotebookNode = V4.new_notebook(
            metadata=LANGUAGE, cells=self.cells
        )
        return made

    def wrong(self, line: int, what: str) -> NoReturn:
        raise ValueError(f"{self.page.at(line)}: {what}")

    def begin(self) -> None:
        """The title gets its number; the setup stands under the strip."""
        number = self.page.chapter and f"{self.page.chapter}. "
        about = WORK if self.page.work else READ
        text = self.cells.pop().source
        head = TITLE.match(text)
        if head is None:
            self.wrong(1, "a notebook page begins with its title")
        said = f"# {number}{head[1]}\n\n{about}{head[2]}"
        self.cells.append(V4.new_markdown_cell(said))
        self.add(V4.new_code_cell(setup(self.page)), ["setup"], **HIDDEN)
        if rest := text[head.end() :].strip():
            self.cells.append(V4.new_markdown_cell(rest))

    def add(self, cell: NotebookNode, tags: list[str], **more: Any) -> None:
        cell.metadata.update(({"tags": tags} if tags else {}) | more)
        self.cells.append(cell)

    # Words

    def prose(self, source: str, line: int) -> None:
        """One Markdown cell; what belongs to a solution is folded."""
        said = []
        for solution, part in self.parts(source, line):
            text = "\n".join(form(self.page, b) for b in part).strip()
            text = re.sub(r"\n{3,}", "\n\n", text)
            if solution is None:
                said.append(text)
            elif text and not self.page.work:
                said.append(self.fold(text, solution))
        if text := "\n\n".join(filter(None, said)):
            self.cells.append(V4.new_markdown_cell(text))

    def parts(
        self, source: str, line: int
    ) -> Iterator[tuple[Solution | None, list[Block]]]:
        """Runs of blocks, each with the solution that it belongs to."""
        part: list[Block] = []
        for block in blocks(source, line):
            if block.name in ("solution-start", "solution-end"):
                yield self.solution, part
                part = []
                self.turn(block)
            else:
                part.append(block)
        yield self.solution, part

    def turn(self, block: Block) -> None:
        """A solution begins or ends."""
        now, self.solution = self.solution, None
        if block.name == "solution-start":
            if now is not None:
                self.wrong(now.line, "this solution has no end")
            try:
                name = f"exercise-{block.argument}"
                number = self.page.number("exercise", name)
            except ValueError as error:
                self.wrong(block.line, f"{{solution-start}}: {error}")
            self.solution = Solution(number, block.line)
        elif now is None:
            self.wrong(block.line, "{solution-end} without a start")
        elif not any(part.check for part in now.parts):
            self.wrong(now.line, "this solution has no assertion")
        elif not any(part.stub for part in now.parts):
            self.wrong(now.line, "this solution leaves nothing to do")

    def fold(self, text: str, solution: Solution) -> str:
        more = ", continued" if solution.said else ""
        solution.said = True
        return folded(f"Solution of exercise {solution.number}{more}", text)

    # Code

    def code(
        self, cell: NotebookNode, ran: NotebookNode | None, line: int
    ) -> None:
        """One code cell with what it showed, or what a solution leaves."""
        if ran is None or cell.source != ran.source:
            self.wrong(line, "this cell is not the one that was executed")
        tags = list(cell.metadata.get("tags", []))
        new = V4.new_code_cell(cell.source)
        if not self.page.work:
            new.outputs, new.execution_count = shown(ran), ran.execution_count
        if self.solution is not None:
            self.solve(new, self.solution, tags)
        else:
            hidden = HIDDEN if WITHOUT_INPUT & set(tags) else {}
            self.add(new, tags, **hidden)

    def solve(
        self, cell: NotebookNode, now: Solution, tags: list[str]
    ) -> None:
        """A cell of a solution: folded, or the stub and the check of it."""
        part = split(cell.source, now.number, now.known)
        now.parts.append(part)
        if not self.page.work:
            if not now.said:
                text = "It is the next cell; its assertions held."
                self.cells.append(V4.new_markdown_cell(self.fold(text, now)))
            self.add(cell, ["solution", *tags], **FOLDED)
            return
        if part.stub:
            self.add(V4.new_code_cell(part.stub), ["stub"])
        if part.check:  # Run All goes on after an unsolved exercise
            tags = ["check", "raises-exception"]
            self.add(V4.new_code_cell(part.check), tags)
