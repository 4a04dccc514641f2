# What people and machines type here; `make help` tells. Needs GNU make and Python 3.11.

PYTHON ?= python3
SHARED ?= ../shared
PYTEST_ARGS ?=
LOGS ?=
LEARNED_FROM := online_retail hotel_b2b complete_journey
# One more than there are processors, for some tests mostly wait; four at most.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 3 ? n + 1 : 4)))

VENV := .venv
RUN := $(VENV)/installed-runtime
DEV := $(VENV)/installed-dev
CLIENTS := .venv-clients/installed
PIP := -m pip --disable-pip-version-check --quiet
CATALOGUES := $(wildcard kommo_sync/locale/*/LC_MESSAGES/*.po)
LOCK := $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal \
	--python-version 3.11 --no-header --no-annotate pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench judge coefficients acceptance chromium lock clean

help:  ## Say what can be typed here
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(RUN)  ## Show an account and serve its pages: ONCE=1 ends, PORT=8381 elsewhere
	@$(VENV)/bin/kommo-sync demo $(if $(filter-out 0,$(ONCE)),--once) \
		$(if $(PORT),--port $(PORT))

test: $(DEV) chromium  ## Run all tests; PYTEST_ARGS='-k word' runs some
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

check: $(DEV)  ## Check format, lint, types and floors
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo

bench: $(DEV)  ## Measure every claim about speed; ONLY=name measures one
	@$(VENV)/bin/python -m bench $(if $(ONLY),--only $(ONLY))

judge: $(RUN)  ## Replay logs of purchases: LOGS="a.csv:90 b.csv", horizons in days
	@$(VENV)/bin/python -m bench.judging judge $(LOGS)

coefficients: $(RUN)  ## Learn the coefficients that are shipped from the logs in SHARED=../shared
	@$(VENV)/bin/python -m bench.judging train \
		$(foreach log,$(LEARNED_FROM),$(SHARED)/data/$(log)/transactions.csv)

acceptance: $(RUN) $(if $(wildcard $(SHARED)/clients),$(CLIENTS))  ## Let strangers' clients and logs in SHARED=../shared try it out
	@$(VENV)/bin/python -m acceptance --shared $(SHARED)

chromium:
	@tests/install-chromium

lock: $(DEV)  ## Resolve the dependencies anew, with hashes
	$(LOCK) --group dev --output-file requirements/dev.lock
	$(LOCK) --group build --constraints requirements/dev.lock \
		--output-file requirements/runtime.lock

clean:  ## Remove what the other targets have made here
	rm -rf .venv .venv-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .grimp_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, filled in two steps: what the program needs, then what work on it needs.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "kommo-sync needs Python 3.11 or newer as '$(PYTHON)': install it, or name it by PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks its module venv: install it (Debian, Ubuntu: the package python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): $(VENV)/made pyproject.toml requirements/runtime.lock hatch_build.py $(CATALOGUES)
	@echo "Installing into $(VENV)"
	@$(VENV)/bin/python $(PIP) install --require-hashes -r requirements/runtime.lock
	@$(VENV)/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements/dev.lock
	@echo "Installing the tools of the work into $(VENV)"
	@$(VENV)/bin/python $(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

$(CLIENTS): $(VENV)/made $(SHARED)/clients/requirements.txt
	@echo "Installing other people's clients into .venv-clients"
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python $(PIP) install -r $(SHARED)/clients/requirements.txt
	@touch $@
