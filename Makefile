# PYTHON is only used to make the environment; everything after runs inside it.
PYTHON ?= python3
bin := .venv/bin

.PHONY: verify test lint soundness bench peers clean

verify: .venv/installed
	$(bin)/backproof verify

test: .venv/installed
	$(bin)/python -m pytest -n 2 --dist loadgroup --durations 20 --doctest-modules backproof tests --ignore tests/peers

lint: .venv/installed
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

soundness: .venv/installed
	$(bin)/python -m backproof.derivations.kernel.soundness

bench: .venv/installed
	$(bin)/python -m benchmarks

peers: .venv/installed-peers
	$(bin)/python -m pytest -n 2 tests/peers

clean:
	rm -rf .venv

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	# Where Python is told to keep no bytecode, every start would compile our sources again.
	$(bin)/python -m compileall -q backproof derivations properties reference
	touch $@

.venv/installed-peers: .venv/installed
	$(bin)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev,peers]'
	touch $@
