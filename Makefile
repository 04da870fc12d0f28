# Each target sets up .venv by itself, from nothing but make and Python 3.11 or later.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint docs bench clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: $(READY)  ## open two profiles, write and read a row in each, show their health
	@$(BIN)/python -m examples.demo

test: $(READY)  ## every test but the slow ones, with branch coverage
	@$(BIN)/python -m pytest -q -m "not slow" --cov --cov-report=term

soak: $(READY)  ## the slow tests
	@$(BIN)/python -m pytest -q -m slow

lint: $(READY)  ## format, lint, types, and who may import whom
	@$(BIN)/ruff format --check --quiet --output-format concise .
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY)  ## write the reference pages, docs/problems.md and docs/settings.md
	@$(BIN)/python -m docs.generate

bench: $(READY)  ## pairs against plain SQLAlchemy and plain Python
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.session
	@$(BIN)/python -m benchmarks.load

clean:  ## remove .venv, caches and builds
	@rm -rf .venv build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is the last thing that venv installs: without it, an environment was begun and not finished.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("connmgr needs Python 3.11 or later, and $(PYTHON) is %s: say make PYTHON=python3.12" % sys.version.split()[0])'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint,bench]'
	@touch $@
