# `make demo` and `make test` each work as the first command on a fresh clone: they set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
SEED ?= 1
SECONDS ?= 600

.PHONY: help demo test check fuzz bench readme clean
help:
	@echo 'make demo     break a correct cluster, then find a real bug in a broken one'
	@echo 'make test     pass the tests'
	@echo 'make check    lint, format and types'
	@echo 'make fuzz     engines against each other and every shipped plan on many seeds, each for SECONDS=600, from SEED=1;'
	@echo '              100 kills of live runs, which must leave nothing; and the long tests'
	@echo 'make bench    measure the figures of docs/measured.md'
	@echo 'make readme   run the commands of the pages and write what they print into the pages'
	@echo 'make clean    remove what the others made'

# One environment with two stamps: $(VENV)/clew says that clew runs, $(VENV)/dev that it can be tested too.
# pip compiles what it installs: a module that is compiled later, by a test on a full disk, would be cut off.
$(VENV)/clew: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clew needs Python 3.11 or newer; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/dev: $(VENV)/clew
	$(PIP) --editable '.[dev]'
	touch $@

demo: $(VENV)/clew
	$(BIN)/clew run caspaxos-contention-storm
	$(BIN)/clew run caspaxos-highest-version; test $$? -eq 1

test: $(VENV)/dev
	$(BIN)/python -m tests.checkers.compile
	$(BIN)/pytest -n auto --dist worksteal -rs

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.checkers.fuzz --seed $(SEED) --seconds $(SECONDS)
	$(BIN)/python -m tests.harness.fuzz --first $(SEED)000 --seconds $(SECONDS)
	$(BIN)/python -m tests.harness.runtime.live.kills --kills 100 --seed $(SEED)
	$(BIN)/pytest -n auto --dist worksteal -rs -m long

bench: $(VENV)/dev
	$(BIN)/python -m tests.benchmarks

readme: $(VENV)/dev
	$(BIN)/python -m tests.readme --write

clean:
	rm -rf $(VENV) store build src/*.egg-info
