"""How long a drag takes to reach the screen, for every widget of the book.

    .venv/bin/python -m benchmarks.drag

For each range of each widget, 200 pointer moves across the stage, first with
the button up, when nothing moves, then down. Each is timed from the browser's
time stamp of the move to the task after the frame that shows it, and from the
start of that frame, which leaves out the wait for it. Median and 95th
percentile. The book must have been built.
"""

from playwright.sync_api import sync_playwright

from qlib.site.build import SITE
from tests.book import chromium
from tests.book.conftest import FLAGS
from tests.book.test_widgets import PAGES

MOVES = 200
WATCH = """root => {
  window.times = [];
  root.onpointermove = e => requestAnimationFrame(frame => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => times.push(
      [performance.now() - e.timeStamp, performance.now() - frame]);
    port2.postMessage(0);
  });
}"""


def drag(page, root, control, down):
    """Move the pointer over the range's whole way: milliseconds, sorted."""
    control.scroll_into_view_if_needed()
    root.evaluate(WATCH)
    box = control.bounding_box()
    y = box["y"] + box["height"] / 2
    share = control.evaluate("e => (e.value - e.min) / (e.max - e.min)")
    page.mouse.move(box["x"] + 11 + share * (box["width"] - 22), y)
    if down:
        page.mouse.down()
    for k in range(MOVES):
        page.mouse.move(box["x"] + box["width"] * (k % 100) / 100, y)
    page.mouse.up()
    times = page.evaluate("window.times")
    return [sorted(each) for each in zip(*times, strict=True)]


def said(times):
    """Median and 95th percentile."""
    median, p95 = (times[int(p * len(times))] for p in (0.5, 0.95))
    return f"{median:.1f} / {p95:.1f} ms"


def main():
    with sync_playwright() as p:
        path = chromium.find()
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        for name in PAGES:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto((SITE / f"{name}.html").as_uri())
            page.wait_for_selector("[data-widget]")
            for root in page.locator(".static-widget [data-widget]").all():
                for control in root.locator("[type=range]").all():
                    trait = control.get_attribute("data-trait")
                    for button in ("up", "down"):
                        down = button == "down"
                        whole, work = drag(page, root, control, down)
                        print(
                            f"{name} {trait}, button {button}: {said(whole)}, "
                            f"from the frame's start {said(work)}"
                        )
        browser.close()


if __name__ == "__main__":
    main()
