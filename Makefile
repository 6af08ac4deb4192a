# Every target does its own set-up: a virtual environment in .venv with the pinned packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# An index of wheels without CUDA, such as https://download.pytorch.org/whl/cpu: torch from PyPI brings gigabytes along.
TORCH_INDEX ?=
POLICY := examples/policies/cartpole_puffer_lstm.pt
# Logits that torch gave for one episode; written by the script that trained the policy.
REFERENCE := examples/policies/cartpole_puffer_lstm_reference.npz
FUZZ_SECONDS ?= 3600
FUZZ_SEED ?= $(shell date +%s)
# MicroPython for WebAssembly, with small integers of 31 bits as on most boards; needs npm.
MICROPYTHON := @micropython/micropython-webassembly-pyscript@1.27.0
# What judges whether everybody can use a page; needs npm.
AXE := axe-core@4.14.1

.PHONY: demo test fuzz proof proof-fit exhaustive mutants trainers page docs release check lint wheel clean help

help:
	@echo "make demo   export a bundled policy for Cortex-M, run it on the emulated core, report"
	@echo "make test   the test suite"
	@echo "make fuzz   the fuzzers, for an hour, or FUZZ_SECONDS; FUZZ_SEED tells which inputs"
	@echo "make proof  integer policies on every core with every compiler, 10,000 steps each: an hour and a half"
	@echo "make proof-fit  policies that fit, of real teachers, and workers that are killed: an hour"
	@echo "make exhaustive  what the tests of the other rooms leave out: hours"
	@echo "make mutants  200 small planted faults, of which the tests must find 90 %: hours"
	@echo "make trainers  files that trainers save, every kind of them; installs the trainers"
	@echo "make page   report.html in a real browser (chromium and chromedriver); pictures go to build/page"
	@echo "make docs   the site, strictly, every command that its pages show, and the notebook"
	@echo "make release  sdist and wheel, built twice and compared"
	@echo "make check  what CI runs: lint, types, tests"

# What exporting and verifying needs; small, so that the demo is quick on a fresh machine.
$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@for room in exporters runtimes firmware; do \
		[ -e puffer_edge/$$room ] || ln -s ../$$room puffer_edge/$$room; done  # an sdist has no links
	$(PIP) --upgrade pip
	$(PIP) -e '.[emulator]' --config-settings editable_mode=compat
	@touch $@

# torch is pinned in constraints.txt; it goes first so that no other package chooses a newer one.
$(VENV)/.dev: $(VENV)/.demo
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(PIP) -e '.[onnx,onnxruntime,tflite,native,micropython,emulator,fit,dask,dev]' --config-settings editable_mode=compat
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix $(VENV) $(MICROPYTHON); fi
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/puffer-edge inspect $(POLICY)
	$(BIN)/puffer-edge export $(POLICY) --target cortex-m --output build/cartpole
	$(BIN)/puffer-edge verify build/cartpole --reference $(REFERENCE)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED)

# Not a part of check: the trainers bring two dozen packages along, and every row is verified.
trainers: $(VENV)/.dev
	$(PIP) -e '.[trainers]' --config-settings editable_mode=compat
	$(PIP) --no-deps d3rlpy gym gym-notices  # d3rlpy asks for one version of gymnasium, not ours
	$(BIN)/python -m pytest -m "exhaustive or not exhaustive" tests/frontends/test_trainers.py \
		tests/frontends/test_torch_script.py \
		tests/frontends/test_rltools.py tests/frontends/test_keras.py tests/frontends/test_flax.py tests/readers/test_hdf5.py \
		tests/frontends/test_tflite.py tests/frontends/test_support.py \
		tests/verification/test_misreadings.py tests/verification/test_rsl_rl_library.py \
		tests/verification/test_reference_scripts.py tests/robot/test_leapp.py

proof: $(VENV)/.dev
	$(BIN)/python -m pytest tests/proof tests/fuzz tests/kernels tests/robot tests/shield \
		tests/verification/test_shield_faults.py -m exhaustive -n auto --dist worksteal

# Policies that fit: real teachers, workers that are killed; what it prints goes into docs/proofs.md.
proof-fit: $(VENV)/.dev
	$(BIN)/python -m pytest tests/fitting -m exhaustive -s

# What `make test` leaves out of the other rooms: whole products of cases, cores, levels and files.
exhaustive: $(VENV)/.dev
	$(BIN)/python -m pytest tests -m exhaustive -n auto --dist worksteal \
		--ignore tests/proof --ignore tests/fitting --ignore tests/fuzz --ignore tests/kernels \
		--ignore tests/robot --ignore tests/shield \
		--ignore tests/verification/test_shield_faults.py

# Not a part of check: each of 200 planted faults has the tests of its room run.
mutants: $(VENV)/.dev
	$(PIP) coverage
	nice $(BIN)/python -m tests.mutants

# report.html in chromium; the suite has the small form, without a browser.
$(VENV)/.page: $(VENV)/.dev
	$(PIP) -e '.[page]' --config-settings editable_mode=compat
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix $(VENV) $(AXE) || echo "axe-core did not install"; fi
	@touch $@

page: $(VENV)/.page
	$(BIN)/python -m pytest -m "exhaustive or not exhaustive" tests/page

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) -e '.[docs]' --config-settings editable_mode=compat
	@touch $@

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/codespell
	mkdir -p build && rm -rf build/notebooks && cp -r examples/notebooks build/notebooks  # they write where they lie
	STEPS=2000 $(BIN)/python -m pytest --nbmake --nbmake-timeout=600 build/notebooks
	$(BIN)/python -m pytest -m "exhaustive or not exhaustive" tests/documents \
		tests/project/test_public_face.py tests/project/test_licence.py

# Twice, at two times and in two folders.
release: $(VENV)/.docs
	rm -rf dist build/again
	$(BIN)/python -m build --no-isolation
	git clone --quiet . build/again
	cd build/again && $(CURDIR)/$(BIN)/python -m build --no-isolation
	for file in dist/*; do cmp $$file build/again/$$file; done
	$(BIN)/twine check --strict dist/*

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/puffer-edge check runtimes/micropython
	$(BIN)/python -m tests.kernels.misra

check: lint test

wheel: $(VENV)/.dev
	$(BIN)/python -m build

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
