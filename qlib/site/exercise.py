"""Questions with folded answers; exercises with folded, executed solutions.

```{questionnaire}         ```{exercise} bound        ```{solution-start} bound
Question?                  :stars: 2                  ```
: Answer.                  :minutes: 15               (text and code cells,
```                        :goal: bound                ending in an assertion)
                           Text.                      ```{solution-end}
                           ```                        ```
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from qlib.site.teaching import Piece, box, make, raw

KINDS = ("by hand", "code", "experiment", "open")
PROOF = (
    '<p class="q-proof"><span aria-hidden="true">✓</span> '
    "<span><b>Executed by the build.</b> The assertion held.</span></p>"
)
log = logging.getLogger(__name__)


class solution_start(nodes.General, nodes.Element):
    """Stands where a solution begins, until `Fold` has seen it."""


class solution_end(nodes.General, nodes.Element):
    """Stands where a solution ends."""


def stars(count: int) -> nodes.raw:
    """Filled and empty stars, said as one."""
    return raw(
        f'<span class="q-stars" role="img" aria-label="{count} of 4 stars">'
        f"{'★' * count}<i>{'★' * (4 - count)}</i></span>"
    )


class Exercise(Piece):
    kind = "exercise"
    needed = frozenset({"stars", "minutes", "goal"})

    def run(self) -> list[nodes.Node]:
        have, text = self.read()
        name = self.arguments[0]
        if have["stars"] not in {"1", "2", "3", "4"}:
            raise self.error(f"exercise {name} has 1 to 4 stars")
        if not have["minutes"].isdecimal() or not text:
            raise self.error(f"exercise {name} needs minutes and a text")
        count = int(have["stars"])
        facts = f"{KINDS[count - 1]} · {have['minutes']} minutes · goal: "
        head = make(
            "div",
            make("b", nodes.Text("Exercise "), self.count()),
            stars(count),
            make("span", nodes.Text(facts), *self.words(have["goal"])),
            cls="q-ex-head",
        )
        root = make("div", head, *text, cls="q-ex")
        self.target(root)
        return [root]


class Start(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        node = solution_start(of=self.arguments[0])
        self.set_source_info(node)
        return [node]


class End(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        node = solution_end()
        self.set_source_info(node)
        return [node]


class Fold(SphinxTransform):
    """Everything from a start to its end goes into one <details>, below the
    exercise that it solves."""

    default_priority = 400

    def apply(self) -> None:
        for start in list(self.document.findall(solution_start)):
            self.fold(start)
        for end in list(self.document.findall(solution_end)):
            log.warning("a solution ends that never began", location=end)
            end.parent.remove(end)

    def fold(self, start: solution_start) -> None:
        above, at = start.parent, start.parent.index(start)
        after = above.children[at + 1 :]
        ends = [isinstance(n, solution_end) for n in after]
        exercise = next(
            (n for n in reversed(above.children[:at]) if self.solves(n)), None
        )
        name = f"exercise-{start['of']}"
        known = exercise is not None and name in exercise["names"]
        if exercise is None or not known or True not in ends:
            log.warning(
                "the solution of %r needs its exercise above it and an end "
                "in the same section",
                start["of"],
                location=start,
            )
            above.remove(start)
            return
        body = after[: ends.index(True)]
        del above[at : at + len(body) + 2]
        fold = make("details", raw("<summary>Solution</summary>"), cls="q-sol")
        fold += [*body, raw(PROOF)]
        exercise += fold

    @staticmethod
    def solves(node: nodes.Node) -> bool:
        return isinstance(node, box) and "q-ex" in node["classes"]


class Questionnaire(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        found = holder.children
        if len(found) != 1 or not isinstance(found[0], nodes.definition_list):
            raise self.error(
                "a questionnaire is made of `Question?` and, on the next "
                "line, `: Answer.`"
            )
        items = []
        for item in found[0].children:
            term, *answers = item.children
            if len(answers) != 1:
                raise self.error(f"one answer each: {term.astext()!r}")
            asked = make("summary", make("span", *term.children))
            answer = make("div", *answers[0].children, cls="q-answer")
            fold = make("details", asked, answer, cls="q-sol")
            items.append(make("li", fold))
        return [make("ol", *items, cls="q-questions")]


def drop(self: object, node: nodes.Node) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_directive("exercise", Exercise)
    app.add_directive("solution-start", Start)
    app.add_directive("solution-end", End)
    app.add_directive("questionnaire", Questionnaire)
    for node in (solution_start, solution_end):
        app.add_node(node, html=(drop, None), latex=(drop, None))
    app.add_transform(Fold)
