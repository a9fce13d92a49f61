"""The outputs of a chapter's run, as a notebook elsewhere can show them.

The page's HTML needs the page's style sheet and a widget its kernel: both
become the picture that they carry. A glued figure is shown where it is
drawn; glued values are in the words already.
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode, v4

from qlib.site.notebook.page import unprefixed

V4: Any = v4
PICTURE = ("image/png", "text/plain")


def shown(cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of an executed cell."""
    tags = set(cell.metadata.get("tags", []))
    silent = bool(tags & {"remove-cell", "remove-output"})
    found = (one(output, silent) for output in cell.outputs)
    return [output for output in found if output is not None]


def one(output: NotebookNode, silent: bool) -> NotebookNode | None:
    """One output, or None where there is nothing to see."""
    if output.output_type not in ("display_data", "execute_result"):
        return None if silent else output
    glued = "scrapbook" in output.metadata
    data: dict[str, Any] = unprefixed(output.data)
    if "image/png" in data:
        picture = {kind: data[kind] for kind in PICTURE if kind in data}
        return made("display_data", data=picture)
    if glued or silent:
        return None
    return made(**{**output, "metadata": {}})


def made(output_type: str, **content: Any) -> NotebookNode:
    output: NotebookNode = V4.new_output(output_type, **content)
    return output
