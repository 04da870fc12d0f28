# Each target sets up .venv by itself, from nothing but make and Python 3.11 or later.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Without what makes Python slower to start, and coverage measure the measuring.
BENCH := env -u PYTHONDONTWRITEBYTECODE -u COVERAGE_PROCESS_START -u COVERAGE_PROCESS_CONFIG $(BIN)/python -m
# Tests start Python hundreds of times: without bytecode, each would compile connmgr anew.
TEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q
# As many workers as CI has cores: with more, tests that promise an answer in time wait for a core. By file, because
# a module's fixtures are servers and certificates, which every worker with one of its tests makes for itself.
WORKERS ?= 2
SPREAD = --numprocesses $(WORKERS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test soak compat sqlalchemy-tests lint docs bench clean nft

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: $(READY)  ## open two profiles, write and read a row in each, show their health
	@$(BIN)/python -m examples.demo

test: $(READY) nft  ## every test but the slow ones, with branch coverage
	@$(TEST) -m "not slow and not alone" --cov --cov-report= --cov-fail-under=0 $(SPREAD)
	@$(TEST) -m "alone and not slow" --cov --cov-append --cov-report=term

soak: $(READY) nft  ## the slow tests
	@$(BIN)/python -m pytest -q -m slow

compat: $(READY) nft  ## the tests that lean on SQLAlchemy, with the lowest and the highest dependencies
	@$(BIN)/python -m tests.compat

sqlalchemy-tests: $(READY)  ## SQLAlchemy's own pool and engine tests against connmgr's pool
	@$(BIN)/python -m tests.sqlalchemy_suite

lint: $(READY)  ## format, lint, types, and who may import whom
	@$(BIN)/ruff format --check --quiet --output-format concise .
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY)  ## write the reference pages, docs/problems.md and docs/settings.md
	@$(BIN)/python -m docs.generate

bench: $(READY) nft  ## pairs against plain SQLAlchemy and plain Python
	@$(BENCH) benchmarks.startup
	@$(BENCH) benchmarks.session
	@$(BENCH) benchmarks.sessions_empty
	@$(BENCH) benchmarks.autocommit
	@$(BENCH) benchmarks.pool
	@$(BENCH) benchmarks.rivals
	@$(BENCH) benchmarks.spike
	@$(BENCH) benchmarks.fairness
	@$(BENCH) benchmarks.churn
	@$(BENCH) benchmarks.engines
	@$(BENCH) benchmarks.run
	@$(BENCH) benchmarks.breaker
	@$(BENCH) benchmarks.health
	@$(BENCH) benchmarks.probes
	@$(BENCH) benchmarks.telemetry
	@$(BENCH) benchmarks.reload
	@$(BENCH) benchmarks.load
	@$(BENCH) benchmarks.outage

clean:  ## remove environments, caches and builds
	@rm -rf .venv .venv-lowest .venv-highest build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Some tests lose packets, in a network of their own. They say so and skip where nft is missing and cannot be
# installed, and fail where CI is set; so nothing here fails for it.
NFT := PATH="$$PATH:/usr/sbin:/sbin" command -v nft
INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends nftables

nft:
	@$(NFT) >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		$(INSTALL) >/dev/null 2>&1 || { apt-get update --quiet=2 && $(INSTALL); } >/dev/null || true

# pip is the last thing that venv installs: without it, an environment was begun and not finished.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("connmgr needs Python 3.11 or later, and $(PYTHON) is %s: say make PYTHON=python3.12" % sys.version.split()[0])'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint,bench]'
	@touch $@
