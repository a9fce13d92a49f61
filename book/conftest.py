"""Let nbmake run the chapters: Markdown notebooks, as the book build reads
them. `pytest --nbmake book` executes every one of them."""

from unittest import mock

from nbmake.pytest_items import NotebookFile, NotebookItem

from qlib.site import chapters, execute


class ChapterItem(NotebookItem):
    def runtest(self):
        if self.config.option.overwrite:
            raise ValueError("--overwrite would replace the chapter by JSON")
        with mock.patch("nbmake.pytest_items.NotebookRun", execute.ChapterRun):
            super().runtest()


class ChapterFile(NotebookFile):
    def collect(self):
        yield ChapterItem.from_parent(self, filename=str(self.path))


def pytest_configure(config):
    assert execute.cache().db  # made once, before the workers open it


def pytest_collect_file(file_path, parent):
    wanted = parent.config.getoption("nbmake", default=False)
    if wanted and file_path in chapters.notebooks():
        return ChapterFile.from_parent(parent, path=file_path)
    return None
