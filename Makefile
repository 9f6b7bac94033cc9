# Everything from a fresh clone: each target first makes .venv and installs what it needs there.

BIN = .venv/bin
INSTALLED = .venv/installed
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest --dist worksteal

# Tests to run, such as T=tests/hw/output or T=tests/hw/output/test_pool.py.
T =

# An option of the demo's build: VERIFY=--verify simulates the netlist, in five minutes more.
VERIFY =

# Folders whose tests take about a minute together.
QUICK = tests/host/network tests/host/link tests/host/data tests/hw/lib tests/hw/link \
	tests/hw/boards tests/test_ci.py tests/test_cli.py tests/test_imports.py tests/test_readme.py

.PHONY: help demo test check test-slow bench lint types

help:
	@echo "make demo       the whole path on the shipped network, in ten minutes"
	@echo "make test       the tests, slow ones left out; T=tests/... chooses"
	@echo "make check      lint, types and a minute of tests"
	@echo "make test-slow  the tests that take minutes; T=tests/... chooses"
	@echo "make bench      the measurements of docs/measurements.md"
	@echo "make lint       style and types"
	@echo "make types      types alone"

demo: $(INSTALLED)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh demo.sh $(VERIFY)

test: $(INSTALLED)
	@$(PYTEST) -n 2 $(T)

check: lint
	@$(PYTEST) -n 2 -q $(QUICK)

test-slow: $(INSTALLED)
	@$(PYTEST) -n 2 -m slow $(T)

bench: $(INSTALLED)
	@$(BIN)/fireline bench --all --json build/bench.json

lint: types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(INSTALLED)
	@.ci/types

$(INSTALLED): pyproject.toml constraints.txt prerequisites.sh
	@python=$$(sh prerequisites.sh) && "$$python" -m venv .venv
	@echo "Installing into .venv: a few minutes"
	@$(BIN)/pip install -qq --disable-pip-version-check --constraint constraints.txt \
		--editable '.[test]'
	@touch $@
