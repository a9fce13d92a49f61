"""Every page, as a reader gets it."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from qlib.site.build import SITE
from qlib.site.chapters import pages, toc
from tests.book.conftest import CONFIGURATIONS, Configuration

MEGABYTE = 1_000_000
PAGES = [name for name, _ in pages(toc())]
WITH_SEARCH = [*PAGES, "search"]

# What the theme and Sphinx themselves do, by rule and start of the element.
THEIRS = {
    ("label-content-name-mismatch", '<button class="btn btn-sm'),
    ("label-content-name-mismatch", '<summary aria-label="Toggle hidden'),
    ("region", '<div class="sidebar-primary-item'),
    ("aria-allowed-role", '<div class="citation"'),
    ("aria-deprecated-role", '<div class="citation"'),
    ("aria-required-children", '<div role="list" class="citation-list"'),
}

every_page = pytest.mark.parametrize("name", WITH_SEARCH)
every_configuration = pytest.mark.parametrize(
    "configuration", CONFIGURATIONS, ids=str
)


def overflow(page):
    """How many pixels the page is wider than the window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - window.innerWidth"
    )


@every_configuration
@every_page
def test_a_page_opens_without_complaint_and_fits(visit, name, configuration):
    page = visit(name, configuration)
    page.wait_for_timeout(300)
    assert page.locator("main h1:visible").count() == 1
    assert page.evaluate("document.documentElement.dataset.theme") == (
        configuration.theme
    )
    assert overflow(page) <= 0


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_320_pixels(visit, name):
    page = visit(name, Configuration("light", 320, "http"))
    page.wait_for_timeout(300)
    assert overflow(page) <= 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@every_page
def test_axe_finds_nothing_that_is_ours(visit, name, theme):
    page = visit(name, Configuration(theme, 1280, "http"))
    page.wait_for_timeout(300)
    options = {"preload": False}  # or axe asks for style sheets by itself
    violations = Axe().run(page, options=options).response["violations"]
    found = [
        (v["id"], node["html"][:200])
        for v in violations
        for node in v["nodes"]
    ]
    ours = [
        (rule, html)
        for rule, html in found
        if not any(rule == r and html.startswith(s) for r, s in THEIRS)
    ]
    assert ours == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(visit, name, record_property):
    got = {}
    page = visit("search")  # a context; its own files are not counted
    page.context.clear_cookies()
    page.on("response", lambda r: got.update({r.url: len(r.body())}))
    page.goto(page.url.replace("search.html", f"{name}.html"))
    page.wait_for_load_state("networkidle")
    own = (SITE / f"{name}.html").stat().st_size
    own += sum(n for url, n in got.items() if "/_images/" in url)
    record_property("own_bytes", own)
    assert own <= MEGABYTE


@pytest.mark.parametrize("name", PAGES)
def test_a_first_visit_is_light(browser, http_base, name):
    context = browser.new_context()
    page = context.new_page()
    got = []
    page.on("response", lambda r: got.append((len(r.body()), r.url)))
    page.goto(f"{http_base}/{name}.html")
    page.wait_for_load_state("networkidle")
    context.close()
    assert sum(n for n, _ in got) <= 1.5 * MEGABYTE, sorted(got)[-5:]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_without_scripts(visit, name):
    page = visit(name, java_script_enabled=False)
    for picture in page.locator(".q-fallback").all():
        assert picture.locator("svg").first.is_visible()
        assert "Notice." in picture.inner_text()
    assert page.locator(".bd-article h1").is_visible()


def test_search_finds_a_word_of_the_book(visit):
    page = visit("search")
    page.goto(f"{page.url}?q=nudge")
    page.wait_for_selector("#search-results li a")
    texts = page.locator("#search-results li").all_inner_texts()
    assert any("affine map" in text for text in texts)
