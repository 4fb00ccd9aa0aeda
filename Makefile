# `make demo` and `make test` each work as the first command on a fresh clone: they set everything up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
SECONDS ?= 600

.PHONY: setup demo test fuzz check bench clean
setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clew needs Python 3.11 or newer; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/clew run caspaxos-contention-storm
	$(BIN)/clew run caspaxos-highest-version; test $$? -eq 1

test: setup
	$(BIN)/pytest -n auto

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: setup
	$(BIN)/python -m tests.checkers.fuzz --seed $(SEED) --seconds $(SECONDS)

bench: setup
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) store build *.egg-info
