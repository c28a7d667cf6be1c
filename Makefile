# make demo    everything on one machine, with pretend phones
# make test    everything that CI runs
# make format  put the code in order
# make catalogue  bring the translations up to date with the texts in the code

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PORT ?= 8000
# Two workers: the suite is sized for two cores. `make test PYTEST="-n 0 tests/apple"` runs a part.
PYTEST ?= -n 2 --dist loadgroup

.PHONY: demo test lint types tests machine format catalogue clean
.DELETE_ON_ERROR:

demo: .venv/.ready
	@PORT=$(PORT) $(BIN)/walletpass demo

test: machine lint types tests

lint: .venv/.ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.ready-dev
	$(BIN)/mypy

tests: .venv/.ready-dev
	$(BIN)/python -m pytest $(PYTEST)

format: .venv/.ready-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

catalogue: .venv/.ready-dev
	$(BIN)/python -m tests.catalogue

# Debian packages that the tests use, where we may install them. What is missing anyway is reported by the tests.
machine:
	@sh tests/machine.sh

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "walletpass needs Python 3.11 or newer; install it, or say: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.ready: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/.ready-dev: .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
