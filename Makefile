# Everything people and CI do with Marquee. `make` alone lists it.

PYTHON ?= python3.11
STATE  := $(or $(MARQUEE_STATE_DIR),.local)
BIN    := .venv/bin
LOCKS  := requirements/bootstrap.txt requirements/dev.txt
# Named after what the locks say, so that unchanged locks cost nothing and changed ones install again.
READY  := .venv/.ready-$(shell cat $(LOCKS) | cksum | cut -d ' ' -f 1)

export PYTHONPATH := .:shared
export UV_PYTHON_DOWNLOADS := never
# uv asks where pip would ask.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.DEFAULT_GOAL := help
.PHONY: help setup run status logs reset backup backups restore check rotate test test-all lint format lock bench audit sbom clean

include docker/stack.mk

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything into .venv (the other commands do it by themselves)

run: $(READY) ## Run all of Marquee here; Ctrl-C stops it
	@exec $(BIN)/python -m local

status: $(READY) ## What is running, here or on the swarm
	@if $(ON_SWARM) is-up; then $(ON_SWARM) status; else $(BIN)/python -m local status; fi

logs: ## Follow the logs, of the run here or of the swarm (SERVICE=movies: of that one)
	@if $(ON_SWARM) is-up; then exec $(ON_SWARM) logs $(SERVICE); else exec tail -n 5 -F $(STATE)/logs/*$(SERVICE)*.log; fi

reset: $(READY) ## Remove all data of `make run`
	@$(BIN)/python -m local reset

# Where backups are: a folder here; on the swarm its volume `backups`, or the folder of the node that is named.
HERE := $(or $(BACKUPS),backups)

backup: $(READY) ## All databases as they are at this moment, here or on the swarm (KEEP=14)
	@if $(ON_SWARM) is-up; then $(ON_SWARM) backup --keep $(or $(KEEP),14); else $(BIN)/python -m local backup $(HERE) --keep $(or $(KEEP),14); fi

backups: $(READY) ## Which there are, oldest first
	@if $(ON_SWARM) is-up; then $(ON_SWARM) backups; else $(BIN)/python -m ops list $(HERE); fi

restore: $(READY) ## Bring one back, in the place of what is there: make restore FROM=... REPLACE=1
	@test -n "$(FROM)" || { echo "Which one? make restore FROM=... (make backups lists them)"; exit 1; }
	@if $(ON_SWARM) is-up; then $(ON_SWARM) restore $(FROM) $(if $(REPLACE),--replace); \
		else $(BIN)/python -m local restore $(HERE)/$(FROM) $(if $(REPLACE),--replace); fi

check: $(READY) ## Whether seats, money and tickets agree, here or on the swarm
	@if $(ON_SWARM) is-up; then $(ON_SWARM) check; else $(BIN)/python -m local check; fi

rotate: $(READY) ## A new password or key in the place of the old one: make rotate SECRET=db_movies
	@test -n "$(SECRET)" || { echo "Which one? make rotate SECRET=db_movies (docs/operations/rotation.md)"; exit 1; }
	@if $(ON_SWARM) is-up; then $(ON_SWARM) rotate $(SECRET) $(if $(RETIRE),--retire); else $(BIN)/python -m local rotate $(SECRET) $(if $(RETIRE),--retire); fi

test: $(READY) ## The tests
	$(BIN)/pytest -m "not slow and not browser and not keycloak and not stripe_mock and not swarm and not swarm_long"

test-all: $(READY) ## The tests, also the slow ones and those with a browser
	$(BIN)/pytest

lint: $(READY) ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Put the code in its usual shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(READY) ## Measure; results go to bench/RESULTS.md
	$(BIN)/python -m bench

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

lock: $(READY) ## Write requirements/*.txt anew from requirements/*.in
	$(COMPILE) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/local.in -c requirements/dev.txt -o requirements/local.txt
	$(COMPILE) requirements/runtime.in -c requirements/dev.txt -o requirements/runtime.txt
	$(COMPILE) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt

# Tools of their own, kept apart from what Marquee runs with.
TOOL := $(BIN)/uv tool run --quiet

audit: $(READY) ## Ask PyPI whether a vulnerability is known in what Marquee runs with
	$(TOOL) --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip -r requirements/runtime.txt

sbom: $(READY) ## List what Marquee runs with in build/sbom.json (CycloneDX)
	@mkdir -p build
	$(TOOL) --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements/runtime.txt --output-reproducible -o build/sbom.json

clean: ## Remove .venv and caches; data stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# pip installs uv, uv installs the rest in seconds; where uv cannot, pip does it in half a minute.
$(READY):
	@$(PYTHON) -m venv .venv || { echo "Marquee needs $(PYTHON) with its venv module (or: make PYTHON=... run)"; exit 1; }
	@echo "Installing what Marquee needs into .venv ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@rm -f .venv/.ready-*
	@touch $@
