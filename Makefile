# Commands for visitors, developers and CI. `make` alone lists them.

# The interpreter to install with; without it, the first of python3.11, 3.12, 3.13 and python3 that fits.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# One set of versions for Python 3.11 to 3.13 on Linux and macOS: markers say which package is for which.
LOCK := uv pip compile --quiet --no-header --no-annotate --strip-extras --generate-hashes --universal --python-version 3.11

WIDGET := api/pages/package-lock.json api/pages/build.mjs $(wildcard api/pages/*/*.ts api/pages/*/*.css)

# Where versions of Python differ: compiled packages, Prefect, processes, the database driver.
SMOKE := tests/core tests/records tests/knowledge tests/flows/test_runs_in_prefect.py tests/deployments/worker

URL ?=
DEPTH ?= 3
SECONDS ?=
ADVISORIES ?=
LOGS ?=

.DEFAULT_GOAL := help
.PHONY: help always install install-dev demo up test cluster-test smoke bench soak fuzz audit lint lock picture clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# With PYTHON set, an environment that is already there is checked to be of that version.
$(VENV)/bin/python: $(if $(PYTHON),always)
	@sh deployments/install/make_venv.sh $(VENV) $(PYTHON)

# pip compiles the packages that it installs, but not ours, which it only links to.
$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages into $(VENV): about two minutes the first time …"
	@$(PIP) install --no-deps --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -x node_modules api deployments flows tasks
	@touch $@

$(VENV)/.prefect: deployments/stack/prefect_database.py | $(VENV)/.installed
	@$(BIN)/python -m deployments.stack.prefect_database
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what tests and checks need …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.node: requirements-bundle.txt | $(VENV)/.installed
	@$(PIP) install --no-deps --require-hashes -r requirements-bundle.txt
	@touch $@

# In a folder of its own: only Prefect's servers have it on their path.
$(VENV)/.cluster: requirements-cluster.txt | $(VENV)/.installed
	@$(PIP) install --no-deps --require-hashes --upgrade --target $(VENV)/cluster -r requirements-cluster.txt
	@touch $@

api/pages/dist/widget.js: $(WIDGET) | $(VENV)/.node
	@$(BIN)/python -m deployments.install.widget_bundle

$(VENV)/.installed-widget-dev: api/pages/package-lock.json | $(VENV)/.node
	@$(BIN)/python -m deployments.install.widget_bundle --dev
	@touch $@

$(VENV)/.browser: $(VENV)/.installed
	@$(BIN)/python -m deployments.install.browser_install
	@touch $@

install: $(VENV)/.installed $(VENV)/.prefect $(VENV)/.browser api/pages/dist/widget.js ## Install into .venv, Chromium included

install-dev: install $(VENV)/.installed-dev $(VENV)/.installed-widget-dev

demo: install ## Build a widget and stay up: make demo [URL=https://… DEPTH=3]
	@$(BIN)/python -m deployments.commands.demo --depth $(DEPTH) $(URL)

up: install ## Start PostgreSQL, Prefect, the worker and the API; stay up until Ctrl-C
	@$(BIN)/widget-builder up

# Its processes compile the tests for each other (tests/collecting.py).
test: install-dev ## Run all tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

# Needs Debian's redis-server, nginx and postgresql, and says which is missing.
cluster-test: install-dev $(VENV)/.cluster ## Build on two of everything, and kill one of each kind: make cluster-test [LOGS=folder]
	@$(BIN)/python -m tests.cluster $(if $(LOGS),--logs $(LOGS))

smoke: install $(VENV)/.installed-dev ## Build the small site and run a quick part of the tests, as CI does for each Python
	@$(BIN)/python -m deployments.commands.demo --once
	@$(BIN)/python -m pytest $(SMOKE)

bench: install-dev ## Measure speed and memory, and print a table
	@$(BIN)/python -m tests.benchmarks

soak: install-dev ## Builds, chats, cancels, kills and hostile sites for half an hour: make soak [SECONDS=1800]
	@nice $(BIN)/python -m tests.benchmarks.soak $(if $(SECONDS),--seconds $(SECONDS))

fuzz: install-dev ## Send broken documents to every parser and odd requests to every route: make fuzz [SECONDS=600]
	@nice $(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS))

audit: install ## List the locked packages' licences, and known vulnerabilities: make audit [ADVISORIES=folder]
	@$(BIN)/python -m deployments.checks.audit $(if $(ADVISORIES),--advisories $(ADVISORIES))

lint: install-dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m deployments.install.widget_bundle --check

lock: ## Renew the locked versions (needs uv)
	@$(LOCK) --extra build pyproject.toml -o requirements.txt
	@$(LOCK) --extra build --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(LOCK) --group bundle -o requirements-bundle.txt
	@$(LOCK) --group cluster --no-deps -o requirements-cluster.txt

picture: install-dev ## Take the README's picture anew: the widget answering on the small site
	@$(BIN)/python -m tests.browser.readme_picture

clean: ## Remove what was installed and all data
	@rm -rf $(VENV) .data .bench api/pages/node_modules api/pages/dist
