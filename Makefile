# Everything a contributor runs. `make help` lists it.

PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCE := posture checks reports policies

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help apt-run apt-test dev lint typed test proof demo lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

apt-run:
	@sh tools/apt_install.sh requirements/debian-run.txt

apt-test:
	@sh tools/apt_install.sh requirements/debian-run.txt requirements/debian-test.txt

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# The build lock comes first: an sdist among the dependencies is then built with locked tools.
.venv/.run: .venv/.made requirements/build.lock requirements/run.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements/build.lock
	$(PIP) install --require-hashes --no-build-isolation -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.run requirements/test.lock
	$(PIP) install --require-hashes --no-build-isolation -r requirements/test.lock
	@touch $@

dev: apt-run ## .venv with everything to work on posture
	@$(MAKE) --no-print-directory .venv/.test

# mypy does not run the hook that joins the four folders under one import name, so links do.
typed:
	@rm -rf build/typed && mkdir -p build/typed/posture
	@ln -s $(CURDIR)/posture/* $(CURDIR)/checks $(CURDIR)/reports $(CURDIR)/policies build/typed/posture
	@ln -s $(CURDIR)/tests $(CURDIR)/tools build/typed

MYPY = cd build/typed && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml

lint: dev typed ## style and types, the latter for three operating systems
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MYPY) --platform linux --cache-dir $(CURDIR)/.mypy_cache/linux -p posture -p tests -p tools
	$(MYPY) --platform darwin --cache-dir $(CURDIR)/.mypy_cache/darwin -p posture
	$(MYPY) --platform win32 --cache-dir $(CURDIR)/.mypy_cache/win32 -p posture

test: apt-test lint ## what CI runs: lint, every test, the coverage gate
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	@mkdir -p build
	$(BIN)/coverage json --quiet -o build/coverage.json
	$(BIN)/python tools/coverage_gate.py build/coverage.json

proof: apt-test dev ## the tests at the counts that the documentation states
	POSTURE_PROOF=1 $(BIN)/python -m pytest

demo: apt-run ## audit the demo office, write demo-report/
	@$(MAKE) --no-print-directory .venv/.run
	@$(BIN)/posture demo --out demo-report

# --universal: one lock for Linux, macOS and Windows. No registry is named in a lock.
COMPILE = build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

lock: ## resolve the locked versions again (UPGRADE=--upgrade for newer ones)
	@test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv; }
	$(COMPILE) --group build -o requirements/build.lock
	$(COMPILE) pyproject.toml -c requirements/build.lock -o requirements/run.lock
	$(COMPILE) --group build --group test -c requirements/build.lock -c requirements/run.lock \
	    -o requirements/test.lock

clean: ## remove everything that make made
	rm -rf .venv build dist demo-report .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache \
	    .ruff_cache *.egg-info
	find $(SOURCE) tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
