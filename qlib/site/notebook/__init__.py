"""Chapters as notebooks, to read and to work in, wherever they are opened.

`export` writes them, `page` reads a chapter, `words`, `blocks`, `boxes` and
`teaching` turn MyST into plain Markdown, `stubs` makes the reader's part of a
solution, `kernel` is what the notebooks themselves import.
"""
