# Integers Only. `make book` and `make test` do all the set-up themselves.
PYTHON ?= python3
PY := .venv/bin/python
CORE := .venv-core/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help book surface test witness serve check quick clean core notebooks lab

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

book: surface ## install, measure, execute the chapters, build _build/html
	$(PY) -m qlib.site.execute
	$(PY) -m qlib.site.notebook.export
	$(PY) -m qlib.site.build

surface: .venv/book ## measure what clipping costs, kept by digest: 2 minutes, once
	$(PY) -m qlib.surface

test: .venv/test book check core ## everything below `make book`, and every test but the witnesses
	$(PY) -m tests.book.chromium
	$(PY) -m pytest tests --ignore tests/witness

witness: .venv/test ## qlib beside gemmlowp's header and an Arm emulator, from Debian
	$(PY) -m tests.witness.tools
	$(PY) -m pytest tests/witness

check: .venv/test ## style, types and the examples in the docstrings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy qlib
	$(PY) -m pytest -q --doctest-modules qlib

core: .venv-core/ready ## the core's tests where only numpy and pytest are
	$(CORE) -m pytest -q tests/core

quick: .venv/test surface ## what one edit needs: stale chapters, core and house tests
	$(PY) -m qlib.site.execute
	$(PY) -m pytest -q -x tests/core tests/house

notebooks: surface ## one notebook per page to read, one to work in
	$(PY) -m qlib.site.execute
	$(PY) -m qlib.site.notebook.export

lab: .venv/lab notebooks ## work in the notebooks, in JupyterLab; your work is kept
	$(PY) -m qlib.site.notebook.lab

serve: book ## read the book at a loopback address
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

clean: ## remove what was built; the environments stay
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "The book is pinned to Python 3.11, got: $$($(PYTHON) --version). Try: make book PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/book: requirements.txt pyproject.toml | .venv/bin/python
	$(PY) -m pip install -q -r requirements.txt
	$(PY) -m pip install -q --no-deps -e .
	$(PY) -m pip check
	@touch $@

.venv/lab: requirements-lab.txt .venv/book
	$(PY) -m pip install -q -r requirements-lab.txt
	$(PY) -m pip check
	@touch $@

.venv/test: requirements-test.txt requirements-lab.txt .venv/book
	$(PY) -m pip install -q -r requirements-test.txt
	$(PY) -m pip check
	@touch $@

.venv-core/ready: requirements.txt | .venv/bin/python
	$(PY) -m venv .venv-core
	$(CORE) -m pip install -q $$(grep -E '^(numpy|pytest)==' requirements.txt)
	@touch $@
