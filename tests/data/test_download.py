"""Downloads from a mirror on loopback that has the faults of real ones."""

import os
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from qlib.data.download import Progress, Remote, cache_folder, fetch
from tests.data.loopback import dead_url, mirror, remote

DATA = np.random.default_rng(5).bytes(100_000)
NAME = "set/file.bin"


@pytest.fixture
def served(cache):
    with mirror({"file.bin": DATA}) as server:
        yield server


def from_mirrors(served, *manners):
    return remote(NAME, DATA, *(served.url(m, "file.bin") for m in manners))


def left_in(cache):
    return sorted(p.name for p in (cache / "set").iterdir())


def test_a_good_file_arrives_and_is_not_asked_for_again(served, cache):
    file = from_mirrors(served, "good")
    assert fetch(file) == cache.resolve() / NAME
    assert fetch(file).read_bytes() == DATA
    assert served.asked == [("good", "bytes=0-")]
    assert left_in(cache) == ["file.bin"]


def test_a_file_with_another_digest_is_never_given(served, cache):
    url = served.url("good", "file.bin")
    other = Remote(NAME, 64 * "0", len(DATA), (url,))
    with pytest.raises(FileNotFoundError, match="does not match"):
        fetch(other)
    assert left_in(cache) == []


def test_an_altered_file_in_the_cache_is_replaced(served, cache):
    (cache / "set").mkdir(parents=True)
    (cache / NAME).write_bytes(DATA[:-1] + b"x")
    assert fetch(from_mirrors(served, "good")).read_bytes() == DATA


def test_an_altered_file_is_named_when_no_mirror_answers(cache):
    (cache / "set").mkdir(parents=True)
    (cache / NAME).write_bytes(b"altered")
    with pytest.raises(FileNotFoundError, match="has another SHA-256"):
        fetch(remote(NAME, DATA, dead_url()))
    assert (cache / NAME).read_bytes() == b"altered"
    assert left_in(cache) == ["file.bin"]


@pytest.mark.parametrize("fault", ["gone", "sorry"])
def test_the_second_mirror_serves_where_the_first_fails(fault, served, cache):
    assert fetch(from_mirrors(served, fault, "good")).read_bytes() == DATA
    assert [manner for manner, _ in served.asked] == [fault, "good"]
    assert served.asked[-1][1] == "bytes=0-"  # nothing of the apology is kept


def test_the_second_mirror_serves_where_nobody_listens(served, cache):
    url = served.url("good", "file.bin")
    assert fetch(remote(NAME, DATA, dead_url(), url)).read_bytes() == DATA


def test_a_connection_that_breaks_is_taken_up_again(served, cache):
    assert fetch(from_mirrors(served, "breaks")).read_bytes() == DATA
    starts = [int(r.removeprefix("bytes=")[:-1]) for _, r in served.asked]
    assert starts[0] == 0
    assert len(starts) > 2
    assert (np.diff(starts) > 0).all()


def test_a_later_call_asks_for_the_rest_only(served, cache):
    file = from_mirrors(served, "breaks-once")
    with pytest.raises(FileNotFoundError, match="404 Client Error"):
        fetch(file)
    assert left_in(cache) == ["file.bin.part"]
    here = (cache / f"{NAME}.part").read_bytes()
    assert DATA.startswith(here)
    served.asked.clear()
    assert fetch(from_mirrors(served, "good")).read_bytes() == DATA
    assert served.asked == [("good", f"bytes={len(here)}-")]
    assert left_in(cache) == ["file.bin"]


def test_a_mirror_without_ranges_begins_anew(served, cache):
    (cache / "set").mkdir(parents=True)
    (cache / f"{NAME}.part").write_bytes(b"x" * 70_000)
    assert fetch(from_mirrors(served, "ignores")).read_bytes() == DATA


@pytest.mark.parametrize("length", [99_999, 100_000, 200_000])
def test_a_spoilt_part_is_mended_by_the_next_mirror(length, served, cache):
    (cache / "set").mkdir(parents=True)
    (cache / f"{NAME}.part").write_bytes(b"x" * length)
    assert fetch(from_mirrors(served, "good", "good")).read_bytes() == DATA
    assert left_in(cache) == ["file.bin"]


def test_offline_the_error_says_which_file_to_put_where(cache):
    file = remote(NAME, DATA, dead_url(), dead_url())
    with pytest.raises(FileNotFoundError) as caught:
        fetch(file)
    text = str(caught.value)
    for part in (
        NAME,
        *file.urls,
        f"Put the file at {cache.resolve() / NAME}",
        f"100000 bytes and the SHA-256 {file.sha256}",
        f"The folder {cache.resolve()} can be another: set QLIB_DATA",
    ):
        assert part in text
    assert left_in(cache) == []


def test_a_file_put_there_by_hand_needs_no_network(cache):
    (cache / "set").mkdir(parents=True)
    (cache / NAME).write_bytes(DATA)
    assert fetch(remote(NAME, DATA, dead_url())) == cache.resolve() / NAME


def test_the_cache_folder_is_the_systems_unless_it_is_moved(monkeypatch):
    monkeypatch.setenv("QLIB_DATA", "~/elsewhere")
    assert cache_folder().parts[-1] == "elsewhere"
    assert "~" not in str(cache_folder())
    monkeypatch.setenv("QLIB_DATA", "")
    assert cache_folder().parts[-1] == "qlib"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "0" * 63}, "64 hexadecimal digits, got '000"),
        ({"sha256": "G" * 64}, "64 hexadecimal digits, got 'GGG"),
        ({"size": 0}, "needs bytes and mirrors, got 0 and"),
        ({"size": 1.5}, "size must be an integer, got 1.5"),
        ({"urls": ()}, r"needs bytes and mirrors, got 1 and \(\)"),
    ],
)
def test_a_file_that_cannot_be_checked_is_refused(change, message):
    good = {"name": "a", "sha256": "0" * 64, "size": 1, "urls": ("http://a",)}
    with pytest.raises(ValueError, match=message):
        Remote(**good | change)


def test_progress_goes_to_a_terminal(monkeypatch):
    ours, theirs = os.openpty()
    kept = SimpleNamespace(_original_stdstream_copy=theirs)
    monkeypatch.setattr(sys, "stderr", kept)
    bar = Progress("file", 4_000_000)
    bar.total = 3_000_000  # of which the first million was there before
    bar.update(1_000_000)
    bar.reset()
    bar.update(3_000_000)
    bar.close()
    said = ""
    while not said.endswith("\n"):  # a terminal hands over what it has
        said += os.read(ours, 1000).decode()
    os.close(ours)
    os.close(theirs)
    assert said.split("\r")[1:3] == [
        "file 2.0 of 4.0 MB",
        "file 4.0 of 4.0 MB",
    ]


def test_progress_is_silent_without_a_terminal(served, cache, capfd):
    fetch(from_mirrors(served, "breaks"))
    assert capfd.readouterr() == ("", "")


def test_progress_never_ends_up_on_a_page(served, cache):
    file = from_mirrors(served, "gone", "breaks")
    source = f"from qlib.data.download import *\nfetch({file!r});"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(book, kernel_name="python3").execute()
    assert book.cells[0].outputs == []
    assert (cache / NAME).read_bytes() == DATA
