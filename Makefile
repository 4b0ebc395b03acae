# Two commands on a fresh machine: `make demo` and `make test`. Both build .venv from requirements.lock first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH := torch==2.13.0
export PYTHONDONTWRITEBYTECODE =  # tests start hundreds of processes: they shall not compile everything anew
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

.PHONY: help demo test check types fast format serve docs lock licences clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("radweave needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-compile $(TORCH)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $(READY)

demo: $(READY)  ## the main job on the built-in cohort, into demo/
	$(BIN)/radweave demo demo

test: $(READY)  ## every test that this machine can run
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(4, os.cpu_count() + 1))') --dist loadfile --no-loadscope-reorder

check: $(READY)  ## format, lint, types, architecture and fast tests, under two minutes
	@$(MAKE) --no-print-directory -j2 types fast

types:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fast:
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not slow and not server and not browser"

format: $(READY)  ## format and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(READY)  ## the Prefect server, its UI and the schedules, on loopback
	$(BIN)/radweave serve

docs: $(READY)  ## the docs as a site, into build/site; links and anchors are checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

lock: $(READY)  ## renew requirements.lock (needs uv; torch stays apart, so that GPU users bring their own)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-package torch --no-header --no-annotate --output-file requirements.lock

licences: $(READY)  ## renew docs/licences.md
	$(BIN)/python -m tests.licences

clean:  ## remove the environment and what the demo wrote
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
