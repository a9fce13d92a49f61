"""A chapter with one of everything that a chapter can hold, in a house of
its own. `notebook(house, work)` exports it."""

import shutil
from dataclasses import replace

from nbclient import NotebookClient

from qlib.site import chapters
from qlib.site.chapters import ROOT
from qlib.site.notebook.page import Page
from qlib.site.notebook.writer import Writer

HEAD = """\
---
jupytext: {text_representation: {format_name: myst}}
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
TOC = """\
format: jb-book
root: book/start
parts:
  - numbered: true
    chapters:
      - file: book/before
      - file: book/lesson
"""
CELL = "```{{code-cell}} ipython3\n{}\n```\n"
LESSON = r"""# The lesson

```{strip}
:stars: 2
:needs: before
:not-here: the halves of $\round{x}$.
```

+++ {"tags": ["question"]}

:::{div} q-question
Which integer is $x$?
:::

```{prediction} steps
:slider: 1 100 log
:unit: steps
How far is $\round{x}$ from $x$ in {cite:t}`jacob2018`?
```

```{prediction} way
:choices: up | down | to $\round{x}$
Which way?
```

(a-label)=
## The rule

$$
a = \round{b \cdot \clamp x}
$$ (eq-one)

See {eq}`eq-one`, {term}`codes <code>`, {numref}`fig-one`, [](start.md),
[before](before.md), `{eq}` in code and {cite:p}`jacob2018,nagel2021`.

```{literalinclude} lesson_code.py
:pyobject: quantize
```

```{glue:figure} one
:name: fig-one
A caption with $\round{x}$.
```

```{code-cell} ipython3
:tags: [hide-input]
import numpy as np
from myst_nb import glue


class Picture:
    def _repr_mimebundle_(self, **kwargs):
        return {"text/html": "<b>x</b>", "image/png": "AAAA",
                "text/plain": "a picture"}


glue("one", Picture(), display=False)
```

```{code-cell} ipython3
:tags: [remove-cell]
glue("far", np.float64(12.5), display=False)
glue("many", 3, display=False)
glue("best", "down", display=False)
```

Glued: {glue:text}`best` and {glue:text}`many:.2f`.

```{reveal} steps
:result: far
Because of {glue:text}`many`.
```

```{reveal} way
:result: best
So it goes, see [](#exercise-array) and [bug](#museum-zero).
```

```{museum} zero
:title: The zero that was not
:symptom: Z is $\round{z}$, not 0.
:cause: An observer.
:fixed: [issue #1](https://example.org/1), 2020
:still-in: nothing
:source: https://example.org/1
A symmetric map with Z.
```

```{questionnaire}
What is $\round{2.4}$?
: Two, by {eq}`eq-one`.

  It is nearer.

Is 0 a code?
: Yes.
```

```{exercise} double
:stars: 1
:minutes: 5
:goal: write a function
Write `double`, which doubles $x$.
```

```{solution-start} double
```

Twice is a sum.

```{code-cell} ipython3
def double(
    x,  # a number
):
    '''Twice x.'''
    return x + x


assert double(2) == 4
assert double(-3) == -6, "think of negative numbers"
```

```{solution-end}
```

```{exercise} by-hand
:stars: 2
:minutes: 9
:goal: find
Find S and Z.
```

```{solution-start} by-hand
```

```{code-cell} ipython3
levels = 7  # given
S, Z = 3.5 / levels, 2
for k in range(3):
    last = k
assert S == 0.5
assert Z > 1 and last >= 0
```

```{solution-end}
```

```{exercise} array
:stars: 3
:minutes: 10
:goal: see
Make a ramp.
```

```{solution-start} array
```

```{code-cell} ipython3
class Ramp:
    '''Rises.'''

    def at(self, n):
        return np.arange(n) / 2


ramp: np.ndarray = Ramp().at(3)
np.testing.assert_allclose(ramp, [0, 0.5, 1])
for n in (1, 2):
    assert len(Ramp().at(n)) == n
```

```{solution-end}
```

The end.
"""


def build(root, text=LESSON):
    """A house that has the lesson."""
    (root / "book").mkdir(parents=True)
    (root / "_toc.yml").write_text(TOC, "utf8")
    for file in ("_config.yml", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / file, root)
    shutil.copy(ROOT / "book/references.bib", root / "book")
    shutil.copy(ROOT / "qlib/affine.py", root / "book/lesson_code.py")
    (root / "book/start.md").write_text("# The start\n", "utf8")
    before = f"{HEAD}# Before\n\n{CELL.format('1')}"
    (root / "book/before.md").write_text(before, "utf8")
    (root / "book/lesson.md").write_text(HEAD + text, "utf8")
    return root


def run(nb, folder, **options):
    """Execute a notebook in a folder."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(nb, timeout=120, resources=resources, **options).execute()
    return nb


def page(root, ran=None):
    """The lesson's page; without a run, as if no cell had shown anything."""
    path = root / "book/lesson.md"
    ran = ran or chapters.read(path, root)
    return Page(path, root, ran, seconds=2.4)


def notebook(page, work=False):
    """The page as a notebook."""
    again = replace(page, work=work, labels={}, predictions={})
    return Writer(again).notebook()
