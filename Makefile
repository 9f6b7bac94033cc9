# Everything from a fresh clone: each target first makes .venv and installs what it needs there.

BIN = .venv/bin
INSTALLED = .venv/installed

.PHONY: help demo test test-slow bench lint

help:
	@echo "make demo       the whole path on the shipped network, in ten minutes"
	@echo "make test       the quick tests"
	@echo "make test-slow  the tests that take minutes"
	@echo "make bench      the measurements of the README"
	@echo "make lint       style"

demo: $(INSTALLED)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh demo.sh

test: $(INSTALLED)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

test-slow: $(INSTALLED)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m slow

bench: $(INSTALLED)
	@$(BIN)/fireline bench --all --json build/bench.json

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

$(INSTALLED): pyproject.toml prerequisites.sh
	@python=$$(sh prerequisites.sh) && "$$python" -m venv .venv
	@echo "Installing into .venv: a few minutes"
	@$(BIN)/pip install -qq --disable-pip-version-check --editable '.[test]'
	@touch $@
