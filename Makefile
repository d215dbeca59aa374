# Everything a person does here begins with make. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where it is set, every process that starts compiles all its sources again: seconds of a platform's start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PACKAGES := shared services gateway cli deploy benchmarks
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

# A stamp is newer than what it installed from, so a second `make setup` does nothing.
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
INSTALLED_LINKAGE := .venv-linkage/.installed
# The kernels of these files lie in the same folder, and `make clean` takes both.
COMPILED := services/matching/engine/__pycache__/.compiled

.PHONY: help setup setup-dev run test faults lint format bench bench-linkage lock clean clean-all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(COMPILED) ## install what running needs into .venv; starts nothing

setup-dev: $(INSTALLED_DEV) ## install what testing needs too: development packages, chromium, kubectl
	@deploy/setup-system chromium kubectl nginx

run: setup ## set up and start the platform; ARGS="--households 5000" is passed on
	@$(BIN)/tekamoul run $(ARGS)

test: setup-dev $(COMPILED) ## run every test, two side by side; ARGS="tests/services -k suspend" is passed on
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope $(ARGS)

faults: setup-dev $(COMPILED) ## the long forms: kills in rounds at random moments, each operation asked anything many times
	@$(BIN)/python -m pytest -m long $(ARGS)

lint: $(INSTALLED_DEV) ## check format, style, types, walls, migrations, generated documents, manifests
	@deploy/setup-system kubectl
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/tekamoul check-migrations
	$(BIN)/tekamoul docs --check
	$(BIN)/python deploy/validate.py

format: $(INSTALLED_DEV) ## put the code into its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(INSTALLED_DEV) ## run one benchmark (B=main-job) or, without B, all
	@$(BIN)/tekamoul bench $(B)

bench-linkage: $(INSTALLED_DEV) $(INSTALLED_LINKAGE) ## link lists beside Splink and recordlinkage, which it installs into .venv-linkage
	@$(BIN)/tekamoul bench linkage

lock: $(INSTALLED) ## resolve the dependencies anew into the lock files; ARGS="--upgrade" for newer versions
	$(BIN)/uv pip compile $(LOCK_OPTIONS) $(ARGS) deploy/build-tools.in -o deploy/build-tools.lock
	$(BIN)/uv pip compile $(LOCK_OPTIONS) $(ARGS) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK_OPTIONS) $(ARGS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK_OPTIONS) $(ARGS) deploy/linkage.in -o requirements-linkage.lock

clean: ## remove data, caches and builds; refuses while a platform runs from data/
	@python3 deploy/clean.py

clean-all: ## the same, and .venv and .venv-linkage
	@python3 deploy/clean.py --all

$(INSTALLED): deploy/setup-python deploy/build-tools.lock requirements.lock pyproject.toml
	@deploy/setup-python requirements.lock
	@touch $@

$(COMPILED): $(INSTALLED) $(wildcard services/matching/engine/*.py) shared/names.py
	@$(BIN)/tekamoul match compile
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.lock
	@deploy/setup-python requirements-dev.lock
	@touch $@

$(INSTALLED_LINKAGE): $(INSTALLED_DEV) deploy/setup-linkage requirements-linkage.lock
	@deploy/setup-linkage
	@touch $@
