"""Predictions, reveals, solutions, questions and placards, as a reader uses
them: on every page of the book that has some, and on a sample with all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qlib.site.build import SITE
from qlib.site.chapters import ROOT, pages, toc
from qlib.site.guess import Scale
from tests.book.conftest import CONFIGURATIONS, Configuration

SAMPLE = Path(__file__).with_name("teaching_sample.md")
CONF = f"""
extensions = ["myst_nb", "qlib.site.teaching", "qlib.site.prediction",
              "qlib.site.exercise", "qlib.site.museum"]
html_theme = "basic"
html_static_path = [{str(ROOT / "book/_assets")!r},
                    {str(ROOT / "qlib/widgets/kit.css")!r}]
html_css_files = ["kit.css", "teaching.css"]
html_js_files = [("teaching.js", {{"defer": "defer"}})]
myst_enable_extensions = ["deflist"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
"""
INDEX = """# All

```{toctree}
:numbered:
sample
```

```{museum-index}
```
"""
PHONE = Configuration("light", 390, "http")


def pages_with(mark):
    """The pages of the book that hold a piece, and the sample."""
    files = (SITE / f"{name}.html" for name, _ in pages(toc()))
    found = [
        file.relative_to(SITE).with_suffix("").as_posix()
        for file in files
        if file.is_file() and mark in file.read_text("utf8")
    ]
    return pytest.mark.parametrize("name", ["sample", *found])


def sphinx(folder, **texts):
    """Build a small site, strictly; the completed process."""
    (folder / "conf.py").write_text(CONF, "utf8")
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    return subprocess.run(
        [*command, "-b", "html", str(folder), str(folder / "html")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The sample's address."""
    folder = tmp_path_factory.mktemp("sample")
    run = sphinx(folder, index=INDEX, sample=SAMPLE.read_text("utf8"))
    assert run.returncode == 0, run.stderr
    return (folder / "html").as_uri()


@pytest.fixture
def read(visit, sample):
    """read(name, configuration, **context options) opens a page."""

    def go(name, *configuration, **options):
        at = sample if name in ("sample", "index") else None
        return visit(name, *configuration, at=at, **options)

    return go


def press(control, configuration):
    if configuration.phone:
        control.tap()
    else:
        control.click()


def reveal_of(page, root):
    name = root.get_attribute("data-predict")
    return page.locator(f'[data-reveal="{name}"]')


def check(root, reveal):
    """What the reveal says, against our own arithmetic."""
    locked = root.get_by_role("button").inner_text()
    said = reveal.locator(".q-said").inner_text()
    answer = locked.removeprefix("Locked: ")
    assert root.locator("fieldset").evaluate("e => e.disabled")
    assert root.get_by_role("button").get_attribute("aria-disabled") == "true"
    assert reveal.locator(".q-result").is_visible()
    assert not reveal.locator(".q-wait").is_visible()
    result = reveal.locator(".q-plain").text_content()
    result = result.removeprefix("It is ").removesuffix(".")
    if root.locator("input[type=radio]").count():
        right = f"Right: {result}."
        wrong = f"You said {answer}. It is {result}."
        assert said == (right if answer == result else wrong)
        return said
    if said == f"Right: it is {result}.":
        return said
    assert said.startswith(f"You said {answer}; it is {result}: off by ")
    a, b = (
        float(re.match(r"−?[\d.]+", t.replace("\u202f", ""))[0])
        for t in (answer, result)
    )
    off = said.rsplit("off by ", 1)[1]
    if match := re.fullmatch(r"a factor of ([\d.]+)\.", off):
        assert float(match[1]) == pytest.approx(max(a / b, b / a), rel=0.06)
    elif not off.startswith("less than 5"):
        size = float(re.match(r"\d+(\.\d+)?", off)[0])
        assert size == pytest.approx(abs(a - b), rel=0.02)
    return said


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
@pages_with("data-predict=")
def test_a_locked_answer_is_met_in_the_reveal(read, name, configuration):
    page = read(name, configuration)
    for root in page.locator("[data-predict]").all():
        button, reveal = root.get_by_role("button"), reveal_of(page, root)
        assert button.is_disabled()
        assert not reveal.locator(".q-result").is_visible()
        assert reveal.locator(".q-said").inner_text() == "Not locked yet."
        control = root.locator("input[type=range]")
        if control.count():
            box = control.bounding_box()
            place = {"x": box["width"] * 0.3, "y": box["height"] / 2}
            aim = control.tap if configuration.phone else control.click
            aim(position=place)
            shown = root.locator(".q-value").inner_text()
            assert control.get_attribute("aria-valuetext") == shown
        else:
            press(root.locator("label").last, configuration)
        press(button, configuration)
        check(root, reveal)
        assert reveal.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


@pages_with("data-predict=")
def test_the_keyboard_is_enough(read, name):
    page = read(name)
    for root in page.locator("[data-predict]").all():
        control = root.locator("input").first
        control.focus()
        before = root.locator(".q-value, :checked").count()
        page.keyboard.press("ArrowRight")
        assert root.locator(".q-value, :checked").count() >= before
        page.keyboard.press("Tab")
        button = root.get_by_role("button")
        assert button.evaluate("e => e === document.activeElement")
        page.keyboard.press("Enter")
        assert check(root, reveal_of(page, root))
        assert button.evaluate("e => e === document.activeElement")


@pages_with("data-predict=")
def test_the_middle_is_an_answer_too(read, name):
    page = read(name)
    for control in page.locator("[data-predict] input[type=range]").all():
        control.click()
        assert control.input_value() == control.get_attribute("value")
        root = control.locator("xpath=ancestor::*[@data-predict]")
        assert root.get_by_role("button").is_enabled()


@pages_with("data-predict=")
def test_a_lock_is_said_once_and_kept_nowhere(read, name):
    page = read(name)
    kept = "JSON.stringify([localStorage, sessionStorage, document.cookie])"
    before = page.evaluate(kept)
    for root in page.locator("[data-predict]").all():
        status = root.get_by_role("status")
        assert status.count() == 1
        status.evaluate(
            "e => { window.said = 0; new MutationObserver(() => said++)"
            ".observe(e, {childList: true}) }"
        )
        if root.locator("label").count():
            root.locator("label").first.click()
        else:
            root.locator("input").click(position={"x": 40, "y": 20})
        assert page.evaluate("said") == 0
        root.get_by_role("button").click()
        root.get_by_role("button").click(force=True)
        assert page.evaluate("said") == 1
    assert page.evaluate(kept) == before
    page.reload()
    for root in page.locator("[data-predict]").all():
        assert root.get_by_role("button").is_disabled()
        assert reveal_of(page, root).locator(".q-wait").is_visible()


@pages_with("data-predict=")
def test_the_result_is_shown_to_who_asks(read, name):
    page = read(name)
    for reveal in page.locator("[data-reveal]").all():
        reveal.get_by_role("button", name="Show the result").click()
        assert reveal.locator(".q-plain").is_visible()
        assert reveal.locator(".q-result").is_visible()
        assert reveal.locator(".q-title").evaluate(
            "e => e === document.activeElement"
        )


@pytest.mark.parametrize("how", ["no script", "paper"])
@pages_with("data-predict=")
def test_the_result_stands_on_paper_and_without_scripts(read, name, how):
    page = read(name, java_script_enabled=how == "paper")
    if how == "paper":
        page.emulate_media(media="print")
    for root in page.locator("[data-predict]").all():
        reveal = reveal_of(page, root)
        assert root.locator(".q-ask").is_visible()
        assert not root.locator("button").is_visible()
        assert reveal.locator(".q-plain").is_visible()
        assert reveal.locator(".q-result").is_visible()
        assert "Not locked" not in reveal.inner_text()
    if how == "no script":
        assert page.locator("[data-predict] input:enabled").count() == 0
        assert page.locator("input[type=range]:visible").count() == 0


@pages_with('class="q-sol')
@pytest.mark.parametrize(
    "configuration", [CONFIGURATIONS[0], PHONE], ids=["mouse", "touch"]
)
def test_what_is_folded_unfolds(read, name, configuration):
    page = read(name, configuration)
    for fold in page.locator("details.q-sol").all():
        summary, inside = (fold.locator(f"> {n}") for n in ("summary", "*"))
        assert summary.bounding_box()["height"] >= 42
        assert not inside.nth(1).is_visible()
        press(summary, configuration)
        assert inside.last.is_visible()
        summary.press("Enter")
        assert not inside.nth(1).is_visible()


@pages_with('class="q-ex"')
def test_a_solution_is_inside_its_exercise(read, name):
    page = read(name)
    numbers = page.locator(".q-ex-head b").all_inner_texts()
    lead = {n.rpartition(".")[0] for n in numbers}
    assert len(lead) == 1
    assert lead.pop().startswith("Exercise ")
    counts = [int(n.rpartition(".")[2]) for n in numbers]
    assert counts == [*range(1, len(counts) + 1)]
    for exercise in page.locator(".q-ex").all():
        fold = exercise.locator("> details.q-sol")
        assert fold.count() == 1
        code = fold.locator(".cell_input pre").last.text_content()
        assert "assert" in code
        assert "Executed by the build." in fold.text_content()


@pages_with("data-predict=")
def test_a_finger_hits_the_controls(read, name):
    page = read(name, PHONE)
    aims = "[data-predict] :is(label, button, input[type=range])"
    for control in page.locator(f"{aims}, .q-wait :is(a, button)").all():
        height = control.bounding_box()["height"]
        assert height >= 42, control.evaluate("e => e.outerHTML")


def test_the_sample_says_what_it_must(read):
    page = read("sample")
    size, share, who = page.locator("[data-predict]").all()
    size.locator("input").focus()
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    size.get_by_role("button").click()
    text = "You said 3 times; it is 24 times: off by a factor of 8."
    assert check(size, reveal_of(page, size)) == text
    share.locator("input").focus()
    page.keyboard.press("End")
    share.get_by_role("button").click()
    text = "You said 100\u00a0%; it is 0.9\u00a0%: off by 99.1 points."
    assert check(share, reveal_of(page, share)) == text
    who.locator("label").nth(1).click()
    who.get_by_role("button").click()
    text = "Right: the zero point # 1."
    assert check(who, reveal_of(page, who)) == text
    heads = page.locator(".q-ex-head").all_inner_texts()
    assert " ".join(heads[0].split()) == (
        "Exercise 1.1 ★★★★ code · 15 minutes · goal: bound"
    )
    fixed = page.locator(".q-museum dd").nth(2)
    assert fixed.inner_text() == "MXNet #11833, 2018"


@pages_with('class="q-museum')
def test_the_museum_lists_the_placard(read, name):
    page = read(name)
    ids = [e.get_attribute("id") for e in page.locator(".q-museum").all()]
    index = read("index" if name == "sample" else "book/museum")
    for at in ids:
        link = index.locator(
            f'.q-bugs a[href$="{name.split("/")[-1]}.html#{at}"]'
        )
        assert link.count() == 1
        assert re.match(r"\d+(\.\d+)? ", link.inner_text())


@pytest.mark.parametrize(
    ("scale", "guess", "x", "said"),
    [
        ("1 1000 log", 3, 24, "it is 24: off by a factor of 8."),
        ("1 1000 log", 100, 24, "it is 24: off by a factor of 4.2."),
        ("1 1000 log", 25, 24, "it is 24: off by less than 5\u00a0%."),
        ("0 100", 17, 24, "it is 24: off by 7."),
        ("0 100", 24, 24.3, "Right: it is 24.3."),
        ("-1.0 1.0", -0.5, 0.25, "You said −0.5; it is 0.25: off by 0.75."),
    ],
)
def test_a_verdict_is_arithmetic(scale, guess, x, said):
    shown = f"{x:g}"
    assert Scale.read(scale).verdict(guess, x, shown).endswith(said)


def test_a_ruler_is_true_to_its_scale():
    scale = Scale.read("1 1000 log")
    assert scale.stops[:4] == (1, 1.2, 1.5, 2)
    assert scale.place(10) == pytest.approx(1 / 3)
    assert scale.labels() == [1, 10, 100, 1000]
    assert scale.place(24) == pytest.approx((1 + 0.38) / 3, abs=0.01)
    assert Scale.read("0 8").stops == tuple(range(9))
    with pytest.raises(ValueError, match="ends before the result"):
        scale.place(2000)


FAULTY = """# Faulty

```{prediction} both
:slider: 1 9
:choices: a | b
Q?
```

```{prediction} marked
:choices: $a$ | b
Q?
```

```{prediction} wide
:slider: 9 1
Q?
```

```{prediction} odd
:slyder: 1 9
Q?
```

```{prediction} good
:slider: 1 9
Q?
```

```{reveal} good
:result: nowhere
```

```{reveal} lonely
:result: nowhere
```

```{exercise} five
:stars: 5
:minutes: 5
:goal: g
Text.
```

```{exercise} Upper
:stars: 1
:minutes: 5
:goal: g
Text.
```

```{solution-start} unknown
```

```{solution-end}
```

```{questionnaire}
No answer.
```

```{museum} poor
:title: t
```
"""
COMPLAINTS = [
    "either :slider: or :choices:",
    "choices are plain words",
    "low < high",
    "has no option :slyder:",
    "No key 'nowhere'",
    "no prediction lonely",
    "1 to 4 stars",
    "small letters",
    "solution of 'unknown' needs its exercise",
    "`Question?` and",
    "needs :cause:",
]


def test_the_build_says_what_is_wrong_with_a_piece(tmp_path):
    run = sphinx(tmp_path, index=FAULTY)
    assert run.returncode == 1
    assert [c for c in COMPLAINTS if c not in run.stderr] == []
