# Everything starts here. It needs Python 3.11+, git and make, and builds .venv when it has to.
# ARGS is handed on: make serve ARGS="--port 8000", make test ARGS="-k gate".

PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11
bin     := .venv/bin
# Many tests wait for a server or a fence: two processes more than cores keep these busy meanwhile.
workers := $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 3 ? cores + 2 : 5)))
pytest  := $(bin)/python -m pytest -n $(workers)

.PHONY: help serve test thorough quick check conformance guards bench format lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

serve: .venv/.run ## start the server
	@exec $(bin)/trading-mcp serve $(ARGS)

test: .venv/.dev ## run the tests
	@$(pytest) $(ARGS)

thorough: .venv/.dev ## run the tests that take longest, which `make test` leaves out
	@$(pytest) -m thorough $(ARGS)

quick: .venv/.dev ## run the tests that take less than a minute together
	@$(pytest) -m "not slow" $(ARGS)

check: .venv/.dev ## everything a change must pass: format, lint, types, contracts, tests
	$(bin)/ruff format --check
	$(bin)/ruff check
	$(bin)/mypy
	$(bin)/lint-imports --no-logo
	$(pytest) $(ARGS)

# The suite wants a newer Node than systems have; npm brings that too, into build/.
conformance: .venv/.dev ## run the official MCP conformance suite (needs npm, downloads into build/)
	@mkdir -p build/conformance
	@npm install --silent --prefix build/conformance node@22 @modelcontextprotocol/conformance@0.2.0-alpha.12
	@$(bin)/python -m pytest tests/mcp/test_conformance.py $(ARGS)

guards: .venv/.dev ## remove each safety check in turn: the tests must notice (ARGS="fence": some)
	@$(bin)/python tests/guards/mutate.py $(ARGS)

torture: .venv/.dev ## kill a live server 1,000 times (TRADING_MCP_KILLS) at a KuCoin on loopback
	@$(bin)/python -m tests.torture $(ARGS)

bench: .venv/.dev ## measure speed
	@$(bin)/python -m benchmarks $(ARGS)

format: .venv/.dev ## put the code into the house's shape
	@$(bin)/ruff check --fix-only --quiet
	@$(bin)/ruff format

# Keeps what is pinned; ARGS=--upgrade takes what is new. Hashes stand in the locks, addresses do not.
compile := $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
           --no-emit-index-url --no-annotate --no-header $(ARGS)

lock: $(bin)/uv ## pin what pyproject.toml asks for
	@echo uv | $(compile) - --output-file requirements-bootstrap.lock
	@$(compile) pyproject.toml --group build --group dev --output-file requirements-dev.lock
	@$(compile) pyproject.toml --group build --constraint requirements-dev.lock \
	    --output-file requirements.lock
	@$(compile) --group bench --constraint requirements-dev.lock \
	    --output-file requirements-bench.lock

clean: ## remove all that was built; data/ stays
	@rm -rf .venv dist build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Each stamp is newer than all it was made from, so a second run does nothing.
# The plugins folder itself is named so that a new plugin is seen.
sources := pyproject.toml $(wildcard plugins) $(wildcard plugins/*/pyproject.toml)
editable = $(foreach project,. $(patsubst %/pyproject.toml,./%,$(wildcard plugins/*/pyproject.toml)),--editable $(project))

# uv is quick; pip, should uv not reach an index, knows the mirrors this machine is set up with.
define install
	@echo "Installing $(1) into .venv ..."
	@$(bin)/uv pip install --python .venv --quiet --require-hashes -r $(1) \
	    || { echo "uv could not, pip tries ..."; \
	         $(bin)/python -m pip install --quiet --require-hashes -r $(1); }
	@$(bin)/uv pip install --python .venv --quiet --no-deps --no-build-isolation $(editable)
endef

.venv/.run: $(bin)/uv requirements.lock $(sources)
	$(call install,requirements.lock)
	@touch $@

.venv/.dev: $(bin)/uv requirements-dev.lock $(sources)
	$(call install,requirements-dev.lock)
	@touch .venv/.run $@

$(bin)/uv: requirements-bootstrap.lock
	@for python in $(PYTHONS); do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Creating .venv with $$($$python --version) ..."; \
	        exec $$python -m venv .venv; \
	    fi; \
	done; \
	echo "No Python 3.11 or newer among: $(PYTHONS). Name one: make $(MAKECMDGOALS) PYTHONS=/path/to/python" >&2; \
	exit 1
	@$(bin)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	@touch $@
