# The front door. `make help` lists what there is; `make up` is where to begin.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up test check bench demo reset frontend schema format preflight

PORT ?= 8400
DATA ?= .headway
PYTHON ?= $(shell sh infra/local/find-python)

venv := .venv/bin/python
stamps := .venv/.stamps
pip := $(venv) -m pip install -qq --disable-pip-version-check --no-compile
npm := cd frontend && ../infra/local/npm
frontend_sources := $(shell find frontend -type f ! -path '*/node_modules/*' ! -path '*/dist/*' \
	! -path '*/coverage/*' ! -name '* *' 2>/dev/null)

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  up, demo and reset take PORT=… (8400, and the next one) and DATA=… (.headway)."

# exec: a shell in between would make a failure out of Ctrl-C.
up: wanted_port = $(PORT)
up: preflight $(stamps)/local $(stamps)/frontend ## Run the whole of Headway here, until Ctrl-C
	@exec $(venv) -m infra.local.up --port "$(PORT)" --data "$(DATA)"

demo: $(stamps)/local ## Run the demo flows again, against a running `make up`
	@$(venv) -m infra.local.inside --port "$(PORT)" --data "$(DATA)" demo/up.py

reset: $(stamps)/local ## Delete the data of the local stack
	@$(venv) -m infra.local.reset --data "$(DATA)"

test: preflight $(stamps)/dev $(stamps)/frontend $(stamps)/chromium $(stamps)/idp ## Run every test
	@$(venv) -m infra.ci.steps test

check: preflight $(stamps)/dev $(stamps)/node_modules ## Lint, types, layers, migrations, schema
	@$(venv) -m infra.ci.steps check

bench: preflight $(stamps)/dev $(stamps)/frontend ## Measure the budgets of docs/performance.md
	@$(venv) bench/run.py

frontend: $(stamps)/frontend ## Build the user interface

schema: $(stamps)/dev $(stamps)/node_modules ## Write the OpenAPI schema, the UI's types, docs/errors.md
	@DJANGO_SETTINGS_MODULE=apps.config.settings.test $(venv) manage.py spectacular \
		--format openapi-json --file frontend/src/schema/openapi.json
	@DJANGO_SETTINGS_MODULE=apps.config.settings.test $(venv) manage.py document_errors
	@$(npm) run --silent schema

format: $(stamps)/dev ## Format the Python code
	@$(venv) -m ruff format . && $(venv) -m ruff check --fix .

preflight:
	@$(PYTHON) infra/local/preflight.py $(wanted_port)

# What was installed or built leaves a stamp; a stamp older than its sources is made anew.

$(stamps)/venv: | preflight
	@echo "Making .venv with $(PYTHON) …"
	@$(PYTHON) -m venv .venv
	@mkdir -p $(stamps) && touch $@

$(stamps)/local: requirements/base.txt requirements/local.txt sdk/pyproject.toml | $(stamps)/venv
	@echo "Installing Python packages …"
	@$(pip) -r requirements/local.txt && $(pip) --no-deps -e sdk
	@$(venv) -m compileall -q -j 0 .venv/lib >/dev/null || true
	@touch $@

$(stamps)/dev: requirements/dev.txt $(stamps)/local
	@echo "Installing checkers and test tools …"
	@$(pip) -r requirements/dev.txt
	@touch $@

$(stamps)/node_modules: frontend/package.json frontend/package-lock.json | $(stamps)/venv
	@echo "Installing the packages of the user interface …"
	@$(npm) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(stamps)/frontend: $(frontend_sources) $(stamps)/node_modules
	@echo "Building the user interface …"
	@$(npm) run --silent build
	@touch $@

# Identity providers that tests sign in with.
$(stamps)/idp: tests/idp/package-lock.json | $(stamps)/dev
	@$(venv) -m tests.idp
	@touch $@

$(stamps)/chromium: | $(stamps)/dev
	@$(venv) -m infra.ci.chromium --install
	@touch $@
