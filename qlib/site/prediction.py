"""A prediction that the reader locks, and the reveal that compares it.

    ```{prediction} size               ```{reveal} size
    :slider: 1 1000 log                :result: a-glued-key
    :unit: times                       One paragraph on why.
    Question.                          ```
    ```

Instead of a slider there may be `:choices: a | b | c`, in plain words.
The result comes from the glued output of a cell.  Without a script the
question and the result can be read; `teaching.js` brings them to life.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from myst_nb.core.variables import RetrievalError
from myst_nb.ext.glue.utils import retrieve_glue_data
from sphinx.application import Sphinx

from qlib.site.guess import Scale, glued, measured, ruler, with_unit
from qlib.site.teaching import Piece, make, raw

MARKUP = re.compile(r"[$`*]|\]\(")
ROW = """<div class="q-row" hidden>
<button type="button" class="q-btn primary" disabled>Lock my answer</button>
<p role="status">Kept in this page only.
You will meet it again in the reveal.</p></div>"""
WAIT = """<p class="q-row q-wait" hidden>
<button type="button" class="q-btn">Show the result</button>
<a href="#prediction-{name}">Back to the question</a></p>"""
TITLE = """<div class="q-head"><span class="q-kicker">Your prediction</span>
<strong class="q-title" tabindex="-1"><span class="q-said"></span>
<span class="q-plain">It is {result}.</span></strong></div>"""


def slider(name: str, scale: Scale) -> str:
    """A native range over its ruler, the value beside it."""
    said = escape(json.dumps([scale.says(v) for v in scale.stops]))
    last = len(scale.stops) - 1
    control = (
        f'<input type="range" class="q-open" min="0" max="{last}" step="1" '
        f'value="{last // 2}" autocomplete="off" data-said="{said}" '
        f'aria-labelledby="prediction-{name}-ask" '
        'aria-valuetext="no answer yet">'
    )
    output = '<span class="q-value" aria-hidden="true">?</span>'
    return f'<div class="q-scale">{ruler(scale, control)}{output}</div>'


def cards(name: str, choices: list[str]) -> str:
    """Native radios, each on its card."""
    labels = "".join(
        f'<label><input type="radio" name="prediction-{name}" value="{k}" '
        f'autocomplete="off"><span>{escape(choice)}</span></label>'
        for k, choice in enumerate(choices)
    )
    return f'<div class="q-opts">{labels}</div>'


class Prediction(Piece):
    kind = "prediction"
    known = frozenset({"slider", "choices", "unit"})

    def controls(self, have: dict[str, str]) -> str:
        """The slider or the cards; what they ask is kept for the reveal."""
        name = self.arguments[0]
        asked = self.env.temp_data.setdefault("predictions", {})
        if "choices" in have:
            asked[name] = [c.strip() for c in have["choices"].split("|")]
            if MARKUP.search(have["choices"]):
                raise self.error(f"choices are plain words: {asked[name]}")
            return cards(name, asked[name])
        try:
            asked[name] = Scale.read(have["slider"], have.get("unit", ""))
        except ValueError as error:
            raise self.error(str(error)) from error
        return slider(name, asked[name])

    def run(self) -> list[nodes.Node]:
        have, question = self.read()
        name = self.arguments[0]
        if ("slider" in have) == ("choices" in have) or not question:
            raise self.error(
                f"prediction {name} needs a question and either "
                ":slider: or :choices:"
            )
        ask = f"prediction-{name}-ask"
        root = make(
            "div",
            raw('<div class="q-head"><span class="q-kicker">Predict</span>'),
            raw("</div>"),
            make("div", *question, cls="q-ask", id=ask),
            raw(f'<fieldset disabled aria-labelledby="{ask}">'),
            raw(f"{self.controls(have)}</fieldset>{ROW}"),
            cls="q q-predict",
            data_predict=name,
        )
        self.target(root)
        return [root]


def on_scale(scale: Scale, value: str | float) -> tuple[str, str, list[str]]:
    """The result in words, its picture, and a verdict for each stop."""
    x, text = measured(value)
    shown, at = with_unit(text, scale.unit), 100 * scale.place(x)
    marks = (
        '<i class="q-gap" hidden></i>'
        f'<i class="q-is {side(at)}" style="left:{at:.2f}%" '
        f'data-at="{at:.2f}"><b>it is {shown}</b></i>'
        '<i class="q-you" hidden><b></b></i>'
    )
    verdicts = [scale.verdict(v, x, shown) for v in scale.stops]
    said = escape(json.dumps([scale.says(v) for v in scale.stops]))
    picture = (
        f'<div class="q-scale q-both" aria-hidden="true" data-said="{said}">'
        f"{ruler(scale, marks)}</div>"
    )
    return shown, picture, verdicts


def side(at: float) -> str:
    """Labels near an end grow towards the middle."""
    return "first" if at < 18 else "last" if at > 82 else "mid"


def on_cards(
    choices: list[str], value: str | float
) -> tuple[str, str, list[str]]:
    """The same for choices."""
    result = str(value).strip()
    if result not in choices:
        raise ValueError(f"the result {result!r} is none of {choices}")
    rows = "".join(
        f'<li class="{"right" if c == result else ""}">{escape(c)}</li>'
        for c in choices
    )
    verdicts = [
        f"Right: {c}." if c == result else f"You said {c}. It is {result}."
        for c in choices
    ]
    return (
        result,
        f'<ul class="q-was" aria-hidden="true">{rows}</ul>',
        verdicts,
    )


class Reveal(Piece):
    kind = "reveal"
    needed: ClassVar[frozenset[str]] = frozenset({"result"})

    def value(self, key: str) -> str | float:
        """The glued output of a cell."""
        data: Any = retrieve_glue_data(self.state.document, key).data
        return glued(data["text/plain"])

    def run(self) -> list[nodes.Node]:
        have, why = self.read()
        name = self.arguments[0]
        about = self.env.temp_data.get("predictions", {}).get(name)
        if about is None:
            raise self.error(f"no prediction {name} stands before its reveal")
        compare: Any = on_scale if isinstance(about, Scale) else on_cards
        try:
            found = compare(about, self.value(have["result"]))
        except (RetrievalError, ValueError, SyntaxError) as error:
            raise self.error(f"reveal {name}: {error}") from error
        shown, picture, verdicts = found
        root = make(
            "div",
            raw(TITLE.format(result=escape(shown))),
            raw(WAIT.format(name=name)),
            make("div", raw(picture), *why, cls="q-result"),
            cls="q q-reveal",
            data_reveal=name,
            data_verdicts=json.dumps(verdicts),
        )
        self.target(root)
        return [root]


def setup(app: Sphinx) -> None:
    app.add_directive("prediction", Prediction)
    app.add_directive("reveal", Reveal)
