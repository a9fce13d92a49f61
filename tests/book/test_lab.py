"""`make lab`: widgets run with the kernel, and no work is ever lost."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import nbformat
import pytest

from qlib.affine import affine_qparams
from qlib.grid import INT4
from qlib.site.notebook.lab import command, lay_out
from qlib.site.notebook.writer import LANGUAGE

TOKEN = "integers-only"
PATIENCE = 60  # seconds for what a slow machine may take
CELLS = [
    "from ipywidgets import Label\n\n"
    "from qlib.affine import affine_qparams\n"
    "from qlib.grid import INT4\n"
    "from qlib.widgets.affine_ruler import AffineRuler\n\n"
    "ruler, says = AffineRuler(), Label('the kernel waits')\n\n\n"
    "def compute(change):\n"
    "    qp = affine_qparams(ruler.rmin, ruler.rmax, INT4)\n"
    "    says.value = f'rmax {ruler.rmax} gives Z {qp.zero_point}'\n\n\n"
    "ruler.observe(compute, 'rmax')",
    "says",
    "ruler",
]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab that `make lab` would start, on a folder
    with one notebook. It never outlives the test."""
    nb = nbformat.v4.new_notebook(
        metadata=LANGUAGE,  # or JupyterLab asks for a kernel
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
    )
    nbformat.write(nb, tmp_path / "ruler.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [f"--port={port}", "--ServerApp.port_retries=0", "--no-browser"]
    token = f"--IdentityProvider.token={TOKEN}"
    own = ("config", "data", "runtime")
    env = {f"JUPYTER_{k.upper()}_DIR": str(tmp_path / k) for k in own}
    env |= {"IPYTHONDIR": str(tmp_path / "ipython"), "NO_PROXY": "127.0.0.1"}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command(tmp_path, [*flags, token]),
            env=os.environ | env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield arrived(f"http://127.0.0.1:{port}", server, tmp_path / "log")
        finally:
            stop(server)


def arrived(base, server, log):
    """The address, as soon as the server answers."""
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(4 * PATIENCE):
        assert server.poll() is None, log.read_text()
        try:
            with local.open(f"{base}/api?token={TOKEN}", timeout=5):
                return base
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


def stop(server):
    """The server and its kernels, which are in its process group."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)


def test_a_drag_reaches_the_kernel_and_its_answer_comes_back(lab, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(f"{lab}/lab/tree/ruler.ipynb?token={TOKEN}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    root = page.locator("[data-widget]")
    root.wait_for()
    page.get_by_text("the kernel waits", exact=True).wait_for()
    rmax = root.locator('[data-trait="rmax"]')
    rmax.scroll_into_view_if_needed()
    rmax.focus()
    page.keyboard.press("ArrowRight")
    # rmax was 3.0: on int4 [-8, 7], Z is round(-8 + 15 / 4.1) = -4
    page.get_by_text("rmax 3.1 gives Z -4", exact=True).wait_for()
    box = rmax.bounding_box()
    low, high, now = rmax.evaluate("e => [+e.min, +e.max, +e.value]")
    x = box["x"] + 11 + (now - low) / (high - low) * (box["width"] - 22)
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=6)
    page.mouse.up()
    now = float(rmax.evaluate("e => e.value / e.dataset.perUnit"))
    assert now < 3
    Z = affine_qparams(-1.0, now, INT4).zero_point
    page.get_by_text(f"rmax {now} gives Z {Z}", exact=True).wait_for()
    context.close()


# The folder that a reader works in


@pytest.fixture
def desk(tmp_path):
    """made(text) puts a new notebook among the generated ones."""
    (tmp_path / "made").mkdir()

    def made(text):
        (tmp_path / "made/a-work.ipynb").write_text(text)
        lay_out(tmp_path / "made", tmp_path / "desk")
        files = sorted((tmp_path / "desk").glob("*.ipynb"))
        return {f.name: f.read_text() for f in files}

    return made


def test_an_untouched_copy_becomes_the_new_one(desk):
    assert desk("1") == {"a-work.ipynb": "1"}
    assert desk("2") == {"a-work.ipynb": "2"}


def test_a_copy_that_was_worked_in_is_never_written_again(desk, tmp_path):
    desk("1")
    mine = tmp_path / "desk/a-work.ipynb"
    mine.write_text("1 and my work")
    assert desk("1") == {"a-work.ipynb": "1 and my work"}
    both = {"a-work.ipynb": "1 and my work", "a-work-2.ipynb": "2"}
    assert desk("2") == both
    assert desk("2") == both
    (tmp_path / "desk/a-work-2.ipynb").write_text("2, worked in")
    three = desk("3")
    assert three.pop("a-work-3.ipynb") == "3"
    assert three == both | {"a-work-2.ipynb": "2, worked in"}


def test_a_file_that_nobody_gave_is_the_readers(desk, tmp_path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk/a-work.ipynb").write_text("found here")
    assert desk("1") == {"a-work.ipynb": "found here", "a-work-2.ipynb": "1"}
    memory = json.loads((tmp_path / "desk/.given.json").read_text())
    assert list(memory) == ["a-work-2.ipynb"]
