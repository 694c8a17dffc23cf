# Two commands do all the set-up: `make demo` and `make test`.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# Torch keeps what it frees; giving memory back to the kernel costs half of a teacher's time.
RUN := OMP_NUM_THREADS=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 \
	MALLOC_TOP_PAD_=268435456 DO_NOT_TRACK=1

.PHONY: env engines hpc demo bench docs test test-hpc check clean

env: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Nearsight needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq python3-venv; \
		else \
			echo "$(PYTHON) has no venv: install the package python3-venv (as root)"; exit 1; \
		fi
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[teacher,tblite,hpc,dev,docs]"
	@touch $@

engines: $(VENV)/.engines

$(VENV)/.engines: $(VENV)/.ready deployments/engines/install.sh
	sh deployments/engines/install.sh $(BIN)/python
	@touch $@

hpc: env
	sh deployments/hpc/install.sh

demo: env
	$(RUN) $(BIN)/nearsight demo

bench: env
	$(RUN) $(BIN)/python benchmarks/run.py --json bench.json

docs: env
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check engines
	-@sh deployments/hpc/install.sh
	-@sh deployments/browser/install.sh
	$(RUN) $(BIN)/python -m pytest --durations=25

test-hpc: hpc
	$(RUN) $(BIN)/python -m pytest -m slurm

clean:
	rm -rf $(VENV) site *.egg-info .mypy_cache .ruff_cache .pytest_cache
