"""The built book in Chromium: four configurations, nothing but the book.

Theme, width and transport are combined pairwise. A visit that asks another
host for anything, gets an HTTP error, or writes an error to the console
fails its test.
"""

import functools
import http.server
import threading
from dataclasses import dataclass

import pytest
from playwright.sync_api import sync_playwright

from qlib.site.build import SITE
from tests.book import chromium

SUB_PATH = "/some/where"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


@dataclass(frozen=True)
class Configuration:
    theme: str
    width: int
    transport: str

    @property
    def phone(self) -> bool:
        return self.width < 600

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}-{self.transport}"


CONFIGURATIONS = [
    Configuration("light", 1280, "http"),
    Configuration("light", 390, "file"),
    Configuration("dark", 1280, "file"),
    Configuration("dark", 390, "http"),
]


class Handler(http.server.SimpleHTTPRequestHandler):
    """The site below a path, as a project page is served."""

    def log_message(self, *_):
        """A test needs no log of what was served."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(SUB_PATH))


@pytest.fixture(scope="session")
def http_base():
    handler = functools.partial(Handler, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    path = chromium.find()
    assert path, chromium.ADVICE
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def watch(context, page, base):
    """A list that fills with whatever a page must not do."""
    wrong = []

    def route(r):
        url = r.request.url
        if url.startswith((base, "data:", "blob:")):
            r.continue_()
        else:
            wrong.append(f"asked for {url}")
            r.abort()

    context.route("**/*", route)
    page.on(
        "console",
        lambda m: m.type == "error" and wrong.append(f"console: {m.text}"),
    )
    page.on("pageerror", lambda e: wrong.append(f"exception: {e}"))
    page.on(
        "response",
        lambda r: r.status >= 400 and wrong.append(f"{r.status} {r.url}"),
    )
    return wrong


@pytest.fixture
def visit(browser, http_base):
    """visit(name, configuration, at=None, **context options) opens a page;
    `at` is the address of another site than the book."""
    opened = []

    def go(name, configuration=CONFIGURATIONS[0], at=None, **options):
        c = configuration
        context = browser.new_context(
            viewport={"width": c.width, "height": 900},
            color_scheme=c.theme,
            has_touch=c.phone,
            **options,
        )
        page = context.new_page()
        page.set_default_timeout(8000)
        base = http_base if c.transport == "http" else SITE.as_uri()
        base = at or base
        wrong = watch(context, page, base)
        opened.append((context, wrong, name))
        page.goto(f"{base}/{name}.html")
        page.wait_for_load_state("load")
        return page

    yield go
    for context, _, _ in opened:
        context.close()
    assert [(name, w) for _, wrong, name in opened for w in wrong] == []
