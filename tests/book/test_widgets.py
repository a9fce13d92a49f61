"""Every control of every widget on every page, operated as a reader would.

A control is set to three places; after each, every readout, and the spoken
value of every range, must be what qlib computes for what the controls say.
Nothing here names a widget: pages and controls are found.
"""

import importlib

import pytest

from qlib.site.build import SITE
from tests.book.conftest import CONFIGURATIONS, Configuration

VIEW = "application/vnd.jupyter.widget-view+json"
PAGES = [
    path.relative_to(SITE).with_suffix("").as_posix()
    for path in sorted(SITE.rglob("*.html"))
    if VIEW in path.read_text("utf8")
]
THUMB = 11  # half the width of a range's thumb

READ = """root => {
  const traits = {}, shown = {};
  for (const e of root.querySelectorAll("[data-trait]")) {
    const name = e.dataset.trait, unit = +(e.dataset.perUnit ?? 1);
    if (e.type === "radio") { if (e.checked) traits[name] = e.value; }
    else if (e.type === "checkbox") traits[name] = e.checked;
    else if (e.type === "range" || e.type === "number")
      traits[name] = +e.value / unit;
    else traits[name] = e.value;
    if (e.type === "range")
      shown["valuetext:" + name] = e.getAttribute("aria-valuetext");
  }
  for (const e of root.querySelectorAll("[data-readout]"))
    shown[e.dataset.readout] = e.textContent;
  return [traits, shown];
}"""


class Live:
    """One widget on an open page."""

    def __init__(self, page, root, configuration):
        self.page, self.root = page, root
        self.configuration = configuration
        module, name = root.get_attribute("data-widget").rsplit(".", 1)
        self.cls = getattr(importlib.import_module(module), name)

    def check(self):
        """What is shown, compared with qlib."""
        self.page.evaluate("new Promise(requestAnimationFrame)")
        traits, shown = self.root.evaluate(READ)
        expected = self.cls.expected(**self.cls.read(traits))
        assert shown, "a widget has readouts"
        assert {k: expected[k] for k in shown} == shown, traits
        return shown

    def controls(self, kind):
        return self.root.locator(f"[data-trait][type={kind}]").all()

    def centre(self, control, share):
        """Where the thumb is when the range stands at a share of its way."""
        box = control.bounding_box()
        x = box["x"] + THUMB + share * (box["width"] - 2 * THUMB)
        return x, box["y"] + box["height"] / 2

    def share(self, control):
        return control.evaluate("e => (e.value - e.min) / (e.max - e.min)")

    def drag(self, control, share):
        """By mouse on a desk, by finger on a phone."""
        control.scroll_into_view_if_needed()
        start = self.centre(control, self.share(control))
        end = self.centre(control, share)
        if self.configuration.phone:
            return self.swipe(start, end)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()
        return None

    def swipe(self, start, end):
        session = self.page.context.new_cdp_session(self.page)

        def touch(kind, *points):
            at = [{"x": x, "y": y} for x, y in points]
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": at}
            )

        touch("touchStart", start)
        for k in range(1, 6):
            move = [
                a + (b - a) * k / 5 for a, b in zip(start, end, strict=True)
            ]
            touch("touchMove", move)
        touch("touchEnd")

    def choose(self, control):
        """Press what a reader presses: the label around the input."""
        label = control.locator("xpath=ancestor::label")
        target = label if label.count() else control
        if self.configuration.phone:
            target.tap()
        else:
            target.click()


@pytest.fixture
def widgets(visit):
    """widgets(page name, configuration) -> the live widgets of a page."""

    def find(name, configuration):
        page = visit(name, configuration)
        page.wait_for_selector(".static-widget [data-widget]")
        scripts = page.locator(f'script[type="{VIEW}"]').count()
        roots = page.locator(".static-widget [data-widget]").all()
        assert len(roots) == scripts, "every widget of the page is alive"
        assert page.locator("[data-unsupported]").count() == 0
        assert page.locator(".static-widget[role=alert]").count() == 0
        kickers = page.locator("[data-widget] .q-kicker").all_inner_texts()
        ends = [f".{k + 1}" for k in range(len(roots))]
        assert [k[-2:] for k in kickers] == ends, "widgets are counted"
        return [Live(page, root, configuration) for root in roots]

    return find


every_widget_page = pytest.mark.parametrize("name", PAGES)
every_configuration = pytest.mark.parametrize(
    "configuration", CONFIGURATIONS, ids=str
)


def test_there_are_widgets_in_the_book():
    assert PAGES


@every_configuration
@every_widget_page
def test_ranges_follow_the_pointer(widgets, name, configuration):
    for live in widgets(name, configuration):
        for control in live.controls("range"):
            seen = [live.check()]
            for share in (0.2, 0.8, 0.5):
                live.drag(control, share)
                seen.append(live.check())
            assert any(s != seen[0] for s in seen), "a drag changes a readout"


@every_configuration
@every_widget_page
def test_ranges_follow_the_keyboard(widgets, name, configuration):
    for live in widgets(name, configuration):
        for control in live.controls("range"):
            control.focus()
            seen = [live.check()]
            for key in ("Home", "PageUp", "ArrowRight", "End", "ArrowLeft"):
                live.page.keyboard.press(key)
                seen.append(live.check())
            assert any(s != seen[0] for s in seen)
            assert control.evaluate("e => e === document.activeElement")


@every_configuration
@every_widget_page
def test_choices_and_switches_change_what_is_shown(
    widgets, name, configuration
):
    for live in widgets(name, configuration):
        for kind in ("radio", "checkbox"):
            for control in live.controls(kind):
                before = live.check()
                was = control.is_checked()
                live.choose(control)
                after = live.check()
                if kind == "checkbox":
                    live.choose(control)
                    live.check()
                assert was or before != after


@every_configuration
@every_widget_page
def test_selects_and_numbers_change_what_is_shown(
    widgets, name, configuration
):
    for live in widgets(name, configuration):
        for control in live.root.locator("select[data-trait]").all():
            values = control.evaluate("e => [...e.options].map(o => o.value)")
            for value in [values[0], values[-1], values[len(values) // 2]]:
                control.select_option(value)
                live.check()
        for control in live.controls("number"):
            low, high = control.evaluate("e => [+e.min, +e.max]")
            for value in (low, high, (low + high) // 2):
                control.fill(str(value))
                control.press("Enter")
                live.check()


@every_widget_page
def test_every_entry_of_a_select_is_true_at_three_places(widgets, name):
    for live in widgets(name, CONFIGURATIONS[0]):
        for select in live.root.locator("select[data-trait]").all():
            for option in select.locator("option").all():
                select.select_option(option.get_attribute("value"))
                for control in live.controls("range"):
                    seen = []
                    for share in (0.1, 0.5, 0.9):
                        live.drag(control, share)
                        seen.append(live.check())
                    assert len({s["notice"] for s in seen}) == len(seen)


@every_widget_page
def test_reset_brings_back_the_start(widgets, name):
    for live in widgets(name, CONFIGURATIONS[0]):
        start = live.check()
        for control in live.controls("range"):
            control.focus()
            live.page.keyboard.press("ArrowRight")
        for control in live.controls("radio"):
            live.choose(control)
        assert live.check() != start
        live.root.get_by_role("button", name="Reset").click()
        assert live.check() == start


@every_widget_page
def test_a_widget_follows_a_change_of_width(widgets, name):
    for live in widgets(name, CONFIGURATIONS[0]):
        live.page.set_viewport_size({"width": 390, "height": 900})
        live.page.wait_for_timeout(200)
        live.check()
        wide = live.root.evaluate("e => e.scrollWidth - e.clientWidth")
        assert wide <= 0


@every_widget_page
def test_a_range_is_as_easy_to_hit_as_a_finger_is_wide(widgets, name):
    phone = Configuration("light", 390, "http")
    for live in widgets(name, phone):
        controls = live.root.locator("[data-trait], button").all()
        for control in controls:
            label = control.locator("xpath=ancestor::label")
            box = (label if label.count() else control).bounding_box()
            assert box["height"] >= 44, control.evaluate("e => e.outerHTML")
