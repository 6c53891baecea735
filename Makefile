# `make demo` shows what ocr-index does; `make test` checks all of it.
# Either sets up what it needs in .venv first: git, make and Python 3.11 or newer are enough.
#
#   make PYTHON=python3.13 test      another Python
#   make VENV=../env demo            another place for the environment

PYTHON ?= python3
VENV ?= .venv
TORCH ?= 2.13.0
BIN := $(VENV)/bin

.PHONY: demo test check format setup clean

demo: setup
	$(BIN)/ocr-index --archive demo add samples
	$(BIN)/ocr-search --archive demo quarterly roadmap -n 3 --show 1 --picture demo/hit.png
	$(BIN)/ocr-search --archive demo loyalty program -n 3

test: check
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml $(VENV)/torch
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --editable . --group dev
	@touch $@

# torch comes first and by itself, because a plain request for it takes several GB of CUDA libraries on Linux:
# a CPU wheel that pip can find (on the disk, or where PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL points), else the
# one that PyTorch publishes, whose place uv knows. There is no third way, so nothing large comes by accident.
$(VENV)/torch:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or \
		sys.exit("ocr-index needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo 'Setting up $(VENV): once, a few minutes.'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/pip install --quiet 'torch==$(TORCH)+cpu' 2>/dev/null || { \
		$(BIN)/pip install --quiet uv && $(BIN)/uv pip install --quiet --python $(BIN)/python \
			--torch-backend cpu 'torch==$(TORCH)'; } || { \
		echo 'No CPU build of torch $(TORCH) was found for this Python. Point PIP_EXTRA_INDEX_URL at an' \
			'index that has one, or name another version: make TORCH=... $(MAKECMDGOALS)' >&2; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) demo build dist *.egg-info
