# Two commands on a fresh machine: `make demo` and `make test`. The first builds .venv with what radweave needs, from
# requirements.lock; the second adds what its tests need, from requirements-dev.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools
export TORCH ?= torch==2.13.0
export TORCH_BACKEND ?= auto
export PYTHONDONTWRITEBYTECODE =  # tests start hundreds of processes: they shall not compile everything anew
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile
COMPILE := $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-package torch --no-header --no-annotate
PIP := $(BIN)/python -m pip install --quiet --no-compile

.PHONY: help torch demo test studies check types fast format serve docs lock licences clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(LOCKED): requirements.lock deploy/install_torch.sh
	@$(PYTHON) -c 'import sys; sys.exit("radweave needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r requirements.lock
	sh deploy/install_torch.sh $(VENV)
	@touch $(LOCKED)

$(READY): $(LOCKED) pyproject.toml
	$(PIP) --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $(READY)

$(TOOLS): $(READY) requirements-dev.lock
	$(PIP) --no-deps --require-hashes -r requirements-dev.lock
	@touch $(TOOLS)

torch: $(READY)  ## torch again, such as make torch TORCH_BACKEND=cu130 (or cpu, rocm7.1, ...)
	sh deploy/install_torch.sh $(VENV)

demo: $(READY)  ## the main job on the built-in cohort, into demo/
	$(BIN)/radweave demo demo

test: $(TOOLS)  ## every test that this machine can run
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(4, os.cpu_count() + 1))') --dist loadfile --no-loadscope-reorder

studies: $(READY)  ## every study of the literature, with two seeds and the null, into literature/
	set -e; for size in "" "--seed 1" "--null"; do for name in $$(cd flows/studies && grep -l '^simulated:' *.yaml | sed 's/\.yaml$$//'); do \
	  $(BIN)/radweave study $$name $$size; done; done
	$(BIN)/radweave studies

check: $(TOOLS)  ## format, lint, types, architecture and fast tests, in some two minutes
	@$(MAKE) --no-print-directory -j2 types fast

types:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fast:
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not slow and not server and not browser"

format: $(TOOLS)  ## format and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(READY)  ## the Prefect server, its UI and the schedules, on loopback
	$(BIN)/radweave serve

docs: $(TOOLS)  ## the docs as a site, into build/site; links and anchors are checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build  # --quiet would hide warnings from --strict

lock: $(READY)  ## renew both locks
	$(COMPILE) --extra dev --output-file requirements-dev.lock
	$(COMPILE) --extra deep --extra s3 --extra omics --extra setup --constraint requirements-dev.lock --output-file requirements.lock

licences: $(TOOLS)  ## renew docs/licences.md
	$(BIN)/python -m tests.licences

clean:  ## remove the environment and what the demo wrote
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
