# make run | test | check | demo | clean. Each does its own set-up; only Python 3.11+, make and a C library are needed.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
# A package index with PyTorch's build without CUDA, if you have one: it saves gigabytes. Empty: the standard build.
TORCH_INDEX ?=
TEST_PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/bin
# The stamps carry a checksum, because git touches files without changing them.
RUN_STAMP := $(VENV)/run-$(shell cksum < requirements.txt | cut -d' ' -f1).stamp
DEV_STAMP := $(VENV)/dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1).stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
IN_PRODUCTION = NASWEB_HTTPS=1 DATABASE_URL=postgresql://nasweb@127.0.0.1:9/nasweb \
	NASWEB_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))')

.DEFAULT_GOAL := run
.PHONY: run test check demo clean browser agent-wheel

run: $(RUN_STAMP)
	@exec $(BIN)/python manage.py up --end-with-parent

demo: $(RUN_STAMP)
	@exec $(BIN)/python manage.py up --demo --end-with-parent

test: $(DEV_STAMP) browser
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --no-loadscope-reorder $(ARGS)

check: $(DEV_STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(IN_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(IN_PRODUCTION) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(IN_PRODUCTION) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@command -v node >/dev/null || echo "JavaScript was not checked: there is no node here."
	@! command -v node >/dev/null || find static/js -name '*.js' -print0 | xargs -0 -n 1 node --check

# The client for machines that measure, as one file to copy there.
agent-wheel: $(RUN_STAMP)
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps ./agent --wheel-dir dist
	@ls dist/nasweb_agent-*.whl

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Your data is kept. Remove $${NASWEB_VAR:-var/} to start afresh."

$(RUN_STAMP):
	@test -n "$(PYTHON)" || { echo "NASWeb needs Python 3.11 or newer; python3 is $$(python3 --version 2>&1)." \
		"Install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments." \
		"On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages into $(VENV): once, a few minutes"
	@test -z "$(TORCH_INDEX)" || $(PIP) --no-deps --extra-index-url $(TORCH_INDEX) \
		$$(grep '^torch==' requirements.txt)
	@$(PIP) -r requirements.txt
	@touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo "Installing the tools for tests and checks"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Debian's browser if we may install it, else Playwright's own; without one the end-to-end tests say so and are skipped.
browser: $(DEV_STAMP)
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the end-to-end tests"; \
		apt-get -qq update >/dev/null && apt-get -qq install --no-install-recommends chromium >/dev/null 2>&1; fi; \
	command -v chromium >/dev/null || $(BIN)/python -m playwright install chromium || \
		echo "There is no browser, and none could be installed."
