"""The build gate: each fault that it must see is planted once."""

import pytest

from qlib.site import gate
from qlib.site.build import SITE
from qlib.site.chapters import pages, toc

WHOLE = """<html><head><script src="a.js"></script></head><body>
<h1 id="top">t</h1><img src="a.png" alt="three codes on a line">
<svg role="img" aria-label="a line"></svg><a href="page.html#top">up</a>
<a href="https://example.org/paper">a link is no load</a></body></html>"""

FAULTS = {
    "loads": [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<script>import("https://cdn.example.org/x.js")</script>',
        '<script type="module">import a from "https://x.org/a"</script>',
        '<link rel="stylesheet" href="https://fonts.example.org/f.css">',
        '<link rel="preload" href="https://fonts.example.org/f.woff2">',
        "<style>@import 'https://fonts.example.org/f.css';</style>",
        '<style>a {background: url("https://x.org/a.png")}</style>',
        '<p style="background:url(https://x.org/a.png)">x</p>',
        '<img src="https://x.org/a.png" alt="a line of codes">',
        '<img srcset="https://x.org/a.png 2x" alt="a line of codes">',
        '<iframe src="https://x.org/"></iframe>',
    ],
    "without words": [
        '<img src="a.png">',
        '<img src="a.png" alt="">',
        '<img src="a.png" alt="../_images/0a1b.png">',
        "<svg><path/></svg>",
    ],
    "points to": [
        '<a href="nowhere.html">x</a>',
        '<a href="page.html#nowhere">x</a>',
        '<a href="#nowhere">x</a>',
    ],
}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "page.html").write_text(WHOLE, "utf8")
    return tmp_path


def test_a_whole_site_passes(site):
    assert gate.faults(site, ["page"]) == []


@pytest.mark.parametrize(
    ("kind", "planted"), [(k, p) for k, v in FAULTS.items() for p in v]
)
def test_the_gate_sees(site, kind, planted):
    page = site / "page.html"
    page.write_text(WHOLE.replace("</body>", planted + "</body>"), "utf8")
    (fault,) = gate.faults(site, ["page"])
    assert kind in fault


def test_the_gate_sees_a_host_in_a_style_sheet_and_in_a_module(site):
    (site / "a.css").write_text("a { src: url(https://x.org/f.woff2) }")
    (site / "a.js").write_text("import x from 'https://x.org/x.js';")
    assert len(gate.faults(site, ["page"])) == 2


def test_the_gate_misses_a_page_that_was_not_built(site):
    (fault,) = gate.faults(site, ["page", "other"])
    assert "other.html" in fault


def test_the_book_itself_passes():
    assert gate.faults(SITE, [name for name, _ in pages(toc())]) == []
