# Everything runs on a fresh machine with Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow bench lint clean

demo: $(VENV)/core
	$(BIN)/occasion demo

test: $(VENV)/dev lint
	scripts/browser_client $(VENV)/browser-client
	OCCASION_BROWSER_CLIENT=$(CURDIR)/$(VENV)/browser-client OCCASION_BROWSER=$$(scripts/browser) $(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(VENV)/dev
	$(BIN)/pytest -m slow
	mkdir -p out
	$(BIN)/python bench/truth.py --seeds 100 --runs 1000 --rows out/truth.jsonl

bench: $(VENV)/dev
	$(BIN)/python bench/cube.py
	$(BIN)/python bench/reach.py
	$(BIN)/python bench/live.py
	$(BIN)/python bench/find.py
	$(BIN)/python bench/loading.py
	$(BIN)/python bench/serving.py
	$(BIN)/python bench/coach.py

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# An untouched machine has no .venv; a changed constraints file or pyproject makes it anew.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Occasion needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name one with PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/dev: $(VENV)/core
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[spark,postgres,mcp,multilingual,dev]'
	touch $@

clean:
	rm -rf $(VENV) demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
